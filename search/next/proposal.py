"""From a run to the sweep after it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from search.confirmation.candidates import confirmation_of
from search.errors import SettingsError
from search.next.budget import choose_method, confirm_winner, fitting, limit_trials, try_first
from search.next.change import Change
from search.next.draft import Draft, Keys
from search.next.evidence import Evidence
from search.next.places import is_ours, placed
from search.next.ranges import move_bounds, narrow
from search.next.text import commented
from search.next.training import adopt_stopping, change_steps, mend_stopping
from search.next.values import drop_failing, drop_worse, fix_idle, fix_lengths, try_dismissed
from search.paths import write_atomic
from search.searchers.fidelity import newest
from search.settings import Override, ResolvedSettings, Settings
from search.settings.document import Document, read_text
from search.settings.overrides import apply_overrides
from search.trial import Outcome

if TYPE_CHECKING:
    from search.run import Run

__all__ = ["Proposal", "propose"]


@dataclass(frozen=True)
class Proposal:
    """The next sweep's file, or why there is none.

    Attributes:
        run: name of the run that it follows.
        about: that run in one line.
        changes: with their reasons, in the order in which they were made; () where no check asks for any.
        notes: what the checks found and no key of a file mends, a sentence each.
        instead: where `changes` is (): what to do, and the command for it (None: there is none).
        fit, of: how many of the trials so far lie in the new space, and are learnt from; out of how many.
        ignored: parameters that are held still and made no difference: trials count whatever their value.
    """

    run: str
    about: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    instead: tuple[str, str | None] | None
    fit: int
    of: int
    _keys: Keys
    _base: Path
    _directory: Path | None
    ignored: tuple[str, ...] = ()

    def keys(self, folder: str | Path = ".") -> Keys:
        """The keys of the file, for one that lies in `folder`: `Sweep(**run.next().keys())` runs it from Python."""
        return placed(
            dict(self._keys),
            name=self.run,
            base=self._base,
            run=self._directory if self.fit else None,
            ignore=list(self.ignored),
            folder=Path(folder).resolve(),
        )

    def text(self, folder: str | Path = ".") -> str:
        """The file as YAML, for one that lies in `folder`."""
        left_out = self.of - self.fit
        outside = (
            f"; {left_out} of its {self.of} trials lie outside the new space and are not learnt from"
            if left_out
            else ""
        )
        head = f"The sweep after {self.run} ({self.about}). Beside each change stands its reason{outside}."
        return commented(self.keys(folder), self.changes, head)

    def settings(self, folder: str | Path = ".", name: str = "next.yaml") -> ResolvedSettings:
        """The file as `tuneyard plan` reads it; imports the trainable. `name`: of the file, in what is said of it.

        Raises SettingsError: there is no change to be made; the trainable is not known or cannot be used.
        """
        settings = self._written(folder, name).resolved()
        problem = settings.problem()
        settings.searcher(problem)
        settings.scheduler(problem)
        return settings

    def check(self, folder: str | Path = ".", name: str = "next.yaml") -> tuple[str, ...]:
        """Check the file as far as that executes nothing of the run, which may be anybody's; what is worth reading of it.

        A trainable of the catalogue on data that are no code and no address is asked as `tuneyard plan` does; any other is
        not imported, and its data are not read: `settings` does that.

        Raises SettingsError: as `settings`, as far as it was looked at.
        """
        settings = self._written(folder, name)
        if is_ours(settings.file):
            return self.settings(folder, name).notes
        place = str(settings.file.trainable).rpartition(":")[0]
        if place.endswith(".py") and not (settings.base / Path(place).expanduser()).is_file():
            raise SettingsError(
                settings.document.problem(("trainable",), f"there is no file {settings.base / place}")
            )
        return settings.notes

    def write(self, path: str | Path, *, force: bool = False) -> Path:
        """Check the file and write it. Raises SettingsError: as `check`, or it is there and not `force`."""
        path = Path(path)
        if path.exists() and not force:
            raise SettingsError(f"{path} exists; write to another file, or --force")
        self.check(path.parent, path.name)
        write_atomic(path, self.text(path.parent))
        return path

    def _written(self, folder: str | Path, name: str) -> Settings:
        """The file, read as far as that imports nothing. Raises SettingsError."""
        if not self.changes:
            raise SettingsError(
                f"{self.run}: no check asks for another sweep. {(self.instead or ('',))[0]}".strip()
            )
        folder = Path(folder).resolve()
        document = read_text(self.text(folder), name)
        if "trainable" not in document.data:
            raise SettingsError(
                f"{self.run} does not say what was trained, because it was imported; say it: "
                "--set trainable=path/to/file.py:NAME"
            )
        return Settings.from_document(document, folder, self.run)

    def with_overrides(self, overrides: Sequence[str | Override]) -> Proposal:
        """With values put in place of the proposed ones, as `--set key=value`. Raises SettingsError."""
        return (
            replace(self, _keys=apply_overrides(Document(self._keys), overrides).data) if overrides else self
        )


def propose(run: Run, reference: str | None = None) -> Proposal:
    """The sweep that the checks of `run` ask for. Nothing of the user's is imported.

    `reference`: the run, as the commands are to name it, quoted for a shell; default its name.

    Raises SettingsError: the settings that it was started with do not read any more, because a file is gone, say.
    """
    evidence, reference = Evidence(run.history), reference or shlex.quote(run.name)
    base = Path(evidence.settings.get("base") or Path.cwd())
    directory = None if run.paths is None else run.paths.root
    known = len(newest(run.history.observations))
    empty = Proposal(run.name, evidence.in_short, (), (), None, 0, known, {}, base, directory)
    if evidence.winner is None:
        return replace(empty, instead=_without_a_winner(run, reference))
    draft = Draft(evidence, base)
    if len(run.history.trials) >= len(draft.keys.get("points", [])):
        draft.keys.pop("points", None)  # they were tried
    lengths = fix_lengths(evidence, draft)
    drop_failing(evidence, draft)
    ignore, length = ([], 1.0) if evidence.several else _by_value(evidence, draft, lengths)
    if evidence.several:
        move_bounds(evidence, draft)
    notes = _left(evidence, draft)
    if not any(change.weight for change in draft.changes):
        return replace(empty, notes=notes, instead=_without_a_change(run, evidence, reference))
    fit = fitting(evidence, draft, ignore)
    adopt_stopping(evidence, draft)
    choose_method(evidence, draft, fit)
    try_first(evidence, draft, fit, length)
    limit_trials(evidence, draft, fit, length)
    confirm_winner(evidence, draft)
    return replace(
        empty,
        changes=tuple(draft.changes),
        notes=notes,
        fit=fit,
        _keys=draft.finished(),
        ignored=tuple(ignore),
    )


def _by_value(evidence: Evidence, draft: Draft, lengths: Sequence[str]) -> tuple[list[str], float]:
    """What the values of one objective say; answers with the parameters to ignore, and the new steps over the old."""
    ignore = fix_idle(evidence, draft, but=lengths)
    drop_worse(evidence, draft)
    narrow(evidence, draft, move_bounds(evidence, draft))
    try_dismissed(evidence, draft)
    length, told = change_steps(evidence, draft)
    mend_stopping(evidence, draft)
    return [*ignore, *told], length


def _left(evidence: Evidence, draft: Draft) -> tuple[str, ...]:
    """What the checks warn of and nothing in the draft answers to, nor a confirmation or more trials would."""
    answered = {(change.check, _about(change)) for change in draft.changes}
    checks = {check for check, _ in answered if check != "bounds"} | {"enough", "gap", "late_noise", "fixed"}
    return tuple(
        f"{each['check'].replace('_', ' ')}{' of ' + each['about'] if each['about'] else ''}: {each['next']}"
        for each in evidence.findings
        if each["verdict"] in ("warn", "fail")
        and each["next"]
        and each["check"] not in checks
        and (each["check"], each["about"]) not in answered
    )


def _about(change: Change) -> str:
    """The parameter that a change is about, by its full name."""
    return ".".join(map(str, change.path if change.path[0] == "data" else change.path[1:]))


def _without_a_winner(run: Run, name: str) -> tuple[str, str | None]:
    trials = run.history.trials
    failed = next((trial for trial in trials if trial.failure is not None), None)
    if not trials:
        return "No trial has run yet: there is nothing to learn from.", _resume(run, name)
    if failed is not None and run.history.failed_total == len(trials):
        said = "The only trial failed" if len(trials) == 1 else f"All {len(trials)} trials failed"
        why = " ".join(failed.failure.message.split())[:200] if failed.failure else ""
        return (
            f"{said} ({failed.id}: {why}): mend the cause first.",
            f"tuneyard logs {name}/{failed.id} --stderr",
        )
    if any(trial.best is not None and trial.outcome is not Outcome.FAILED for trial in trials):
        limits = " and ".join(limit.text for limit in run.history.problem.outcome_constraints)
        return (
            f"No trial keeps to the outcome constraints ({limits}): loosen them, or search elsewhere.",
            f"tuneyard report {name} --open",
        )
    return "No trial has a value yet: there is nothing to learn from.", _resume(run, name)


def _without_a_change(run: Run, evidence: Evidence, name: str) -> tuple[str, str | None]:
    """What to do where the space, the steps and the stopping are sound as far as the trials tell."""
    trials = len(run.history.trials)
    if evidence.imported:
        return (
            f"No check is sure enough to change the file after {evidence.in_short}.",
            f"tuneyard report {name} --open",
        )
    if run.state in ("interrupted", "killed", "running"):
        return f"No check asks for a change after {evidence.in_short}: let it go on.", _resume(run, name)
    if found := evidence.warnings("enough"):
        more = found[0]["evidence"]["more"]
        return (
            f"No check asks for another space; {found[0]['says']} The same search can go on.",
            f"tuneyard resume {name} --add-trials {more}",
        )
    if trials < 20:
        return (
            f"{evidence.in_short}: too few for most checks to judge by. More of the same search will tell.",
            f"tuneyard resume {name} --add-trials {20 - trials}",
        )
    if evidence.several:
        return (
            "No check is sure enough to change the file. What is left is to choose a trial from the front; the report shows it.",
            f"tuneyard report {name} --open",
        )
    if (seeds := confirmation_of(run)) is not None and seeds.finished:
        from search.analysis import confirmation, outdated

        said = confirmation(seeds)
        if outdated(run.history, said):
            text = "No check is sure enough to change the file, but other configs are best now than were trained again."
            return text, f"tuneyard confirm {name} --afresh"
        text = f"No check is sure enough to change the file, and the best were trained again: {said['headline']}."
        return text, f"tuneyard report {name} --open"
    return (
        "No check is sure enough to change the file. What is left is to make sure of the winner: train the best again under fresh seeds.",
        f"tuneyard confirm {name}",
    )


def _resume(run: Run, name: str) -> str | None:
    over = run.state == "running" or run.history.about.get("imported")
    return None if over else f"tuneyard resume {name}"
