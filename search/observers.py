"""Who looks on while a sweep runs: TensorBoard, the console, mirrors. None of them may end it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from search.history import History, Record

__all__ = ["Observer", "Observers"]

log = logging.getLogger(__name__)


class Observer(Protocol):
    """A view of the sweep. It may raise: it is then warned of once and left out."""

    def on_event(self, record: Record, history: History) -> None:
        """One record was journalled and has entered the history."""

    def close(self) -> None:
        """The driver is about to end."""


class Observers:
    """All who look on at one sweep, told in order."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self._watching = list(observers)

    def __len__(self) -> int:
        """How many still look on."""
        return len(self._watching)

    def on_event(self, record: Record, history: History) -> None:
        """See `Observer.on_event`."""
        for observer in list(self._watching):
            self._guarded(observer, observer.on_event, record, history)

    def close(self) -> None:
        """Let them finish their files."""
        for observer in list(self._watching):
            self._guarded(observer, observer.close)

    def _guarded(self, observer: Observer, call: Callable[..., None], *arguments: Any) -> None:
        try:
            call(*arguments)
        except Exception as error:
            if observer in self._watching:
                self._watching.remove(observer)
            log.warning(
                "%s stopped working and is left out; the sweep goes on: %r", type(observer).__name__, error
            )
