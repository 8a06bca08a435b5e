"""Whose fault a death was, as far as what Ray kept of it tells; on a real Ray: tests/search/runners/test_ray_tune.py."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from search.trial import Attempt, Result, Trial

RAISED = "\x1b[36mray::HostedTrial.train()\x1b[39m (pid=7)\n  File 'user.py'\nValueError: no such column\n"
DIED = "ray::HostedTrial.train()\nActorDiedError: The actor died unexpectedly before finishing this task.\n"


def trial(begun: bool) -> Trial:
    made = Trial(3, {}, 7, "searcher", 0.0)
    if begun:
        made.attempts.append(Attempt(1, 0.0, "here/0123abcd", 2**22 + 1, 0))
        made.results.append(Result(1, {"loss": 1.0}, 1.0, 1.0))
    return made


@pytest.mark.parametrize(
    ("text", "begun", "silent", "stands", "kind", "message"),
    [
        (RAISED, True, False, True, "raised", "ValueError: no such column"),
        (RAISED, False, True, True, "not started", "ValueError: no such column"),
        (DIED, True, False, True, "exited", "its process died in step 2"),
        (DIED, True, False, False, "node lost", "its node went away in step 2"),
        (DIED, True, True, False, "exited", "its process died in step 2"),
        (
            "The node has died: it was preempted",
            True,
            False,
            True,
            "node lost",
            "its node went away in step 2",
        ),
        ("no room\n", False, True, True, "not started", "no room"),
        (
            "killed by the memory monitor",
            True,
            False,
            True,
            "out of memory",
            "killed when the node ran out of memory",
        ),
    ],
)
def test_what_ray_says_is_told_as_a_kind_of_failure(
    text: str, begun: bool, silent: bool, stands: bool, kind: str, message: str
) -> None:
    from search.runners.ray_tune.crashes import failure_of_process

    told = failure_of_process(
        text, trial(begun), None, silent=silent, node_stands=lambda: stands, log="trials/t00003/x.txt"
    )
    assert (told.kind, told.message, told.log) == (kind, message, "trials/t00003/x.txt")


def test_what_the_process_said_of_its_memory_comes_first() -> None:
    from search.runners.ray_tune.crashes import failure_of_process

    told = failure_of_process(
        DIED, trial(True), "wanted more than 2 GB", silent=False, node_stands=lambda: False, log="x.txt"
    )
    assert (told.kind, told.message) == ("out of memory", "wanted more than 2 GB")


def test_what_is_kept_of_an_error_has_neither_colours_nor_secrets(tmp_path: Path) -> None:
    from search.runners.ray_tune.crashes import error_text, telling_line

    (tmp_path / "error.txt").write_text(RAISED + "OSError: postgresql://me:hunter2@db/runs\n")
    kept: Any = SimpleNamespace(error_file=str(tmp_path / "error.txt"))
    assert "\x1b" not in error_text(kept)
    assert "hunter2" not in error_text(kept)
    assert telling_line(error_text(kept)).startswith("OSError: postgresql://me:")
    gone: Any = SimpleNamespace(error_file=None)
    assert telling_line(error_text(gone)) == "Ray kept no error of this trial"
