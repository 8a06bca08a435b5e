"""Sweep files and trainables of users, lying outside the project, through the real command line."""

from __future__ import annotations

import csv
import io
import re
import sys
from pathlib import Path
from subprocess import run as call

import pytest

from contracts.command_line import Done, tuneyard

CONTRACT = {"name", "path", "state", "metric", "goal", "trials", "steps_total", "seconds", "best"}


def check_run(done: Done, trials: int, cwd: Path) -> None:
    """What holds after every run that went well, for its user and for the programs of its user."""
    assert done.code == 0, done.err
    assert done.noise == []
    assert len(done.out.splitlines()) == 1
    summary = done.json
    assert summary.keys() >= CONTRACT
    assert summary["state"] == "finished"
    counts = summary["trials"]
    assert counts["total"] == trials == counts["completed"] + counts["stopped"]
    assert summary["best"]["trial"].startswith("t0")

    root, name = Path(summary["path"]), summary["name"]
    assert root == cwd / "runs" / name
    report = root / "report"
    for path in ("index.html", "report.json", "trials.csv"):
        assert (report / path).stat().st_size > 0, path
    assert any((root / "tensorboard").rglob("events.out.tfevents.*"))
    for number in range(trials):
        assert (root / "trials" / f"t{number:05d}" / "stdout.log").is_file()

    shown = tuneyard("show", name, "--json", cwd=cwd)
    assert (shown.code, shown.json) == (0, summary)
    table = tuneyard("show", name, "--csv", cwd=cwd)
    rows = list(csv.DictReader(io.StringIO(table.out)))
    assert [row["trial"] for row in rows] == [f"t{number:05d}" for number in range(trials)]
    assert sum(int(row["steps"]) for row in rows) == summary["steps_total"]
    assert set(summary["best"]["config"]) <= set(rows[0])
    listed = tuneyard("ls", cwd=cwd)
    assert listed.code == 0
    assert re.search(rf"^{name}\s+finished\s+{trials}\s", listed.out, re.M), listed.out
    assert shown.noise + table.noise + listed.noise == []


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "trials", "steps"),
    [
        ("generator.yaml", 3, 12),
        ("package.yaml", 3, 12),
        ("their_class.yaml", 3, 12),
        ("their_function.yaml", 3, 12),
        ("digits.yaml", 2, 4),
        ("table.yaml", 3, 12),
    ],
)
def test_it_runs_from_where_it_lies(users: Path, file: str, trials: int, steps: int) -> None:
    done = tuneyard("run", users / file, "--json", cwd=users.parent)
    check_run(done, trials, users.parent)
    assert done.json["steps_total"] == steps
    assert sorted(path.name for path in users.parent.iterdir()) == ["project", "runs"]


@pytest.mark.ray
@pytest.mark.slow
def test_a_file_of_wandb_runs_with_a_trainable_in_the_place_of_its_program(users: Path) -> None:
    refused = tuneyard("run", users / "wandb.yaml", cwd=users.parent)
    assert refused.code == 2
    assert re.search(r"wandb\.yaml:1:\d+ ", refused.err)
    more = ("--set", "trainable=train.py:train", "--set", "max_steps=9", "-j", 2)
    done = tuneyard("run", users / "wandb.yaml", *more, "--json", cwd=users.parent)
    check_run(done, 4, users.parent)
    assert done.json["best"]["config"].keys() == {"x", "rate", "kind", "fixed"}
    assert 0 < done.json["trials"]["completed"] <= 4


@pytest.mark.ray
@pytest.mark.slow
def test_trials_that_fail_are_one_clear_line_each_and_exit_code_3(users: Path) -> None:
    done = tuneyard("run", users / "moods.yaml", "--json", cwd=users.parent)
    assert done.code == 3, done.err
    assert done.noise == []
    assert done.json["trials"] == {"total": 6, "completed": 1, "stopped": 0, "failed": 5, "running": 0}
    kinds = ["", "raised", "bad metric", "bad metric", "exited", "timeout"]
    root = Path(done.json["path"])
    for number, kind in enumerate(kinds):
        said = [line for line in done.err.splitlines() if line.startswith(f"t{number:05d} ")]
        assert len(said) == bool(kind), done.err
        if kind:
            assert re.match(rf"t{number:05d} +failed +{kind}: ", said[0])
        if kind in ("raised", "exited", "timeout"):
            log = said[0].split()[-1]
            assert (users.parent / log).is_file(), said[0]
    assert "chaos was told to raise" in (root / "trials" / "t00001" / "failure-1.txt").read_text()
    shown = tuneyard("show", "last/t00001", "--json", cwd=users.parent)
    assert shown.json["failure"]["kind"] == "raised"


@pytest.mark.ray
@pytest.mark.slow
def test_a_trainable_that_never_comes_up_ends_the_sweep_though_it_may_be_retried(users: Path) -> None:
    done = tuneyard("run", users / "broken.yaml", "--json", cwd=users.parent)
    assert done.code == 1, done.err
    assert done.noise == []
    assert done.json["state"] == "failed"
    assert done.json["trials"]["failed"] == 3
    said = [line for line in done.err.splitlines() if re.match(r"t\d{5} +failed +not started: ", line)]
    assert len(said) == 3, done.err
    assert all("no such data set" in line for line in said)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("trainable: train.py:trian\n", r"wrong\.yaml:1:1 trainable: .*did you mean train\?"),
        ("trainable: train.py:train\nmetirc: loss\n", r"wrong\.yaml:2:1 metirc: .*did you mean metric"),
        (
            "trainable: train.py:train\nmetric: loss\nparameters:\n  x: {min: 2, max: 1}\n",
            r"wrong\.yaml:4:3 parameters\.x: the lower bound 2 exceeds",
        ),
        (
            "trainable: train.py:train\nmetric: loss\nparameters: {x: {min: 0.0, max: 1.0}}\nmethod: tep\n",
            r"wrong\.yaml:4:1 method: unknown method 'tep' \(did you mean tpe",
        ),
        (
            "trainable: boosting\ndata: {source: hoses.csv, target: price}\n",
            r"wrong\.yaml:2:8 data\.source: there is no file .hoses\.csv",
        ),
        ("trainable: [\n", r"wrong\.yaml:\d:\d"),
    ],
    ids=["no such function", "unknown key", "bounds", "unknown method", "no such table", "no yaml"],
)
def test_a_wrong_sweep_file_is_refused_before_anything_begins(users: Path, wrong: str, said: str) -> None:
    (users / "wrong.yaml").write_text(wrong)
    script = (
        "import sys; from tuneyard.__main__ import main; code = main(['run', 'project/wrong.yaml']); "
        "sys.exit('imported ray' if 'ray' in sys.modules else code)"
    )
    done = call([sys.executable, "-c", script], cwd=users.parent, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, done.stderr
    assert re.search(said, done.stderr), done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert [path.name for path in users.parent.iterdir()] == ["project"]


def test_a_damaged_journal_is_refused_by_its_line(users: Path) -> None:
    first = tuneyard("run", users / "generator.yaml", "--runner", "inline", "--json", cwd=users.parent)
    check_run(first, 3, users.parent)
    journal = Path(first.json["path"], "journal.jsonl")
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[4] = lines[4].replace(b":", b";", 1)
    journal.write_bytes(b"".join(lines))
    damaged = journal.read_bytes()
    for command in (
        ("resume", "generator", "--add-trials", 1),
        ("show", "last", "--json"),
        ("report", "last"),
    ):
        done = tuneyard(*command, cwd=users.parent)
        assert done.code == 5, done.err
        assert "journal.jsonl:5: damaged record" in done.err
        assert done.out == ""
        assert done.noise == []
    assert journal.read_bytes() == damaged
    listed = tuneyard("ls", cwd=users.parent)
    assert listed.code == 0
    assert re.search(r"^generator +damaged", listed.out, re.M)
