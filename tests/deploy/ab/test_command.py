"""`tuneyard ab`: planned, followed and decided as a user would."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tuneyard.__main__ import main


def _write(file: Path, rows: int, old: float, new: float) -> None:
    rng = np.random.default_rng(0)
    arms = rng.random(rows) < 0.5
    ones = rng.random(rows) < np.where(arms, new, old)
    lines = [f"{'b' if arm else 'a'},{int(one)}" for arm, one in zip(arms, ones, strict=True)]
    file.write_text("arm,outcome\n" + "\n".join(lines) + "\n")


def test_from_a_plan_to_a_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["ab", "plan", "--rate", "0.1", "--effect", "0.05", "--per-day", "500", "-o", "plan.json"]) == 0
    )
    told = capsys.readouterr()
    assert "at most" in told.out
    assert "days at 500 rows a day" in told.out
    assert "--plan plan.json" in told.err
    _write(tmp_path / "outcomes.csv", 300, 0.1, 0.1)
    assert main(["ab", "analyse", "outcomes.csv", "--plan", "plan.json"]) == 0
    told = capsys.readouterr()
    assert "Not decided yet" in told.out
    assert "again, when there are more rows" in told.err
    _write(tmp_path / "outcomes.csv", 4000, 0.1, 0.2)
    assert main(["ab", "analyse", "outcomes.csv", "--plan", "plan.json"]) == 0
    told = capsys.readouterr()
    assert "b is better than a, decided at row" in told.out
    assert "tuneyard registry promote" in told.err


def test_json_is_the_same_told_to_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ab", "plan", "--deviation", "2", "--effect", "0.5", "--method", "fixed", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["control"], plan["kind"], plan["days"]) == (253, "mean", None)  # G*Power: 253
    _write(tmp_path / "o.csv", 4000, 0.1, 0.2)
    assert main(["ab", "analyse", "o.csv", "--method", "fixed", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "better"
    assert found["low"] < found["estimate"] < found["high"]
    assert found["control"]["name"] == "a"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("ab plan --effect 0.1", 2, "--rate"),
        ("ab plan --rate 0.1 --deviation 1 --effect 0.1", 2, "one of them"),
        ("ab plan --rate 0.1 --effect 0.1 --per-day 0", 2, "--per-day"),
        ("ab plan --rate 10 --effect 0.1", 1, "as shares"),
        ("ab analyse nothing.csv", 1, "no such file"),
        ("ab analyse o.csv --plan nothing.json", 1, "tuneyard ab plan"),
        ("ab analyse o.csv --plan o.csv", 1, "is no plan"),
        ("ab analyse o.csv --plan list.json", 1, "is no plan"),
    ],
)
def test_mistakes_are_answered_with_the_next_move(
    arguments: str, code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(tmp_path / "o.csv", 100, 0.5, 0.5)
    (tmp_path / "list.json").write_text("[1]")
    assert main(arguments.split()) == code
    assert said in capsys.readouterr().err
