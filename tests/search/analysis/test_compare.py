from __future__ import annotations

from contracts.reported import PARAMETERS, run_of
from search.analysis import compare
from search.problem import Objective


def test_rows_winner_and_what_differs() -> None:
    narrow = {
        **PARAMETERS,
        "lr": {"min": 1e-4, "max": 1e-2, "distribution": "log_uniform_values"},
        "epochs": 30,
    }
    runs = [run_of(name="wide", trials=20), run_of(name="narrow", trials=20, parameters=narrow)]
    table = compare(runs)
    assert [row["name"] for row in table["rows"]] == ["wide", "narrow"]
    assert set(table["differs"]) == {"lr", "epochs"}
    assert table["differs"]["epochs"] == ["20", "30"]
    best = [row["best"] for row in table["rows"]]
    assert table["winner"] == best.index(max(best))
    assert [row["method"] for row in table["rows"]] == ["random", "random"]


def test_other_metrics_are_not_compared() -> None:
    table = compare([run_of(trials=3), run_of(trials=3, objective=Objective("loss", "minimize"))])
    assert not table["comparable"]
    assert table["winner"] is None


def test_a_run_without_a_value_has_no_best() -> None:
    table = compare([run_of(trials=3), run_of(lambda *_: "boom", trials=3)])
    assert table["rows"][1]["best"] is None
    assert table["winner"] == 0
