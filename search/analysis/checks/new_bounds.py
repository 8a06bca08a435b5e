"""Another range for a parameter, as it would be written in a sweep file."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from search.settings.yaml_text import yaml_text
from spaces import Domain, Float, Integer, Parameter, Space, spell_parameters

__all__ = ["cut", "spelled_leaf", "widened"]

WIDER = 1 / 3  # of the old range, in the parameter's scale


def spelled_leaf(parameter: Parameter, domain: Domain) -> str:
    """`lr: {min: 1.0e-05, max: 0.3, log: true}`: the parameter with another domain, without its conditions."""
    return yaml_text(spell_parameters(Space([replace(parameter, domain=domain, when=())])), {}).strip()


def widened(domain: Float | Integer, end: float) -> Float | Integer:
    """The domain with its upper (`end` 1) or lower (0) bound further out by a third of its range.

    The new bound is a round number or a step of the domain; it crosses zero only where the domain already did.
    """
    low, high = float(domain.low), float(domain.high)
    if domain.log:
        reach = (high / low) ** WIDER
        new = high * reach if end else low / reach
    else:
        reach = (high - low) * WIDER
        new = high + reach if end else low - reach
        if not end and low >= 0:
            new = max(0.0, new)
    if isinstance(domain, Float) and domain.step is None:
        return _with(domain, end, float(f"{new:.1g}") if domain.log else float(f"{new:.2g}"))
    assert domain.step is not None
    step, old = float(domain.step), high if end else low
    steps = max(1, round(abs(new - old) / step))
    if not end and low >= 0:
        least = 0.6 * step if domain.log else 0.0  # a logarithmic lattice must stay above half a step
        while steps > 0 and old - steps * step < least:
            steps -= 1
    return _with(domain, end, float(f"{old + steps * step if end else old - steps * step:.12g}"))


def cut(domain: Float | Integer, end: float, at: float) -> Float | Integer | None:
    """The domain that ends at `at` instead of its upper (`end` 1) or lower (0) bound; None where nothing would be left.

    Rounded inwards to two significant digits, or to a step of the domain.
    """
    if isinstance(domain, Float) and domain.step is None:
        unit = 10.0 ** (math.floor(math.log10(abs(at))) - 1) if at else 1.0
        new = float(f"{(math.floor if end else math.ceil)(at / unit) * unit:.12g}")
    else:
        assert domain.step is not None
        steps = (at - domain.low) / domain.step
        whole = math.floor(steps + 1e-9) if end else math.ceil(steps - 1e-9)
        new = float(f"{domain.low + whole * domain.step:.12g}")
    if not domain.low < new < domain.high:
        return None
    return _with(domain, end, new)


def _with(domain: Float | Integer, end: float, bound: float) -> Float | Integer:
    value: Any = round(bound) if isinstance(domain, Integer) else bound
    return replace(domain, high=value) if end else replace(domain, low=value)
