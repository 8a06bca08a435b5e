"""What a trial prints, kept in its files; a disk that is full or away loses lines, never the trial."""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import IO, Any

from ray import tune

__all__ = ["LoggedTrial"]

log = logging.getLogger(__name__)


class LoggedTrial(tune.Trainable):  # type: ignore[misc]
    """A `Trainable` of Tune's whose log files may fail.

    Tune writes what a trial prints to its own stream and to a file, and flushes both after each result: an error of the
    file's would end the trial's process, and cost it a retry, for a fault that is not its own.
    """

    _stdout_fp: Any
    _stderr_fp: Any

    def flush_logs(self) -> None:
        """Bring everything printed so far to the files."""
        sys.stdout.flush()
        sys.stderr.flush()

    def _open_logfiles(self, stdout_file: str | None, stderr_file: str | None) -> None:
        for stdout, stderr in ((stdout_file, None), (None, stderr_file)):
            try:
                super()._open_logfiles(stdout, stderr)
            except OSError as error:
                log.warning("what the trial prints will not be kept: %s", error)
                continue
            if stdout:
                self._stdout_fp = self._stdout_stream.stream2 = _Sturdy(self._stdout_fp)
            if stderr:
                self._stderr_fp = self._stderr_stream.stream2 = _Sturdy(self._stderr_fp)


class _Sturdy:
    """A text file whose writes, flushes and end never raise OSError. What does not fit now may fit at the next flush."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._file.flush()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
