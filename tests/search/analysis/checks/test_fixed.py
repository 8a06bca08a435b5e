"""Constants are listed, never accused."""

from __future__ import annotations

from contracts.scripted import scripted
from search.analysis.checks.fixed import fixed

LR = {"lr": {"min": 0.1, "max": 1.0}}


def test_constants_are_named_with_their_values() -> None:
    (finding,) = fixed(scripted({**LR, "optimizer": "adam", "layers": 3}, []))
    assert finding.verdict == "pass"
    assert "optimizer = adam, layers = 3." in finding.says
    assert finding.evidence == {"fixed": {"optimizer": "adam", "layers": "3"}}


def test_many_constants_are_counted_and_a_long_one_is_cut() -> None:
    (finding,) = fixed(scripted({**LR, **{f"c{i}": "x" * 100 for i in range(12)}}, []))
    assert finding.says.endswith("… and 4 more.")
    assert len(finding.evidence["fixed"]) == 12
    assert len(finding.says) < 500


def test_without_constants_the_defaults_are_the_caveat() -> None:
    (finding,) = fixed(scripted(LR, []))
    assert finding.verdict == "pass"
    assert "no constant" in finding.says


def test_the_folders_of_a_data_file_are_not_told() -> None:
    from contracts.reported import run_of

    run = run_of(
        lambda *_: 0.5,
        trials=2,
        parameters={"x": {"min": 0.0, "max": 1.0}, "lr": 1e-3, "data.source": "/home/me/sales.csv"},
    )
    found = fixed(run.history)[0]
    assert found.evidence["fixed"]["data.source"] == "sales.csv"
    assert "/home" not in found.says
