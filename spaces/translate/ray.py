"""A space as Ray Tune's domains, for those who run a sweep with Ray's own searchers.

Float               tune.uniform, tune.loguniform
Integer             tune.randint (upper bound + 1: Ray's excludes it)
steps               tune.choice over all values: Ray's quantised domains give their ends half a share
Categorical         tune.choice
Ordinal             tune.choice (Ray has no order among choices)
Constant            its value
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spaces.domains import Constant, Float, Integer
from spaces.errors import SpaceError
from spaces.parameter import Parameter
from spaces.space import Space
from spaces.translate.support import FEATURES, Feature, refuse_unsupported

__all__ = ["REFUSALS", "SUPPORTS", "to_ray"]

_NO_LATTICE = (
    "Ray rounds a logarithmic draw down, which shifts every probability: use values, or our own searchers"
)
_NO_STRUCTURE = "Ray's domains are drawn independently: use our own searchers"

REFUSALS: Mapping[Feature, str] = {
    "integer log": _NO_LATTICE,
    "integer log step": _NO_LATTICE,
    "float log step": _NO_LATTICE,
    "condition": _NO_STRUCTURE,
    "branches": _NO_STRUCTURE,
    "constraint": _NO_STRUCTURE,
}
"""What has no exact counterpart in Ray Tune, and why."""

SUPPORTS: frozenset[Feature] = frozenset(FEATURES) - REFUSALS.keys()

_MOST_CHOICES = 1000


def to_ray(space: Space) -> dict[str, Any]:
    """Ray Tune's `param_space`, flat: name to a domain, or to the value of a constant.

    Raises:
        SpaceError: a feature of REFUSALS, more than 1000 steps, or whole numbers beyond 64 bits; with the name.
    """
    refuse_unsupported(space, REFUSALS, "Ray Tune")
    return {each.name: _domain(each) for each in space.parameters}


def _domain(parameter: Parameter) -> Any:
    from ray import tune

    domain = parameter.domain
    if isinstance(domain, Constant):
        return domain.value
    if isinstance(domain, Float) and domain.size is None:
        return (tune.loguniform if domain.log else tune.uniform)(domain.low, domain.high)
    if isinstance(domain, Integer) and domain.step == 1:
        if not -(2**63) <= domain.low <= domain.high < 2**63 - 1:
            raise SpaceError(f"{parameter.name}: Ray Tune's whole numbers have 64 bits", where=parameter.name)
        return tune.randint(domain.low, domain.high + 1)
    if domain.size is not None and isinstance(domain, Float | Integer) and domain.size > _MOST_CHOICES:
        raise SpaceError(
            f"{parameter.name}: Ray Tune needs steps as a list of at most {_MOST_CHOICES} values, got {domain.size}: "
            "take a larger step",
            where=parameter.name,
        )
    return tune.choice(list(domain.grid(1)))
