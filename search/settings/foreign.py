"""Keys that other tools' sweep files have: each with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search.settings.document import Document

__all__ = ["foreign_keys", "rungs_of_wandb"]

# W&B keys without a meaning here that change nothing about the search
_WITHOUT_MEANING = {
    "project": "runs are kept below `storage`",
    "entity": "runs are kept below `storage`",
    "controller": "every sweep is controlled where it is started",
}

# W&B keys that say what to execute; a trainable says it here
_LAUNCHED = {
    "program": "W&B starts it as a script; here a function or class in it is called",
    "command": "W&B starts it as a command; here a function or class is called",
}

_REFUSED = {
    "prior_runs": "write warm_start: [RUN], with runs of this tool",
    "job": "W&B Launch jobs are not read; name the code to train: trainable: path/to/file.py:NAME",
    "image_uri": "W&B Launch images are not read; name the code to train: trainable: path/to/file.py:NAME",
    "scheduler": "W&B Launch schedulers are not read; to stop trials early write early_terminate: {type: asha}",
}


def foreign_keys(document: Document) -> tuple[dict[str, Any], list[str], list[str]]:
    """(the document's data without these keys, problems, notes), one line each."""
    problems, notes = [], []
    has_trainable = document.data.get("trainable") is not None
    for key, value in document.data.items():
        if key in _REFUSED:
            problems.append(document.problem((key,), _REFUSED[key]))
        elif key in _WITHOUT_MEANING:
            notes.append(
                document.problem((key,), f"has no meaning here and is left out; {_WITHOUT_MEANING[key]}")
            )
        elif key in _LAUNCHED and has_trainable:
            notes.append(
                document.problem((key,), f"left out, as trainable says what to train; {_LAUNCHED[key]}")
            )
        elif key in _LAUNCHED:
            file = value if key == "program" and isinstance(value, str) else "path/to/file.py"
            problems.append(
                document.problem(
                    (key,), f"{_LAUNCHED[key]}; write trainable: {file}:NAME, or --set trainable={file}:NAME"
                )
            )
    foreign = {*_REFUSED, *_WITHOUT_MEANING, *_LAUNCHED}
    return {key: value for key, value in document.data.items() if key not in foreign}, problems, notes


def rungs_of_wandb(scheduler: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of `early_terminate` with W&B's `s` said as `min_iter`.

    W&B's hyperband compares at max_iter / eta, max_iter / eta**2, ..., s times; the last of these is the first rung.
    """
    s, last, eta = options.get("s"), options.get("max_iter"), options.get("eta", 3)
    counts = all(isinstance(each, int) and not isinstance(each, bool) and each > 0 for each in (s, last, eta))
    if scheduler != "hyperband" or not counts or "min_iter" in options:
        return dict(options)
    assert isinstance(s, int) and isinstance(last, int)  # noqa: PT018 - `counts` says so
    rest = {name: value for name, value in options.items() if name != "s"}
    first = last
    for _ in range(min(s, last.bit_length())):  # no more halvings than leave anything
        first //= eta
    return {"min_iter": max(1, first), **rest}
