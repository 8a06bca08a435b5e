"""What one trial needs of a machine: the same for every config, or by rules on the config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from spaces import Constraint, Value

__all__ = ["ResourceRule", "Resources"]


@dataclass(frozen=True)
class Resources:
    """What one trial needs, all of it on one node.

    `cpu`, `gpu`: processors; `gpu` may be a fraction. `memory`: bytes that the trial's process and its children may
    hold; None = no limit. `custom`: names and amounts of further resources that nodes offer.
    `rules`: what other configs need; the first one that holds counts. `of` asks them.
    """

    cpu: float = 1.0
    gpu: float = 0.0
    custom: Mapping[str, float] = field(default_factory=dict)
    memory: int | None = None
    rules: tuple[ResourceRule, ...] = ()

    def of(self, config: Mapping[str, Value]) -> Resources:
        """What the trial of a flat config needs."""
        return next((rule.resources for rule in self.rules if rule.holds(config)), replace(self, rules=()))

    @property
    def classes(self) -> tuple[Resources, ...]:
        """Everything that some config may need, each once; what holds where no rule does comes first."""
        found: list[Resources] = []
        for each in (replace(self, rules=()), *(rule.resources for rule in self.rules)):
            if each not in found:
                found.append(each)
        return tuple(found)

    @property
    def amounts(self) -> dict[str, float]:
        """What is needed by Ray's names of resources, amounts above zero only."""
        wanted = {"CPU": self.cpu, "GPU": self.gpu, "memory": float(self.memory or 0), **self.custom}
        return {name: amount for name, amount in wanted.items() if amount > 0}


@dataclass(frozen=True)
class ResourceRule:
    """`resources` are needed where `condition` holds; it does not where one of its parameters takes no part."""

    condition: Constraint
    resources: Resources

    def holds(self, config: Mapping[str, Value]) -> bool:
        """Whether it is for a flat config. Raises SpaceError: an operator met a kind of value that it does not take."""
        return all(name in config for name in self.condition.names) and self.condition.holds(config)
