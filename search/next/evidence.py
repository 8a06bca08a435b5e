"""What the rules may know of a run: its trials, what its checks found, what it was told to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from search.analysis.checks import doctor
from search.analysis.checks.response import unambiguous
from search.analysis.numbers import number
from search.analysis.ranking import ranked
from search.history import History
from search.trial import Trial
from spaces import Parameter
from trainables import CATALOGUE, resolve
from trainables.options import Rule

__all__ = ["Evidence"]


@dataclass(frozen=True)
class Evidence:
    """One run. Everything is derived from its history."""

    history: History

    @cached_property
    def findings(self) -> list[dict[str, Any]]:
        """Of every check; see `search.analysis.checks.Finding`."""
        return doctor(self.history)

    @cached_property
    def trials(self) -> list[Trial]:
        """With a value that counts, best first."""
        return ranked(self.history)

    @property
    def winner(self) -> Trial | None:
        """The best trial; None before one has a value."""
        return self.trials[0] if self.trials else None

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The resolved settings of the journal's header; {} where it has none."""
        found = self.history.about.get("settings")
        return found if isinstance(found, Mapping) else {}

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """What the options of a trainable of the catalogue may be, by name; {} of any other."""
        name = self.settings.get("trainable")
        return resolve(name).declaration().rules if isinstance(name, str) and name in CATALOGUE else {}

    @property
    def method(self) -> str:
        """Name of the method; "" where the journal does not say."""
        return str(self._section("method").get("name", ""))

    @property
    def scheduler(self) -> str:
        """Type of the scheduler; "none" where the journal does not say."""
        return str(self._section("early_terminate").get("type", "none"))

    @cached_property
    def movable(self) -> dict[str, Parameter]:
        """Searched parameters that may be moved, by name: with one domain, and not there to be compared."""
        return {
            parameter.name: parameter
            for parameter in unambiguous(self.history)
            if parameter.role != "scientific"
        }

    @property
    def steps_are_evidence(self) -> bool:
        """Whether steps are repeats or folds: then their number is no length of a training."""
        return self.history.problem.objective.counts == "last"

    @property
    def several(self) -> bool:
        """Whether there are several objectives: what is poor by the first may be on the front, so nothing is narrowed."""
        return len(self.history.problem.objectives) > 1

    @property
    def imported(self) -> bool:
        """Whether another tool's records were made into this run: it cannot be gone on with."""
        return bool(self.history.about.get("imported"))

    @property
    def in_short(self) -> str:
        """`60 trials, best loss 0.1234 by t00042`."""
        trials = len(self.history.trials)
        head = "1 trial" if trials == 1 else f"{trials:,} trials"
        if self.winner is None or self.winner.best is None or self.winner.best.score is None:
            return head
        objective = self.history.problem.objective
        value = number(objective.value(self.winner.best.score))
        return f"{head}, best {objective.metric} {value} by {self.winner.id}"

    def warnings(self, check: str) -> list[dict[str, Any]]:
        """Findings of one check that warn or fail."""
        return [
            each for each in self.findings if each["check"] == check and each["verdict"] in ("warn", "fail")
        ]

    def verdict(self, check: str) -> str | None:
        """The worst verdict of a check; None where it says nothing."""
        return next((each["verdict"] for each in self.findings if each["check"] == check), None)

    def _section(self, key: str) -> Mapping[str, Any]:
        section = self.settings.get(key)
        if isinstance(section, str):
            return {"name": section, "type": section}
        return section if isinstance(section, Mapping) else {}
