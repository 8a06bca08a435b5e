"""Each figure is one that Plotly's own schema accepts, and shows what the report holds."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects
import pytest

from contracts.reported import digits_like, run_of
from search.problem import Objective
from search.report import contents
from search.report.figures import (
    curves_figure,
    history_figure,
    importance_figure,
    parallel_figure,
    rungs_figure,
    slice_figures,
    timeline_figure,
)
from search.report.figures.base import focus, label, log_ticks, round_ticks


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return contents(run_of(digits_like, trials=60))


def painted(value: Any) -> Any:
    """The figure with its colour names replaced, as the page does it."""
    if isinstance(value, str):
        return "#123456" if value.startswith("@") else value
    if isinstance(value, list):
        return [painted(item) for item in value]
    return {key: painted(item) for key, item in value.items()} if isinstance(value, dict) else value


def test_plotly_accepts_every_figure(report: dict[str, Any]) -> None:
    made = [
        f(report) for f in (history_figure, curves_figure, importance_figure, timeline_figure, rungs_figure)
    ]
    made += slice_figures(report)
    assert len(made) == 5 + 6
    for figure in made:
        assert figure is not None
        assert figure.alt.endswith(".")
        for view in figure.views:
            plotly.graph_objects.Figure({"data": painted(view.data), "layout": painted(view.layout)})


def test_parallel_lines_end_at_their_value_and_the_best_is_on_top(report: dict[str, Any]) -> None:
    figure = parallel_figure(report)
    assert figure is not None
    assert figure.parallel is not None
    axes, strength = figure.parallel["axes"], figure.parallel["strength"]
    assert [axis["title"] for axis in axes][-1] == "val/accuracy"
    assert strength == sorted(strength)
    assert strength[-1] == 1.0
    assert axes[-1]["places"][-1] == 1.0
    for axis in axes:
        assert len(axis["places"]) == len(strength)
        assert all(place is None or 0 <= place <= 1 for place in axis["places"])
        assert all(0 <= tick <= 1 for tick, _ in axis["ticks"])
    momentum = axes[5]
    assert momentum["title"] == "momentum"
    assert None in momentum["places"]


def test_a_few_bad_values_do_not_squeeze_the_rest() -> None:
    values = [1.0 + i / 100 for i in range(40)] + [1e6]
    span = focus(values, "minimize")
    assert span is not None
    assert span[0] < 1.0 < span[1] < 2.0
    turned = focus([-value for value in values], "maximize")
    assert turned == (-span[1], -span[0])
    assert focus(values[:40], "minimize") is None
    assert focus([1.0] * 20, "minimize") is None


def test_ticks_are_round_and_inside() -> None:
    assert round_ticks(16, 256) == [50.0, 100.0, 150.0, 200.0, 250.0]
    assert round_ticks(0, 0.5) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert round_ticks(3, 3) == [3]
    assert log_ticks(1e-5, 1e-1)[1] == ["1e-05", "0.0001", "0.001", "0.01", "0.1"]
    assert len(log_ticks(1, 5)[0]) >= 3


def test_labels_cannot_be_taken_for_markup() -> None:
    assert label("<b>x</b>") == "&lt;b&gt;x&lt;/b&gt;"
    assert label("$x$") == "&#36;x&#36;"  # no formula
    assert len(label("a" * 100)) == 28


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_no_figure_without_a_value(goal: Any) -> None:
    empty = contents(run_of(lambda *_: "boom", trials=3, objective=Objective("loss", goal)))
    for make in (history_figure, curves_figure, importance_figure, parallel_figure, rungs_figure):
        assert make(empty) is None
    assert slice_figures(empty) == []
