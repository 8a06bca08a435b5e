"""What a user asked for: a sweep file or the arguments of a call, checked without importing anything of theirs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from search.errors import SettingsError
from search.settings.checks import check
from search.settings.completion import complete
from search.settings.document import Document, in_order, read_document
from search.settings.foreign import foreign_keys
from search.settings.overrides import SHORTHAND, Override, apply_overrides
from search.settings.plain import plain
from search.settings.problems import model_problems
from search.settings.resolved import ResolvedSettings
from search.settings.secrets import find_secrets
from search.settings.sweep_file import SweepFile
from spaces import Space, spell_parameters
from spaces.errors import TuneyardError, nearest
from trainables.plug import resolve

__all__ = ["Settings", "read_settings"]

_SECRET = {  # by whether it stands in a URL
    False: "a secret would be written to the run directory; let the trainable read it from the environment",
    True: "a password would be written to the run directory; put it into an environment variable, and its name into the "
    "URL: user:${PGPASSWORD}@host",
}


def read_settings(path: Path, overrides: Sequence[str | Override] = ()) -> Settings:
    """Read a sweep file, with values of the command line put in place of its own.

    `overrides`: `key=value` texts as of `--set`, or `Override` for options with a name of their own.
    Nothing of the user's is imported; that happens in `Settings.resolved`.

    Raises SettingsError: every problem that can be seen so far, one line each.
    """
    path = Path(path)
    document = apply_overrides(read_document(path), overrides)
    return Settings.from_document(document, path.parent.resolve(), _usable_name(path.stem))


@dataclass(frozen=True)
class Settings:
    """Sound as far as it goes. `file`: what was written. `base`: where relative paths start from.

    `name`: of the run where the file gives none. `notes`: what was left out, and why.
    """

    file: SweepFile
    document: Document = field(compare=False, repr=False)
    base: Path
    name: str
    notes: tuple[str, ...] = ()
    target: Any = None

    @classmethod
    def from_document(cls, document: Document, base: Path, name: str, target: Any = None) -> Settings:
        """Check a document. Raises SettingsError: all problems, one line each; secrets before anything else."""
        if secrets := list(find_secrets(document.data)):
            raise SettingsError([document.problem(path, _SECRET[in_url]) for path, in_url in secrets])
        known, problems, notes = foreign_keys(document)
        if not any(document.data.get(key) for key in ("trainable", "program", "command")):
            problems.append(
                document.problem(("trainable",), "is missing; write trainable: NAME, for example mlp")
            )
        file, said = _read_keys(known, document)
        problems += said
        if file.base is not None:
            base = (base / file.base).resolve()
        problems += check(file, document, base)
        if problems:
            raise SettingsError(in_order(problems))
        return cls(file, document, base, name, tuple(notes), target)

    @classmethod
    def from_python(
        cls,
        trainable: str | type | Callable[..., Any],
        *,
        metric: str | Mapping[str, Any] | None = None,
        goal: str | None = None,
        target: float | None = None,
        base: Path | str | None = None,
        **keys: Any,
    ) -> Settings:
        """The same from arguments: every key of a sweep file, and `goal` and `target` beside `metric`.

        `trainable`: also the class or function itself. `parameters`: also a `Space`, or a dict with domains in it.
        `base`: default the working directory.

        Raises SettingsError: as `read_settings`; lines begin with the argument's name.
        """
        known = [name for name in SweepFile.model_fields if name not in ("trainable", "metric")]
        problems = [
            f"{name}: unknown argument{nearest(name, [*known, 'trainable', 'metric', 'goal', 'target'])}"
            for name in keys
            if name not in known
        ]
        data: dict[str, Any] = {}
        found = None
        if isinstance(trainable, str):
            data["trainable"] = trainable
        else:
            try:
                found = resolve(trainable)
                data["trainable"] = found.ref
            except TuneyardError as error:
                problems.append(f"trainable: {error}")
        section = {SHORTHAND["metric"]: metric} if isinstance(metric, str) else dict(metric or {})
        section |= {key: value for key, value in (("goal", goal), ("target", target)) if value is not None}
        if isinstance(space := keys.get("parameters"), Space):
            limits = [constraint.text for constraint in space.constraints]
            keys |= {
                "parameters": spell_parameters(space),
                "constraints": [*limits, *keys.get("constraints", [])],
            }
        for name, value in {"metric": section or None, **keys}.items():
            try:
                data[name] = plain(value, (name,))
            except ValueError as error:
                problems.append(str(error))
        if problems:
            raise SettingsError(problems)
        folder = Path.cwd() if base is None else Path(base).resolve()
        name = _usable_name(data["trainable"].rpartition(":")[2].rpartition(".")[2])
        return cls.from_document(Document(data), folder, name, None if found is None else trainable)

    def resolved(self, *, simulated: bool = False) -> ResolvedSettings:
        """With every default written out; imports the trainable to ask it for them.

        `simulated`: for the virtual clock, where any trial can be paused, for its trainable stays in memory.

        Raises SettingsError: the trainable cannot be used, or something is left open that it does not declare.
        """
        done = complete(self.file, self.document, self.base, self.name, self.target, simulated)
        return ResolvedSettings(done.file, (*self.notes, *done.notes), self.target)


def _usable_name(text: str) -> str:
    """A run's name for what gave none itself, made of its file's or trainable's."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-")[:64] or "sweep"


def _read_keys(data: dict[str, Any], document: Document) -> tuple[SweepFile, list[str]]:
    """(the keys that are sound, what is said about the others), so that one reading finds every problem."""
    try:
        return SweepFile.model_validate(data), []
    except ValidationError as error:
        wrong = {problem["loc"][0] for problem in error.errors() if problem["loc"]}
        sound = {key: value for key, value in data.items() if key not in wrong}
        return SweepFile.model_validate(sound), model_problems(error, document)
