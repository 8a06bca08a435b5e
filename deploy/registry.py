"""The registry: the versions of one model in a folder, which of them is in production, and how it came to that.

```
registry/penguins/
  registry.json      versions with their stages, and the history; replaced whole, under a lock
  v1/  v2/  ...      model folders, copied in; never changed afterwards
```

A version is in one stage: "staging" (added), "production" (at most one), "archived" (was in production, or withdrawn).
Nothing is deleted here: a version that was in production can be rolled back to as long as its folder is there.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from deploy.errors import DeployError
from deploy.fingerprint import fingerprint_of
from search.paths import check_name, write_atomic
from trainables.errors import nearest

__all__ = ["Event", "Registry", "RegistryError", "Stage", "Version"]

Stage = Literal["staging", "production", "archived"]
Deed = Literal["add", "promote", "rollback", "archive"]

FORMAT = 1
FILE = "registry.json"
LOCK = ".lock"
_VERSION = re.compile(r"v[1-9][0-9]{0,8}")
_LARGEST = 16 * 2**20  # bytes of a registry.json that are read: a million events fit into no sensible one


class RegistryError(DeployError):
    """A registry is missing, damaged, or what is asked of it is against its rules."""


@dataclass(frozen=True)
class Version:
    """One version of a model.

    Attributes:
        name: "v1", "v2", ...: the name of its folder.
        stage: where it stands.
        added: UTC, ISO 8601.
        fingerprint: SHA-256 over names and contents of all its files when it was added.
        note: a sentence of whoever added it; may be empty.
    """

    name: str
    stage: Stage
    added: str
    fingerprint: str
    note: str = ""


@dataclass(frozen=True)
class Event:
    """One entry of the history.

    Attributes:
        at: UTC, ISO 8601.
        deed: what was done.
        version: to which version; of a rollback the one that is in production from then on.
        before: which version was in production before; "" = none.
        reason: why; may be empty.
    """

    at: str
    deed: Deed
    version: str
    before: str = ""
    reason: str = ""


_Entry = TypeVar("_Entry", Version, Event)


class Registry:
    """The versions of one model, as `registry.json` told when it was opened; every change reads it anew.

    ```
    registry = Registry.create(Path("registry/penguins"))
    version = registry.add(Path("model"), note="retrained on May")
    registry.promote(version.name, reason="better by 0.03 [0.01, 0.05]")
    registry.production                                # registry/penguins/v1
    registry.rollback(reason="alerts")
    ```

    Attributes:
        folder: where it lies; its last part is the model's name.
        versions: in the order they were added.
        history: in the order it happened.
    """

    def __init__(self, folder: Path, versions: tuple[Version, ...], history: tuple[Event, ...]) -> None:
        self.folder, self.versions, self.history = folder, versions, history

    @classmethod
    def open(cls, folder: Path | str) -> Registry:
        """The registry in a folder.

        Raises:
            RegistryError: there is none, or its file is damaged.
        """
        folder = Path(folder)
        file = folder / FILE
        if not file.is_file():
            raise RegistryError(
                f"{folder} is no registry: it has no {FILE}. Begin one: tuneyard registry add {folder} MODEL"
            )
        return cls(folder, *_read(file))

    @classmethod
    def create(cls, folder: Path | str) -> Registry:
        """The registry in a folder, begun where there is none yet.

        Raises:
            RegistryError: as `open`, or the folder holds something else.
            SettingsError: its last part cannot be a model's name.
        """
        folder = Path(folder)
        if not (folder / FILE).is_file():
            check_name(folder.absolute().name, "name of a model")
            if folder.exists() and (
                not folder.is_dir() or any(each.name != LOCK for each in folder.iterdir())
            ):
                raise RegistryError(
                    f"{folder} holds something else than a registry. Name a folder that is new: "
                    f"{folder.parent / (folder.name + '-registry')}"
                )
            folder.mkdir(parents=True, exist_ok=True)
            with _locked(folder):
                if not (folder / FILE).is_file():
                    _write(folder, (), ())
        return cls.open(folder)

    @staticmethod
    def holds(folder: Path | str) -> bool:
        """Whether a folder is a registry, rather than a model folder."""
        return (Path(folder) / FILE).is_file()

    @property
    def name(self) -> str:
        """The model's name."""
        return self.folder.absolute().name

    @property
    def current(self) -> Version | None:
        """The version in production; None before one was promoted."""
        return next((each for each in self.versions if each.stage == "production"), None)

    @property
    def production(self) -> Path:
        """The model folder in production.

        Raises:
            RegistryError: no version is.
        """
        current = self.current
        if current is None:
            newest = self.versions[-1].name if self.versions else None
            then = (
                f"Promote one: tuneyard registry promote {self.folder} {newest}"
                if newest
                else f"Add one: tuneyard registry add {self.folder} MODEL"
            )
            raise RegistryError(f"{self.folder} has no version in production. {then}")
        return self.path(current.name)

    def version(self, name: str) -> Version:
        """The version of that name; "production" means the one that is.

        Raises:
            RegistryError: there is none.
        """
        if name == "production" and self.current is not None:
            return self.current
        for each in self.versions:
            if each.name == name:
                return each
        known = [each.name for each in self.versions]
        raise RegistryError(f"{self.folder} has no version {name!r}; {nearest(name, known)}")

    def path(self, name: str) -> Path:
        """The model folder of a version.

        Raises:
            RegistryError: there is no such version, or its folder is gone, or is a link to somewhere else.
        """
        found = self.folder / self.version(name).name
        if found.is_symlink() or not found.is_dir():
            raise RegistryError(
                f"{found} is no folder of its own any more. Put the files of {found.name} back, or roll back: "
                f"tuneyard registry rollback {self.folder}"
            )
        return found

    def check(self, name: str) -> None:
        """See that the files of a version are those that were added.

        Raises:
            RegistryError: they are not, or as `path`.
        """
        folder, recorded = self.path(name), self.version(name).fingerprint
        if fingerprint_of(folder) != recorded:
            raise RegistryError(
                f"{folder} was changed after it was added (SHA-256 differs from {recorded[:12]}...). Add the changed "
                f"model as a version of its own: tuneyard registry add {self.folder} MODEL"
            )

    def add(self, model: Path | str, *, note: str = "") -> Version:
        """Copy a model folder in as the next version, in the stage "staging".

        Raises:
            RegistryError: it is no model folder, or holds a link or something else that is no plain file.
            OSError: the disk is full; nothing is added.
        """
        model = Path(model)
        if not (model / "model.json").is_file():
            raise RegistryError(
                f"{model} is no model folder: it has no model.json. Write one: tuneyard export RUN -o {model}"
            )
        if self.folder.resolve().is_relative_to(model.resolve()):
            raise RegistryError(
                f"{model} contains the registry {self.folder} itself; name a model folder outside of it"
            )
        copy = self.folder / f".adding-{uuid.uuid4().hex}"
        try:
            fingerprint_of(model)  # refuses links before anything is copied
            shutil.copytree(model, copy, symlinks=True)
            fingerprint = fingerprint_of(copy)
            with self._changing():
                name = f"v{self._next()}"
                os.rename(copy, self.folder / name)
                version = Version(name, "staging", _now(), fingerprint, note)
                self.versions += (version,)
                self._note("add", name, note)
        finally:
            shutil.rmtree(copy, ignore_errors=True)
        return version

    def promote(self, name: str, *, reason: str = "", over: str | None = None) -> Version:
        """Put a version into production; the one that was there is archived.

        Args:
            over: the version that has to be in production until then, as it was compared with that one; None = any, or none.

        Raises:
            RegistryError: there is no such version, it is in production already, its files were changed, or another than
                `over` is in production.
        """
        with self._changing():
            version = self.version(name)
            if over is not None and (self.current is None or self.current.name != over):
                now = "none" if self.current is None else self.current.name
                raise RegistryError(
                    f"{now} is in production by now, and {name} was compared with {over}; compare the two: tuneyard ab "
                    f"compare {self.folder / now} {self.folder / name} FILE"
                )
            if version.stage == "production":
                raise RegistryError(f"{version.name} is in production already; there is nothing to promote")
            self.check(name)
            self._note("promote", name, reason)
            self._put_first(name)
        return self.version(name)

    def rollback(self, *, reason: str = "") -> Version:
        """Put back what was in production before; the version that is there is archived.

        Doing so again goes one further back. A version that was withdrawn with `archive` is passed over.

        Raises:
            RegistryError: nothing was in production before, or its files were changed.
        """
        with self._changing():
            earlier = self._earlier()
            if not earlier:
                raise RegistryError(
                    f"{self.folder} has nothing to roll back to: no other version was in production before. Promote "
                    f"one: tuneyard registry promote {self.folder} VERSION"
                )
            name = earlier[-1]
            self.check(name)
            self._note("rollback", name, reason)
            self._put_first(name)
        return self.version(name)

    def archive(self, name: str, *, reason: str = "") -> Version:
        """Withdraw a version that is not in production.

        Raises:
            RegistryError: there is no such version, it is in production, or is archived and could not be rolled back to.
        """
        with self._changing():
            version = self.version(name)
            if version.stage == "production":
                raise RegistryError(
                    f"{name} is in production; put another there first: tuneyard registry rollback {self.folder}"
                )
            if version.stage == "archived" and name not in self._earlier():
                raise RegistryError(f"{name} is archived already")
            self._note("archive", name, reason)
            self._stage(name, "archived")
        return self.version(name)

    def to_json(self) -> dict[str, Any]:
        """What `registry.json` holds."""
        return _document(self.versions, self.history)

    def _earlier(self) -> list[str]:
        """The versions that a rollback goes through, the next one last."""
        stack: list[str] = []
        for event in self.history:
            if event.deed == "promote":
                stack = [each for each in stack if each != event.version] + [event.version]
            elif event.deed == "rollback":
                stack = stack[: stack.index(event.version) + 1] if event.version in stack else [event.version]
            elif event.deed == "archive":
                stack = [each for each in stack if each != event.version]
        current = self.current
        return [each for each in stack if current is None or each != current.name]

    def _next(self) -> int:
        """The number of the next version: beyond a folder, too, that a crash left without an entry."""
        found = [each.name for each in self.versions] + [each.name for each in self.folder.iterdir()]
        return 1 + max((int(name[1:]) for name in found if _VERSION.fullmatch(name)), default=0)

    def _put_first(self, name: str) -> None:
        if self.current is not None:
            self._stage(self.current.name, "archived")
        self._stage(name, "production")

    def _stage(self, name: str, stage: Stage) -> None:
        self.versions = tuple(
            replace(each, stage=stage) if each.name == name else each for each in self.versions
        )

    def _note(self, deed: Deed, name: str, reason: str) -> None:
        before = self.current.name if self.current is not None else ""
        self.history += (Event(_now(), deed, name, before, reason),)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Read anew, change, and write, with nobody else in between; after an error all is as it was."""
        with _locked(self.folder):
            before = _read(self.folder / FILE)
            self.versions, self.history = before
            try:
                yield
                _write(self.folder, self.versions, self.history)
            except BaseException:
                self.versions, self.history = before
                raise


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Wait until nobody else changes the registry; the kernel releases it where its holder dies."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(folder: Path, versions: tuple[Version, ...], history: tuple[Event, ...]) -> None:
    write_atomic(folder / FILE, json.dumps(_document(versions, history), indent=1) + "\n")


def _document(versions: tuple[Version, ...], history: tuple[Event, ...]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "versions": [asdict(each) for each in versions],
        "history": [asdict(each) for each in history],
    }


def _read(file: Path) -> tuple[tuple[Version, ...], tuple[Event, ...]]:
    """What a registry's file tells; it may be anybody's, so nothing in it is believed unchecked.

    Raises:
        RegistryError: it is no registry of this format.
    """
    try:
        if file.stat().st_size > _LARGEST:
            raise ValueError(f"larger than {_LARGEST} bytes")
        found = json.loads(file.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']!r}; this version reads {FORMAT}")
        versions = tuple(_checked(Version, each) for each in found["versions"])
        history = tuple(_checked(Event, each) for each in found["history"])
        names = [each.name for each in versions]
        if len({*names}) != len(names) or sum(each.stage == "production" for each in versions) > 1:
            raise ValueError("a version stands there twice, or two are in production")
        if unknown := {event.version for event in history} - {*names}:
            raise ValueError(f"the history names {sorted(unknown)[0]}, which is no version")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RegistryError(
            f"{file} is damaged: {error}. Put it back from a copy; the folders of the versions beside it are whole"
        ) from error
    return versions, history


def _checked(kind: type[_Entry], entry: Mapping[str, Any]) -> _Entry:
    made = kind(**entry)
    if not all(isinstance(value, str) for value in asdict(made).values()):
        raise ValueError("an entry holds something that is no text")
    named = made.name if isinstance(made, Version) else made.version
    if not _VERSION.fullmatch(named):
        raise ValueError(f"{named!r} is no version; they are v1, v2, ...")
    word = made.stage if isinstance(made, Version) else made.deed
    if word not in (words := get_args(Stage if isinstance(made, Version) else Deed)):
        raise ValueError(f"{word!r} is none of {', '.join(words)}")
    return made


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
