"""Why the process of a trial is gone, told from what Ray kept of its end."""

from __future__ import annotations

import re
from collections.abc import Callable

from ray.tune.experiment import Trial as TuneTrial

from search.trial import Failure, Trial

__all__ = ["error_text", "failure_of_process", "telling_line"]

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def failure_of_process(
    text: str, trial: Trial, account: str | None, *, silent: bool, node_stands: Callable[[], bool], log: str
) -> Failure:
    """Whose fault it was: the trial's, its memory's, its node's, or that of the start.

    `text`: what Ray says. `account`: what the process itself said of its memory (`memory.taken_account`). `silent`: it has said
    nothing since it was last handed out. `log`: where `text` is kept.
    """
    unstarted = silent and not trial.attempts
    if account:
        return Failure("out of memory", account, log)
    if "OutOfMemory" in text or "memory monitor" in text:
        return Failure("out of memory", "killed when the node ran out of memory", log)
    if "ray::" in text and "ActorDiedError" not in text:  # an exception came back, so the process lives
        return Failure("not started" if unstarted else "raised", telling_line(text), log)
    if "node has died" in text or not (silent or node_stands()):
        return Failure("node lost", f"its node went away in step {trial.steps + 1}", log)
    if unstarted:
        return Failure("not started", telling_line(text), log)
    return Failure("exited", f"its process died in step {trial.steps + 1}", log)


def error_text(tune_trial: TuneTrial) -> str:
    """What Ray kept of the error of a trial of Tune's: the end of it, without colours and secrets."""
    from search.settings.secrets import scrubbed  # what Ray quotes is the user's library's, and it is kept

    try:
        with open(tune_trial.error_file) as file:
            return scrubbed(_ANSI.sub("", file.read()[-20_000:]))
    except (OSError, TypeError):
        return "Ray kept no error of this trial\n"


def telling_line(text: str) -> str:
    """The line of a traceback that says what happened: the last one that is not indented."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith((" ", "\t"))]
    return lines[-1][:500] if lines else "no message"
