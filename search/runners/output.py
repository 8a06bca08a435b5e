"""Where a trial's printing goes while it runs in this process."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from search.paths import RunPaths
from search.trial import trial_id

__all__ = ["TrialOutput"]

log = logging.getLogger(__name__)


class PrintedFile(io.TextIOWrapper):
    """A text file that never raises for a disk that is full: what a trial prints is no reason for it to fail."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            open(path, "ab"),  # noqa: SIM115 - closed with the wrapper
            encoding="utf-8",
            errors="replace",
            line_buffering=True,
        )
        self.lost: OSError | None = None  # the first thing that was not written

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            self.lost = self.lost or error
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self.lost = self.lost or error

    def close(self) -> None:
        with contextlib.suppress(OSError):
            super().close()


class TrialOutput:
    """The stdout and stderr files of one trial, open for one attempt at it.

    `paths` None, or a disk that does not take the files: the trial prints where the process does. A disk that takes no
    more of it later costs what is printed then, and is warned of.
    """

    def __init__(self, paths: RunPaths | None, number: int) -> None:
        self._files: list[PrintedFile] = []
        self._number = number
        if paths is None:
            return
        try:
            paths.trial(number).mkdir(parents=True, exist_ok=True)
            for path in (paths.stdout(number), paths.stderr(number)):
                self._files.append(PrintedFile(path))
        except OSError as error:
            self.close()
            log.warning("%s: what it prints cannot be kept (%s)", trial_id(number), error)

    @contextmanager
    def captured(self) -> Iterator[None]:
        """What Python code prints inside the block is written to the files; what C libraries print is not."""
        if not self._files:
            yield
            return
        out, err = self._files
        with redirect_stdout(out), redirect_stderr(err):
            yield

    def close(self) -> None:
        for file in self._files:
            file.close()
            if file.lost is not None:
                log.warning("%s: not all that it printed was kept (%s)", trial_id(self._number), file.lost)
        self._files = []
