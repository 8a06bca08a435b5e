"""Where prepared datasets are kept: the one door of trainables to their data."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, cast

from trainables.data.dataset import Dataset, View
from trainables.data.section import Modality, Section, Task, read_section
from trainables.data.sources import BUILT_IN, read_records, source_version
from trainables.errors import DataError

__all__ = [
    "VIEWS",
    "MemoryStore",
    "Store",
    "check_rows",
    "keep",
    "load",
    "modality_of",
    "reading_with",
    "task_of",
    "use_store",
    "views_of",
]

VIEWS: dict[Modality, tuple[View, ...]] = {
    "table": ("features",),
    "images": ("images", "features", "sequences"),
    "text": ("tokens", "features", "texts"),
    "series": ("sequences", "features"),
}

READERS: dict[View, str] = {
    "features": "classical, boosting, xgboost, lightgbm, mlp, finetune",
    "images": "cnn, resnet, inception, densenet, vae, gan, finetune",
    "tokens": "rnn, transformer",
    "sequences": "rnn, transformer",
    "texts": "finetune",
}


class Store(Protocol):
    """Keeps datasets, so that the trials of a process, or of a machine, share them."""

    def get(self, key: str, make: Callable[[], Dataset]) -> Dataset:
        """The dataset of this key; `make` it where there is none yet.

        Args:
            key: SHA-256, hexadecimal: equal for equal options, version of the source and view.
        """

    def fact(self, key: str, make: Callable[[], str]) -> str:
        """A word about a source that is known only by reading it, such as its modality; kept for good."""


class MemoryStore:
    """The last few datasets of this process.

    Args:
        size: how many are kept; at least 1.
    """

    def __init__(self, size: int = 4) -> None:
        self._size = size
        self._held: OrderedDict[str, Dataset] = OrderedDict()

    def get(self, key: str, make: Callable[[], Dataset]) -> Dataset:
        """See `Store`."""
        if key not in self._held:
            self._held[key] = make()
            while len(self._held) > self._size:
                self._held.popitem(last=False)
        self._held.move_to_end(key)
        return self._held[key]

    def fact(self, key: str, make: Callable[[], str]) -> str:
        """See `Store`; nothing is kept here: the source itself is, by `read_records`."""
        return make()


_store: Store = MemoryStore()


class use_store(contextlib.AbstractContextManager[Store]):  # noqa: N801 - it is used as a function
    """From now on `load` keeps datasets in this store; as a context manager, until the end of the block."""

    def __init__(self, store: Store) -> None:
        global _store
        self._before, self._store, _store = _store, store, store

    def __enter__(self) -> Store:
        return self._store

    def __exit__(self, *_: object) -> None:
        global _store
        _store = self._before


_maker: ContextVar[Callable[[Section, View], Dataset] | None] = ContextVar("_maker", default=None)


@contextlib.contextmanager
def reading_with(make: Callable[[Section, View], Dataset]) -> Iterator[None]:
    """Until the end of the block `load` makes its datasets in another way, and keeps them apart from all others."""
    token = _maker.set(make)
    try:
        with use_store(MemoryStore()):
            yield
    finally:
        _maker.reset(token)


def load(data: Mapping[str, Any] | str, view: View = "features") -> Dataset:
    """The dataset that a `data:` section names, as a model of this view reads it.

    Args:
        data: the section, or its source alone: a name of `BUILT_IN`, a file, a folder, ...
        view: what a row of the inputs is, see `Dataset`.

    Returns:
        Arrays that all trials share, read-only and in one piece. The same arrays for the same options and version of
        the source; the options of augmentation change none of them.

    Raises:
        DataError: the section, the source or a row is wrong, or rows of this modality have no such view.
    """
    section = read_section(data)
    known = BUILT_IN.get(section["source"])
    if known is not None:
        _check_view(known.modality, view, section["source"])
    return replace(
        _store.get(_key(section, view), partial(_maker.get() or _make, section, view)),
        augmentation=section.group("augmentation"),
    )


def keep(key: str, make: Callable[[], Dataset]) -> Dataset:
    """A dataset that was made from a loaded one at some cost, kept where `load` keeps its own; see `Store.get`."""
    return _store.get(key, make)


def _make(section: Section, view: View) -> Dataset:
    from trainables.data.prepare import prepare  # pandas and scikit-learn come with it

    records = read_records(section)
    _check_view(records.modality, view, records.name)
    return prepare(records, section, view).dataset


def task_of(data: Mapping[str, Any] | str) -> Task:
    """What is to be learnt; of a built-in set with its own target, without reading it.

    Raises:
        DataError: as `load`.
    """
    section = read_section(data)
    known = BUILT_IN.get(section["source"])
    if known is not None and section["target"] in (None, known.target):
        if section["task"] in (None, known.task):
            return known.task
        if section["task"] == "generation":
            return "generation"
    return cast(Task, _store.fact(_key(section, "task"), partial(_task, section)))


def modality_of(data: Mapping[str, Any] | str) -> Modality:
    """What a row of the source is; of a built-in set without reading it.

    Raises:
        DataError: as `load`.
    """
    section = read_section(data)
    known = BUILT_IN.get(section["source"])
    if known is not None:
        return known.modality
    return cast(Modality, _store.fact(_key(section, "modality"), partial(_modality, section)))


def check_rows(data: Mapping[str, Any] | str) -> None:
    """See that the rows can be cut into the parts that the section asks for, before a trial is spent on it.

    A built-in set is read only if the section names columns by which it is to be split.

    Raises:
        DataError: as `load`, of what is known before anything is fitted.
    """
    section = read_section(data)
    if section["source"] in BUILT_IN and section["split.group"] is None and section["split.time"] is None:
        return
    from trainables.data.prepare import check_parts  # pandas comes with it

    check_parts(read_records(section), section)


def _task(section: Section) -> str:
    from trainables.data.targets import task_of_records

    return task_of_records(read_records(section), section)


def _modality(section: Section) -> str:
    return read_records(section).modality


def views_of(modality: Modality) -> tuple[View, ...]:
    """The views that rows of a modality have, the most natural first."""
    return VIEWS[modality]


def _check_view(modality: Modality, view: View, name: str) -> None:
    if view in VIEWS[modality]:
        return
    fitting = "; ".join(f"{each}: {READERS[each]}" for each in VIEWS[modality])
    raise DataError(f"{name} holds {modality}, which cannot be read as {view}; models that fit: {fitting}")


def _key(section: Section, view: str) -> str:
    options = {name: value for name, value in section.values.items() if not name.startswith("augmentation.")}
    text = json.dumps([options, source_version(section), view], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
