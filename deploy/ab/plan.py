"""What a comparison on live traffic needs before it starts: how many rows, and when it may be ended."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from deploy.ab.sequential import half_width
from deploy.errors import DeployError

__all__ = ["Kind", "Method", "Plan", "plan_means", "plan_rates"]

Kind = Literal["rate", "mean"]
Method = Literal["fixed", "sequential"]

_LARGEST = 10**12  # rows: beyond, there is no such traffic


@dataclass(frozen=True)
class Plan:
    """A comparison of two arms, as it was decided before its first row.

    Attributes:
        kind: "rate": outcomes are 0 or 1; "mean": any numbers.
        method: "fixed": one look, at the end; "sequential": as many as wanted.
        base: the control's rate, or the outcome's standard deviation for a mean.
        effect: the smallest difference (treatment - control) that is to be found, in the outcome's unit; not 0.
        alpha: chance of finding a difference where there is none, two-sided.
        power: chance of finding one of this size.
        ratio: rows of the treatment per row of the control.
        control, treatment: rows of each arm: "fixed": exactly so many; "sequential": at most, it usually ends sooner.
        planned: rows of both arms at which the sequential interval is narrowest; the fixed-horizon size.
    """

    kind: Kind
    method: Method
    base: float
    effect: float
    alpha: float
    power: float
    ratio: float
    control: int
    treatment: int
    planned: int

    @property
    def rows(self) -> int:
        """Of both arms."""
        return self.control + self.treatment

    @property
    def rule(self) -> str:
        """When to end it, in a sentence."""
        if self.method == "fixed":
            return (
                f"Look once, when the control has {self.control} rows and the treatment {self.treatment}. Ending sooner "
                f"because it looks good makes the {self.alpha:g} a much larger number."
            )
        return (
            "Look as often as you like. End it when the interval excludes 0, or without a finding when the control has "
            f"{self.control} rows and the treatment {self.treatment}."
        )

    def to_json(self) -> dict[str, Any]:
        """Every attribute, JSON throughout."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Plan:
        """What `to_json` gave.

        Raises:
            DeployError: a key is missing, unknown, or holds something else.
        """
        try:
            made = cls(**found)
            numbers = (made.base, made.effect, made.alpha, made.power, made.ratio)
            counts = (made.control, made.treatment, made.planned)
            sound = (
                made.kind in ("rate", "mean")
                and made.method in ("fixed", "sequential")
                and all(isinstance(n, int | float) and math.isfinite(n) for n in numbers)
                and all(isinstance(n, int) and 1 <= n <= _LARGEST for n in counts)
                and 0 < made.alpha < 1
            )
        except (TypeError, ValueError) as error:
            raise DeployError(
                f"this is no plan: {error}. Write one: tuneyard ab plan ... -o plan.json"
            ) from None
        if not sound:
            raise DeployError(
                "this is no plan: a value is out of its range. Write one: tuneyard ab plan ... -o plan.json"
            )
        return made


def plan_rates(
    base: float,
    effect: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
    method: Method = "fixed",
) -> Plan:
    """Rows to find a difference of two rates.

    The fixed-horizon size is that of the pooled z test (Fleiss, Levin and Paik 2003, eq. 4.14, without the correction for
    continuity).

    Args:
        base: the control's rate, in (0, 1).
        effect: rate of the treatment minus that of the control; their sum has to lie in (0, 1), too.
        alpha, power: in (0, 1). ratio: rows of the treatment per row of the control, positive.

    Raises:
        DeployError: an argument out of its range; the message says which.
    """
    _check(effect, alpha, power, ratio)
    if not 0 < base < 1 or not 0 < base + effect < 1:
        raise DeployError(
            f"a rate lies between 0 and 1: got {base:g} for the control, so {base + effect:g} for the treatment; give "
            "--rate and --effect as shares, as in --rate 0.10 --effect 0.02"
        )
    other = base + effect
    mean = (base + ratio * other) / (1 + ratio)
    apart = base * (1 - base) + other * (1 - other) / ratio
    root = _z(1 - alpha / 2) * math.sqrt((1 + 1 / ratio) * mean * (1 - mean)) + _z(power) * math.sqrt(apart)
    return _planned("rate", base, effect, alpha, power, ratio, method, (root / effect) ** 2, apart)


def plan_means(
    deviation: float,
    effect: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
    method: Method = "fixed",
) -> Plan:
    """Rows to find a difference of two means, by the power of the t test (noncentral t).

    Args:
        deviation: standard deviation of one outcome, in the unit of the effect, positive.
        effect: mean of the treatment minus that of the control.
        alpha, power, ratio: as of `plan_rates`.

    Raises:
        DeployError: an argument out of its range; the message says which.
    """
    _check(effect, alpha, power, ratio)
    if not (math.isfinite(deviation) and deviation > 0):
        raise DeployError(f"--deviation is the spread of one outcome, a positive number, not {deviation:g}")
    size = _least(lambda n: _t_power(n, ratio, effect / deviation, alpha) >= power, 2)
    return _planned(
        "mean", deviation, effect, alpha, power, ratio, method, size, deviation**2 * (1 + 1 / ratio)
    )


def _planned(
    kind: Kind,
    base: float,
    effect: float,
    alpha: float,
    power: float,
    ratio: float,
    method: Method,
    size: float,
    apart: float,
) -> Plan:
    """`size`: rows of the control. `apart`: the variance of the difference, times those rows."""
    control = max(2, math.ceil(size - 1e-9))
    treatment = max(2, math.ceil(control * ratio - 1e-9))
    planned = control + treatment
    if planned > _LARGEST:
        raise DeployError(
            f"finding an effect of {effect:g} takes more than {_LARGEST:.0e} rows; look for a larger one"
        )
    if method == "sequential":
        scale = apart * (1 + ratio)  # the variance of the difference, times the rows of both arms

        def found(control: float) -> bool:
            rows = control * (1 + ratio)
            reach = half_width(rows, scale, alpha, planned)
            return abs(effect) - reach >= _z(power) * math.sqrt(scale / rows)

        control = _least(found, control)
        treatment = math.ceil(control * ratio - 1e-9)
    return Plan(kind, method, base, effect, alpha, power, ratio, control, treatment, planned)


def _least(enough: Callable[[int], bool], low: int) -> int:
    """The smallest whole number, at least `low`, that is enough; what is enough stays so for larger ones."""
    high = low
    while not enough(high):
        low, high = high, high * 2
        if high > _LARGEST:
            raise DeployError(f"this takes more than {_LARGEST:.0e} rows; look for a larger effect")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return low if enough(low) else high


def _t_power(control: int, ratio: float, standardised: float, alpha: float) -> float:
    from scipy.stats import nct, norm, t

    freedom = control * (1 + ratio) - 2
    shift = abs(standardised) * math.sqrt(control * ratio / (1 + ratio))
    if freedom > 2000:  # where the noncentral t is a normal one, and slow
        return float(norm.sf(_z(1 - alpha / 2) - shift))
    return float(nct.sf(t.ppf(1 - alpha / 2, freedom), freedom, shift))


def _z(share: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf(share))


def _check(effect: float, alpha: float, power: float, ratio: float) -> None:
    if not math.isfinite(effect) or effect == 0:
        raise DeployError(
            f"--effect is the smallest difference worth finding; it is not 0, and not {effect:g}"
        )
    for name, value in (("alpha", alpha), ("power", power)):
        if not 0 < value < 1:
            raise DeployError(f"--{name} is a chance between 0 and 1, not {value:g}")
    if power <= alpha:
        raise DeployError(
            f"--power {power:g} is not above --alpha {alpha:g}: a coin would do; the usual power is 0.8"
        )
    if not (math.isfinite(ratio) and 0.001 <= ratio <= 1000):
        raise DeployError(
            f"--ratio is rows of the treatment per row of the control, 0.001 to 1000, not {ratio:g}"
        )
