"""Settings with nothing left open: what a sweep is started from, and what a resume reads back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from search.errors import SettingsError
from search.outcomes import OutcomeConstraint
from search.problem import Budget, FailurePolicy, Problem, Repeats
from search.resources import Resources
from search.runners.base import Lanes
from search.schedulers import Scheduler, make_scheduler
from search.searchers import Searcher, make_searcher
from search.seeds import repeat_seed
from search.settings.checks import read_space
from search.settings.document import Document
from search.settings.durations import spell_duration
from search.settings.objectives import objectives_of
from search.settings.problems import model_problems
from search.settings.resources import resources_of
from search.settings.sweep_file import SweepFile, WarmStartSection
from search.settings.yaml_text import yaml_text
from search.storage import is_remote, local_root
from spaces import Space
from trainables.errors import PlugError
from trainables.plug import Plug, resolve
from trainables.repeats import Repetition, repeated

__all__ = ["ResolvedSettings"]

_LOCAL = re.compile(r"^__main__:|<locals>|<lambda>")


@dataclass(frozen=True)
class ResolvedSettings:
    """A sweep file with every default written out. Make one with `Settings.resolved` or `from_dict`.

    `file`: the keys, none of those that decide anything left out. `notes`: sentences worth reading before a start.
    `target`: the trainable itself where Python gave it as an object; a resume in another process needs it again.
    `single`: a trial is one of its `repeats` alone, as in a confirmation.
    """

    file: SweepFile
    notes: tuple[str, ...] = ()
    target: Any = field(default=None, compare=False)
    single: bool = False

    @property
    def name(self) -> str:
        """Name of the run."""
        assert self.file.name is not None
        return self.file.name

    @property
    def base(self) -> Path:
        """Folder that relative references of the trainable start from; absolute."""
        return Path(self.file.base or ".")

    @property
    def storage(self) -> Path:
        """Folder of run directories; absolute. Of a URL the folder of this machine that stands for it."""
        given = self.file.storage or "runs"
        return local_root(given) if is_remote(given) else Path(given)

    @property
    def step_unit(self) -> str:
        """What one step is, in the singular."""
        return self.file.step_unit or "step"

    @property
    def workers(self) -> int | None:
        """Trials at the same time; None = as many as the resources carry."""
        return self.file.workers

    @property
    def checkpoint_every(self) -> int:
        """Steps between two checkpoints of a trial; where each is a whole training, every one is saved."""
        return self.file.checkpoint.every if self.file.repeats is None else 1

    @property
    def lanes(self) -> Lanes | None:
        """How many trials are trained as one computation; None: each by itself."""
        section = self.file.lanes
        if section is None or section.width is None or section.queue is None:
            return None
        return Lanes(section.width, section.queue)

    @property
    def warm_start(self) -> tuple[WarmStartSection, ...]:
        """The earlier runs that the searcher learns from."""
        return tuple(
            WarmStartSection(run=each) if isinstance(each, str) else each for each in self.file.warm_start
        )

    @property
    def resources(self) -> Resources:
        """What one trial needs, by its config."""
        return resources_of(self.file.resources)

    @cached_property
    def plug(self) -> Plug:
        """The trainable; imports the user's module.

        Raises PlugError: it cannot be found or imported, or lives in no module (a script, a notebook) and was not
        given as an object.
        """
        assert self.file.trainable is not None
        if self.target is None and _LOCAL.search(self.file.trainable):
            raise PlugError(
                f"{self.file.trainable} was given from Python and can be found from nowhere else; resume where it is "
                "defined: from tuneyard import resume; resume(run, trainable=...)"
            )
        found = resolve(self.file.trainable if self.target is None else self.target, self.base)
        repetition = self._repetition()
        return found if repetition is None else repeated(found, repetition)

    def _repetition(self) -> Repetition | None:
        """How each trial repeats its training; once, under the trial's own seed, where `single`."""
        file, section = self.file, self.file.repeats
        if section is None:
            return None
        assert file.max_steps is not None
        plan = Repetition(
            times=1 if self.single else section.times,
            length=file.max_steps,
            metric=objectives_of(file)[0].metric,
            every=file.checkpoint.every,
        )
        if self.single:
            return plan
        if section.over == "folds":
            return replace(plan, folds=True)
        return replace(plan, seeds=tuple(repeat_seed(file.seed, turn) for turn in range(section.times)))

    @cached_property
    def space(self) -> Space:
        """What is searched, the settings of `data` included. Raises SettingsError: it does not read."""
        space, problems = read_space(self.file, Document({}))
        if space is None:
            raise SettingsError(problems)
        return space

    def problem(self) -> Problem:
        """What is to be solved. Raises SettingsError, SpaceError: only for settings that were edited by hand."""
        file = self.file
        assert file.max_steps is not None
        objective, *secondary = objectives_of(file)
        return Problem(
            space=self.space,
            objective=objective,
            max_steps=file.max_steps if file.repeats is None else file.repeats.times,
            budget=Budget(file.run_cap, file.time_budget, file.step_budget),
            failure=FailurePolicy(file.failure.retries, file.failure.stop_after, file.failure.step_timeout),
            seed=file.seed,
            points=tuple(self.space.validate(point) for point in file.points),
            audit=file.audit,
            secondary=tuple(secondary),
            outcome_constraints=tuple(map(OutcomeConstraint.parse, file.outcome_constraints)),
            repeats=None
            if file.repeats is None
            else Repeats(file.repeats.over, file.repeats.times, file.max_steps),
        )

    def searcher(self, problem: Problem) -> Searcher:
        """A fresh searcher. Raises SpaceError: this method cannot express the space (names the parameter)."""
        assert self.file.method is not None
        return make_searcher(self.file.method.name, problem, self.file.method.options)

    def scheduler(self, problem: Problem) -> Scheduler:
        """A fresh scheduler; where Ray Tune has its own (`ray_scheduler`), one that never stops anything."""
        assert self.file.early_terminate is not None
        if self.ray_scheduler is not None:
            return make_scheduler("none", problem)
        return make_scheduler(self.file.early_terminate.type, problem, self.file.early_terminate.options)

    @property
    def ray_scheduler(self) -> tuple[str, Mapping[str, Any]] | None:
        """(name, options) of a scheduler of Ray Tune's own, which only the Ray runner has."""
        section = self.file.early_terminate
        if section is None or not section.type.startswith("ray/"):
            return None
        return section.type.removeprefix("ray/"), section.options

    def to_dict(self) -> dict[str, Any]:
        """Every key of the sweep file with its value, JSON types only: for the journal's header."""
        return self.file.model_dump(mode="json")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], target: Any = None) -> ResolvedSettings:
        """The inverse of `to_dict`. Imports nothing: the trainable is found when `plug` is asked for.

        Raises SettingsError: not what `to_dict` writes, or another version's.
        """
        try:
            return cls(SweepFile.model_validate(dict(data)), target=target)
        except ValidationError as error:
            raise SettingsError(
                ["the recorded settings do not read", *model_problems(error, Document(data))]
            ) from error

    def to_yaml(self, about: Mapping[str, str] | None = None) -> str:
        """A sweep file that gives these settings again, wherever it lies. `about`: facts for its first lines."""
        data = self.to_dict()
        if self.file.time_budget is not None:
            data["time_budget"] = spell_duration(self.file.time_budget)
        return yaml_text(data, about or {})
