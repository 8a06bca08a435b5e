"""Whether the stated probabilities come true; of values, how wide an interval has to be to hold."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from deploy.validation.calibration import (
    at_temperature,
    ece,
    ece_by_chance,
    fit_temperature,
    log_losses,
    reliability,
)
from deploy.validation.finding import Finding, Result, cannot_tell
from deploy.validation.intervals import mean_interval, share_interval
from deploy.validation.subject import Subject
from search.analysis.numbers import number, percent

__all__ = ["calibration"]

LEVEL = 0.05
COVERAGE = 0.9
FEWEST = 40


def calibration(subject: Subject) -> Result:
    """Reliability and its error, tested against chance; one temperature fitted on one half, measured on the other."""
    if len(subject.y) < FEWEST:
        return cannot_tell(
            f"{len(subject.y)} validation rows are too few to judge probabilities; {FEWEST} are needed."
        )
    return _classes(subject) if subject.classifies else _values(subject)


def _classes(subject: Subject) -> Result:
    rng = subject.generator("calibration")
    probabilities, y = subject.outputs, subject.y
    error = ece(probabilities, y)
    chance = ece_by_chance(probabilities, rng)
    p = float((1 + (chance >= error).sum()) / (1 + len(chance)))
    confidence = float(probabilities.max(axis=1).mean())
    accuracy = float(subject.each(probabilities).mean())
    order = rng.permutation(len(y))
    fitted, measured = order[: len(y) // 2], order[len(y) // 2 :]
    temperature = fit_temperature(probabilities[fitted], y[fitted])
    mended = at_temperature(probabilities[measured], temperature)
    gain = log_losses(probabilities[measured], y[measured]) - log_losses(mended, y[measured])
    interval = mean_interval(gain)
    numbers: dict[str, Any] = {
        "kind": "probabilities",
        "rows": len(y),
        "ece": error,
        "ece_by_chance": float(np.quantile(chance, 1 - LEVEL)),
        "p": p,
        "confidence": confidence,
        "accuracy": accuracy,
        "bins": [asdict(each) for each in reliability(probabilities, y)],
        "temperature": temperature,
        "measured_rows": len(measured),
        "before": {
            "ece": ece(probabilities[measured], y[measured]),
            "log_loss": float(log_losses(probabilities[measured], y[measured]).mean()),
        },
        "after": {"ece": ece(mended, y[measured]), "log_loss": float(log_losses(mended, y[measured]).mean())},
        "gain": float(gain.mean()),
        "gain_interval": list(interval),
    }
    says = (
        f"It is {percent(confidence)} sure on average and right in {percent(accuracy)}; calibration error "
        f"{number(error, 2)}, where chance alone gives up to {number(numbers['ece_by_chance'], 2)}."
    )
    if p > LEVEL:
        return Result((Finding("pass", says),), numbers)
    how = "too sure of itself" if confidence > accuracy else "less sure than it could be"
    helps = interval[0] > 0
    return Result(
        (
            Finding(
                "warn",
                f"{says} It is {how}.",
                f"Divide its logits by the temperature {number(temperature, 3)}: on the other half of the rows the log "
                f"loss falls by {number(float(gain.mean()), 2)}."
                if helps
                else "One temperature does not mend it on the other half of the rows: read its probabilities as a ranking.",
            ),
        ),
        numbers,
    )


def _values(subject: Subject) -> Result:
    """Split conformal intervals (Lei et al. 2018): half as wide as the errors on one half ask, covering on the other."""
    rng = subject.generator("calibration")
    rows = len(subject.y)
    true = subject.y.reshape(rows, -1)
    errors = subject.outputs.reshape(rows, -1) - true
    order = rng.permutation(rows)
    fitted, measured = order[: rows // 2], order[rows // 2 :]
    worst = np.abs(errors).max(axis=1)
    rank = min(1.0, np.ceil((len(fitted) + 1) * COVERAGE) / len(fitted))
    half = float(np.quantile(worst[fitted], rank, method="higher"))
    inside = float((worst[measured] <= half).sum())
    coverage = share_interval(inside, len(measured))
    bias = mean_interval(errors.mean(axis=1))
    mean = float(errors.mean())
    numbers = {
        "kind": "values",
        "rows": rows,
        "half_width": half,
        "asked": COVERAGE,
        "covered": inside / len(measured),
        "covered_interval": list(coverage),
        "bias": mean,
        "bias_interval": list(bias),
        "measured_rows": len(measured),
    }
    held = coverage[0] <= COVERAGE <= coverage[1] or inside / len(measured) >= COVERAGE
    findings = [
        Finding(
            "pass" if held else "warn",
            f"Prediction ± {number(half)} held {percent(inside / len(measured))} of {len(measured):,} rows that it was "
            f"not fitted on; {percent(COVERAGE)} were asked.",
            ""
            if held
            else "The rows are not alike (a trend, groups): fit such an interval on the newest rows.",
        )
    ]
    if bias[0] > 0 or bias[1] < 0:
        way = "high" if mean > 0 else "low"
        findings.append(
            Finding(
                "warn",
                f"It predicts too {way} by {number(abs(mean))} on average ({number(bias[0])} to {number(bias[1])}).",
                "Subtract that, or look for what changed between the training and the validation rows.",
            )
        )
    return Result(tuple(findings), numbers)
