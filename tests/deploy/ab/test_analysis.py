"""From a file of outcomes to a verdict: formats, plans, early looks, broken allocation, missing outcomes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deploy.ab import analyse, plan_rates, read_outcomes
from deploy.errors import DeployError


def _traffic(rows: int, old: float, new: float, seed: int = 0, share: float = 0.5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    new_arm = rng.random(rows) < share
    return pd.DataFrame(
        {
            "arm": np.where(new_arm, "new", "old"),
            "outcome": (rng.random(rows) < np.where(new_arm, new, old)).astype(int),
            "time": np.arange(rows),
        }
    )


def _file(tmp_path: Path, frame: pd.DataFrame) -> Path:
    frame.to_csv(tmp_path / "outcomes.csv", index=False)
    return tmp_path / "outcomes.csv"


def test_csv_and_parquet_in_any_order_of_rows_give_the_same(tmp_path: Path) -> None:
    frame = _traffic(3000, 0.1, 0.2)
    whole = analyse(read_outcomes(_file(tmp_path, frame), control="old"))
    frame.sample(frac=1, random_state=1).to_parquet(tmp_path / "outcomes.parquet")
    mixed = analyse(read_outcomes(tmp_path / "outcomes.parquet", control="old"))
    assert whole == mixed
    assert whole.verdict == "better"
    assert whole.crossed is not None
    assert whole.crossed < 3000
    assert whole.low is not None
    assert whole.high is not None
    assert 0 < whole.low < whole.high < 0.2
    assert whole.estimate == pytest.approx(
        frame[frame.arm == "new"].outcome.mean() - frame[frame.arm == "old"].outcome.mean()
    )


def test_which_way_is_good_and_which_arm_is_the_control(tmp_path: Path) -> None:
    file = _file(tmp_path, _traffic(3000, 0.1, 0.2))
    assert analyse(read_outcomes(file, control="old"), goal="minimize").verdict == "worse"
    assert (
        analyse(read_outcomes(file)).verdict == "worse"
    )  # "new" comes first by name: the treatment is "old"


def test_a_fixed_horizon_before_its_end_is_no_verdict(tmp_path: Path) -> None:
    plan = plan_rates(0.1, 0.02)
    early = analyse(read_outcomes(_file(tmp_path, _traffic(2000, 0.1, 0.2)), control="old"), plan=plan)
    assert early.method == "fixed"
    assert early.p is not None
    assert early.p < 0.001
    assert early.verdict == "go on"
    assert "too early" in early.notes[0]
    over = analyse(read_outcomes(_file(tmp_path, _traffic(9000, 0.1, 0.2)), control="old"), plan=plan)
    assert over.verdict == "better"
    unplanned = analyse(
        read_outcomes(_file(tmp_path, _traffic(500, 0.1, 0.3)), control="old"), method="fixed"
    )
    assert unplanned.verdict == "better"
    assert "fixed beforehand" in unplanned.notes[0]


def test_a_fixed_horizon_looked_at_beyond_its_end_says_what_that_takes(tmp_path: Path) -> None:
    plan = plan_rates(0.1, 0.1)
    late = analyse(
        read_outcomes(_file(tmp_path, _traffic(4 * plan.rows, 0.1, 0.2)), control="old"), plan=plan
    )
    assert late.verdict == "better"
    assert "only if nobody looked before" in late.notes[0]


def test_a_sequential_comparison_ends_without_a_finding_where_the_plan_says(tmp_path: Path) -> None:
    plan = plan_rates(0.3, 0.15, method="sequential")
    short = analyse(read_outcomes(_file(tmp_path, _traffic(plan.rows // 2, 0.3, 0.3))), plan=plan)
    long = analyse(read_outcomes(_file(tmp_path, _traffic(2 * plan.rows, 0.3, 0.3))), plan=plan)
    assert (short.verdict, long.verdict) == ("go on", "no difference shown")


def test_traffic_that_was_not_shared_as_planned_gets_no_verdict(tmp_path: Path) -> None:
    file = _file(tmp_path, _traffic(3000, 0.1, 0.3, share=0.4))
    for method in ("fixed", "sequential"):
        found = analyse(read_outcomes(file, control="old"), method=method)
        assert found.verdict == "broken allocation"
        assert "before believing" in found.notes[0]
    assert analyse(read_outcomes(file, control="old"), ratio=2 / 3).verdict == "better"


def test_missing_outcomes_are_counted_and_told_where_they_lean(tmp_path: Path) -> None:
    frame = _traffic(2000, 0.3, 0.3)
    frame["outcome"] = frame["outcome"].astype(float)
    frame.loc[frame.index % 10 == 0, "outcome"] = np.nan
    found = analyse(read_outcomes(_file(tmp_path, frame), control="old"))
    assert found.control.assigned - found.control.rows > 50
    assert any("no outcome yet" in note for note in found.notes)
    assert not any("more than in the other" in note for note in found.notes)
    frame.loc[(frame.arm == "new") & (frame.index % 3 == 0), "outcome"] = np.nan
    leaning = analyse(read_outcomes(_file(tmp_path, frame), control="old"))
    assert any("more than in the other" in note for note in leaning.notes)


def test_numbers_are_compared_by_their_means_and_tails_are_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arm = rng.random(3000) < 0.15
    frame = pd.DataFrame({"arm": np.where(arm, "b", "a"), "spent": rng.lognormal(0, 1.5, 3000)})
    found = analyse(read_outcomes(_file(tmp_path, frame)), ratio=0.15 / 0.85)
    assert (found.metric, found.kind) == ("spent", "mean")
    assert any("few large outcomes" in note for note in found.notes)
    assert any("order of the file" in note for note in found.notes)


def test_little_is_not_judged(tmp_path: Path) -> None:
    found = analyse(read_outcomes(_file(tmp_path, _traffic(60, 0.1, 0.9))))
    assert (found.verdict, found.p, found.low) == ("go on", None, None)
    assert "nothing is said" in found.notes[0]


def test_a_difference_that_turned_round_is_told(tmp_path: Path) -> None:
    frame = pd.concat([_traffic(4000, 0.1, 0.5), _traffic(40_000, 0.5, 0.1, seed=1)])
    frame["time"] = np.arange(len(frame))
    found = analyse(read_outcomes(_file(tmp_path, frame), control="old"))
    assert any("changed with time" in note for note in found.notes)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("group,outcome\na,1\n", "has no column 'arm'"),
        ("arm,outcome\na,1\na,0\n", "two arms"),
        ("arm,outcome\na,1\nb,0\nc,1\n", "two arms"),
        ("arm,outcome\na,1\nb,yes\n", r"'outcome', row 2: 'yes' is no finite number"),
        ("arm,outcome\na,inf\nb,0\n", "row 1: 'inf'"),
        ("arm,outcome\na,1\n,0\nb,1\n", "row 2 names no arm"),
        ("arm,outcome\na,1\nb,\n", "'b' has no outcome"),
        ("arm,outcome,time\na,1,2026-01-01\nb,1,noon\n", r"'time', row 2: is no time"),
        ("arm,x,y\na,1,2\nb,1,2\n", "say --metric"),
        ("arm\na\nb\n", "say --metric"),
        ("arm,outcome\n", "has no rows"),
        ("", "cannot be read"),
    ],
)
def test_a_file_that_is_no_comparison_says_where(tmp_path: Path, text: str, rule: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(DeployError, match=rule):
        read_outcomes(tmp_path / "x.csv")


def test_names_that_are_not_there_are_answered_with_the_nearest(tmp_path: Path) -> None:
    file = _file(tmp_path, _traffic(100, 0.5, 0.5))
    with pytest.raises(DeployError, match="did you mean outcome"):
        read_outcomes(file, metric="outcom")
    with pytest.raises(DeployError, match="did you mean old"):
        read_outcomes(file, control="odl")
    with pytest.raises(DeployError, match="no such file"):
        read_outcomes(tmp_path / "none.csv")
    (tmp_path / "x.parquet").write_bytes(b"PAR1 but not")
    with pytest.raises(DeployError, match="cannot be read as Parquet"):
        read_outcomes(tmp_path / "x.parquet")


def test_a_plan_for_a_rate_is_not_applied_to_numbers(tmp_path: Path) -> None:
    frame = _traffic(200, 0.5, 0.5).assign(outcome=np.arange(200.0))
    with pytest.raises(DeployError, match="plan is for a rate"):
        analyse(read_outcomes(_file(tmp_path, frame)), plan=plan_rates(0.1, 0.05))
    for wrong in ({"alpha": 0.0}, {"ratio": -1.0}):
        with pytest.raises(DeployError, match=r"--alpha|--ratio"):
            analyse(read_outcomes(_file(tmp_path, frame)), **wrong)
