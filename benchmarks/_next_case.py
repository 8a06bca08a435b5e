"""Known problems for `next.py`: each seed draws another, with one fault planted in its sweep file, or with none."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spaces import nest
from trainables import synthetic

__all__ = ["CASES", "Case", "Known"]

NUMBERS = ("a", "b", "c")
LUCK = 0.002  # s.d. of a trial's own luck; a bowl is 1 deep within half of its width


@dataclass(frozen=True)
class Known:
    """A problem whose truth is known.

    `keys`: of the sweep file. `value`: (config, step) -> the objective without luck; NaN = the trial diverges there.
    `best`: the smallest value of all, over any bounds and any steps.
    """

    keys: Mapping[str, Any]
    value: Callable[[Mapping[str, Any], int], float]
    best: float = 0.0
    luck: float = LUCK

    def curve(self, config: Mapping[str, Any], rng: np.random.Generator) -> Iterator[float]:
        """What a trial reports, step by step."""
        luck = self.luck * float(rng.standard_normal())
        for step in range(1, int(self.keys["max_steps"]) + 1):
            yield self.value(config, step) + luck


@dataclass(frozen=True)
class Case:
    """A family of problems. `trials`: of the long run, half of them for each of two rounds; counted in steps."""

    make: Callable[[np.random.Generator], Known]
    fault: bool = True
    trials: int = 100


def bowl(
    rng: np.random.Generator, scale: float = 1.0, **centre: float
) -> tuple[dict[str, Any], Callable[[Mapping[str, Any]], float]]:
    """Three numbers, `a` on a log scale; a quadratic bowl in their places on the unit interval, `scale` times as narrow."""
    space: dict[str, Any] = {
        "a": {"min": 1e-5, "max": 1e-1, "log": True},
        "b": {"min": 0.0, "max": 1.0},
        "c": {"min": 10, "max": 110},
    }
    middle = {name: rng.uniform(0.3, 0.7) for name in NUMBERS} | centre
    weight = dict(zip(NUMBERS, rng.permutation([4.0, 3.0, 2.0]), strict=True))

    def value(config: Mapping[str, Any]) -> float:
        at = {"a": (math.log10(config["a"]) + 5) / 4, "b": config["b"], "c": (config["c"] - 10) / 100}
        return float(sum(weight[name] * (scale * (at[name] - middle[name])) ** 2 for name in NUMBERS))

    return space, value


def file(parameters: Mapping[str, Any], steps: int = 4, **keys: Any) -> dict[str, Any]:
    """A sweep file. It names a trainable because every file does; curves are played here, and nobody calls it."""
    head = {"trainable": "sphere", "metric": {"name": "loss", "goal": "minimize"}, "max_steps": steps}
    return {**head, "parameters": dict(parameters), **keys}


def learnt(
    value: Callable[[Mapping[str, Any]], float], speed: float = 1.0
) -> Callable[[Mapping[str, Any], int], float]:
    """Comes down to the value by a factor of e in 1/`speed` steps."""
    return lambda config, step: value(config) + math.exp(-speed * step)


def sound(rng: np.random.Generator) -> Known:
    """Nothing is wrong with the file."""
    space, value = bowl(rng)
    return Known(file(space), learnt(value, 3.0))


def beyond(rng: np.random.Generator) -> Known:
    """The best of a lies between a tenth and two fifths of its range beyond one of its bounds."""
    reach = rng.uniform(0.1, 0.4)
    space, value = bowl(rng, a=1 + reach if rng.random() < 0.5 else -reach)
    return Known(file(space), learnt(value, 3.0))


def wide(rng: np.random.Generator) -> Known:
    """Random search, and every range is three times as wide as the bowl."""
    space, value = bowl(rng, scale=3.0)
    return Known(file(space, method="random"), learnt(value, 3.0))


def unlearnt(rng: np.random.Generator) -> Known:
    """Random search on a sound space: all that there is to change is the method, and ranges once they are known."""
    space, value = bowl(rng)
    return Known(file(space, method="random"), learnt(value, 3.0))


def short(rng: np.random.Generator) -> Known:
    """Eight steps, where a training takes thirty to arrive."""
    space, value = bowl(rng)
    return Known(file(space, 8), learnt(value, 0.1))


def long(rng: np.random.Generator) -> Known:
    """Forty steps, where a training has arrived after ten."""
    space, value = bowl(rng)
    return Known(file(space, 40), learnt(value, 0.7))


def dead(rng: np.random.Generator) -> Known:
    """Random search, and two parameters beside the three that nothing reads."""
    space, value = bowl(rng)
    return Known(file({**space, **unread(2)}, method="random"), learnt(value, 3.0))


def dead_learnt(rng: np.random.Generator) -> Known:
    """The same with four of them and a method that learns."""
    space, value = bowl(rng)
    return Known(file({**space, **unread(4)}), learnt(value, 3.0))


def unread(count: int) -> dict[str, Any]:
    """Parameters that nothing reads."""
    return {f"dead{i}": {"min": 0.0, "max": 1.0} for i in range(count)}


def worse(rng: np.random.Generator) -> Known:
    """Four choices, three of them worse by 0.5 to 1, each with a parameter of its own."""
    space, value = bowl(rng)
    names = ["one", "two", "three", "four"]
    loss = dict(zip(rng.permutation(names).tolist(), [0.0, *rng.uniform(0.5, 1.0, 3)], strict=True))
    own = {f"of_{name}": {"min": 0.0, "max": 1.0, "when": {"kind": name}} for name in names}
    space = {**space, "kind": {"values": names}, **own}
    return Known(file(space), learnt(lambda config: value(config) + loss[config["kind"]], 3.0))


def failing(rng: np.random.Generator) -> Known:
    """Two fifths of the range of b diverge."""
    space, value = bowl(rng, b=rng.uniform(0.2, 0.4))
    return Known(
        file(space, failure={"stop_after": None}),
        lambda config, step: math.nan if config["b"] > 0.6 else learnt(value, 3.0)(config, step),
    )


def several(rng: np.random.Generator) -> Known:
    """The best beyond a bound, too few steps, and three parameters that do nothing."""
    space, value = bowl(rng, a=1.2)
    return Known(file({**space, **unread(3)}, 8), learnt(value, 0.15))


def known(name: str) -> Callable[[np.random.Generator], Known]:
    """A function of the literature in its usual space: one step, no luck."""

    def make(rng: np.random.Generator) -> Known:
        function = getattr(synthetic, name)
        keys = file(function.parameters, 1)
        return Known(
            keys, lambda config, step: float(function.value(nest(dict(config)))), function.optimum, 0.0
        )

    return make


CASES: dict[str, Case] = {
    "optimum beyond a bound": Case(beyond),
    "ranges too wide, random": Case(wide, trials=160),
    "too few steps": Case(short),
    "far too many steps": Case(long, trials=60),
    "two dead parameters, random": Case(dead, trials=160),
    "three of four choices worse": Case(worse),
    "two fifths of a range fail": Case(failing),
    "bound, steps and dead ones": Case(several),
    "sound space, random": Case(unlearnt, trials=160),
    "four dead parameters": Case(dead_learnt, fault=False, trials=160),
    "sound bowl": Case(sound, fault=False),
    "branin": Case(known("branin"), fault=False),
    "hartmann6": Case(known("hartmann6"), fault=False),
    "mixed": Case(known("mixed"), fault=False),
}
"""Name -> case."""
