"""New bounds: wider or narrower, round, on the domain's own steps, and read back from the text as they were meant."""

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from search.analysis.checks.new_bounds import cut, spelled_leaf, widened
from spaces import Condition, Float, Integer, Parameter, parse_parameters


@pytest.mark.parametrize(
    ("domain", "end", "new"),
    [
        (Float(1e-5, 1e-1, log=True), 1.0, Float(1e-5, 2.0, log=True)),
        (Float(1e-5, 1e-1, log=True), 0.0, Float(5e-7, 1e-1, log=True)),
        (Float(-1.0, 2.0), 0.0, Float(-2.0, 2.0)),
        (Float(0.1, 0.7), 0.0, Float(0.0, 0.7)),
        (Float(0.0, 0.5, step=0.05), 1.0, Float(0.0, 0.65, step=0.05)),
        (Integer(16, 256, step=16), 1.0, Integer(16, 336, step=16)),
        (Integer(2, 64, log=True), 0.0, Integer(1, 64, log=True)),
        (Integer(2, 3), 1.0, Integer(2, 4)),
    ],
)
def test_a_bound_moves_out_by_a_third(domain: Float | Integer, end: float, new: Float | Integer) -> None:
    assert widened(domain, end) == new


@pytest.mark.parametrize(
    ("domain", "end", "at", "new"),
    [
        (Float(1e-5, 1e-1, log=True), 1.0, 0.02371, Float(1e-5, 0.023, log=True)),
        (Float(1e-5, 1e-1, log=True), 0.0, 0.02371, Float(0.024, 1e-1, log=True)),
        (Float(0.0, 0.5, step=0.05), 1.0, 0.3, Float(0.0, 0.3, step=0.05)),
        (Integer(16, 256, step=16), 0.0, 64, Integer(64, 256, step=16)),
        (Float(0.0, 1.0), 1.0, 0.0, None),
        (Integer(1, 9), 0.0, 9, None),
    ],
)
def test_a_cut_is_rounded_inwards(
    domain: Float | Integer, end: float, at: float, new: Float | Integer | None
) -> None:
    assert cut(domain, end, at) == new


def test_the_text_reads_as_the_domain_without_its_conditions() -> None:
    parameter = Parameter("model.width", Integer(1, 8), (Condition("kind", "==", "mlp"),))
    text = spelled_leaf(parameter, Integer(1, 16))
    assert "\n" not in text
    (read,) = parse_parameters(YAML(typ="safe").load(text)).parameters
    assert (read.name, read.domain, read.when) == ("model.width", Integer(1, 16), ())
