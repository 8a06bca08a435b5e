"""Check a trained trial, and write what was found: a page and its numbers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.errors import DeployError
from deploy.trained import Trained
from deploy.validation.against import shown_name
from deploy.validation.checks import attacks, calibration, explanations, robustness, shift, slices
from deploy.validation.finding import Result
from deploy.validation.subject import Subject
from search.errors import SettingsError
from search.report.contents import finite
from trainables.errors import nearest

if TYPE_CHECKING:
    from search.run import Run

__all__ = ["CHECKS", "FORMAT", "validate", "write_validation"]

FORMAT = 1
"""Raised when a key of validation.json changes its meaning or goes; new keys do not raise it."""

CHECKS: dict[str, Callable[[Subject], Result]] = {
    "attacks": attacks,
    "robustness": robustness,
    "calibration": calibration,
    "explanations": explanations,
    "slices": slices,
    "shift": shift,
}
"""Name -> check, in the order of the page."""


def validate(
    run: Run,
    trial: str | int | None = None,
    *,
    checks: Sequence[str] = (),
    against: str | None = None,
    seed: int = 0,
    trust: bool = False,
) -> dict[str, Any]:
    """Ask a trained trial everything that should be known before it is shipped; nothing is written.

    Args:
        run: with checkpoints.
        trial: as of `Trained.open`; None = the confirmed winner, else the best trial.
        checks: names of `CHECKS`; () = all.
        against: a file, folder or URL whose rows are compared with the training rows.
        seed: of all that is drawn: rows, noise, starts of attacks, shuffles.
        trust: as of `Trained.open`.

    Returns:
        The contents of validation.json (docs/validate.md), JSON throughout: what is not finite is None.

    Raises:
        SettingsError: an unknown check, or a file that none reads. DeployError: the trial cannot be opened. RunNotFoundError, TrustError, DataError: as of
            `Trained.open` and the source.
    """
    chosen = chosen_checks(checks, against)
    trained = Trained.open(run, trial, trust=trust)
    subject = Subject(trained, seed=seed, against=against)
    found: dict[str, Any] = {}
    findings: list[dict[str, Any]] = []
    for name in chosen:
        began = time.perf_counter()
        result = CHECKS[name](subject)
        findings += [each.to_json(name) for each in result.findings]
        found[name] = {**result.numbers, "seconds": round(time.perf_counter() - began, 2)}
    data = trained.data
    whole: dict[str, Any] = finite(
        {
            "format": FORMAT,
            "run": run.name,
            "trial": trained.trial.id,
            "confirmed": trained.confirmed,
            "step": trained.step,
            "note": trained.note,
            "trainable": trained.ref,
            "task": trained.task,
            "modality": trained.modality,
            "view": trained.view,
            "source": shown_name(trained.records.name),
            "rows": {"train": len(data.train_x), "valid": len(data.valid_x), "asked": len(subject.y)},
            "measure": subject.measure,
            "score": subject.score(subject.each(subject.outputs)).to_json(),
            "seed": seed,
            "against": None if against is None else found["shift"]["against"]["name"],
            "findings": findings,
            "checks": found,
        }
    )
    return whole


def chosen_checks(names: Sequence[str], against: str | None) -> list[str]:
    """The checks to be made, in the order of the page.

    Raises:
        SettingsError: there is no such check, or a file is given and nothing would read it.
    """
    for name in names:
        if name not in CHECKS:
            raise SettingsError(f"there is no check {name!r}; {nearest(name, CHECKS)}")
    chosen = [name for name in CHECKS if not names or name in names]
    if against is not None and "shift" not in chosen:
        raise SettingsError("a file to compare with is read by the check shift; add it: --checks shift")
    return chosen


def write_validation(run: Run, found: dict[str, Any]) -> Path:
    """Write index.html and validation.json into the run directory; returns the path of the page.

    Raises:
        DeployError: the run has no directory, or its folder leads out of it.
    """
    from deploy.validation.page import render_validation
    from search.paths import write_atomic
    from search.trust import unwritable_by_others

    if run.paths is None:
        raise DeployError(f"{run.name} has no directory to write to")
    out = run.paths.validation(f"{'confirm-' if found['confirmed'] else ''}{found['trial']}")
    if not out.resolve().is_relative_to(run.paths.root.resolve()):
        raise DeployError(f"{out} leads out of the run directory, to {out.resolve()}; remove the link")
    text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
    with unwritable_by_others():
        write_atomic(out / "validation.json", text + "\n")
        write_atomic(out / "index.html", render_validation(found))
    return out / "index.html"
