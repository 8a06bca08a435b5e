"""Whether training and validation rows are alike, and rows of a new file like those of the training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deploy.validation.against import Against, read_against
from deploy.validation.columns import compare_columns
from deploy.validation.finding import Finding, Result
from deploy.validation.rows import Rows
from deploy.validation.rows.base import Array
from deploy.validation.shift import chi2, ks, two_sample
from deploy.validation.subject import Subject
from search.analysis.numbers import number, plural

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["shift"]

LEVEL = 0.05
JOINT_COLUMNS = 400
SHOWN = 25


def shift(subject: Subject) -> Result:
    """Every column by itself (Kolmogorov-Smirnov or chi-squared, Holm's correction; PSI beside it) and all of them
    jointly (a classifier two-sample test): of the two parts, and of the training rows and another file."""
    trained = subject.trained
    train, valid = subject.rows_of("train"), subject.rows_of("valid")
    parts = _compared(subject, train, trained.data.train_x, valid, trained.data.valid_x)
    parts["answers"] = _answers(subject, trained.data.train_y, trained.data.valid_y)
    findings = [_finding_of_parts(subject, parts)]
    numbers: dict[str, Any] = {"parts": parts, "against": None}
    if subject.against is not None:
        other = read_against(trained, subject.against)
        found = _compared(subject, train, trained.data.train_x, other.rows, other.x)
        found |= {"name": other.name, **_predictions(subject, other)}
        numbers["against"] = found
        findings += _findings_of_file(subject, found)
    return Result(tuple(findings), numbers)


def _compared(subject: Subject, a: Rows, a_x: Array, b: Rows, b_x: Array) -> dict[str, Any]:
    one, other = a.frame(), b.frame()
    columns = compare_columns(one, other)
    table = subject.trained.modality == "table"
    joint = (one, other) if table else (_plain(a_x), _plain(b_x))
    area, p = two_sample(*joint, seed=subject.seed)
    return {
        "rows": [len(a), len(b)],
        "columns": [each.to_json() for each in columns[:SHOWN]],
        "tested": len(columns),
        "shifted": [each.name for each in columns if each.adjusted <= LEVEL],
        "auc": area,
        "p": p,
    }


def _plain(x: Array) -> pd.DataFrame:
    """Prepared inputs as columns; of very many an even choice."""
    import pandas as pd

    flat = x.reshape(len(x), -1)
    if flat.shape[1] > JOINT_COLUMNS:
        flat = flat[:, np.linspace(0, flat.shape[1] - 1, JOINT_COLUMNS).astype(int)]
    if flat.dtype.kind not in "iuf":
        return pd.DataFrame({"words": [len(str(each).split()) for each in flat[:, 0]]})
    return pd.DataFrame(flat.astype(np.float64))


def _answers(subject: Subject, a: Array, b: Array) -> dict[str, Any]:
    if subject.classifies:
        classes = len(subject.trained.labels)
        statistic, p = chi2(np.bincount(a, minlength=classes), np.bincount(b, minlength=classes))
        return {"test": "chi2", "statistic": statistic, "p": p}
    statistic, p = ks(a.reshape(len(a), -1)[:, 0], b.reshape(len(b), -1)[:, 0])
    return {"test": "ks", "statistic": statistic, "p": p}


def _predictions(subject: Subject, other: Against) -> dict[str, Any]:
    """What the model says of the other file's rows beside what it says of the validation rows."""
    outputs = subject.trained.predict(other.x)
    if subject.classifies:
        classes = outputs.shape[1]
        counts = [np.bincount(each.argmax(axis=1), minlength=classes) for each in (subject.outputs, outputs)]
        tests = {
            "answers": dict(zip(("statistic", "p"), chi2(*counts), strict=True)),
            "confidence": dict(
                zip(("statistic", "p"), ks(subject.outputs.max(axis=1), outputs.max(axis=1)), strict=True)
            ),
        }
    else:
        one, two = (each.reshape(len(each), -1).mean(axis=1) for each in (subject.outputs, outputs))
        tests = {"answers": dict(zip(("statistic", "p"), ks(one, two), strict=True))}
    score = None
    if len(other.known):
        score = subject.score(subject.each(outputs[other.known], other.y)).to_json()
    return {
        "predictions": tests,
        "score": score,
        "valid": subject.score(subject.each(subject.outputs)).to_json(),
    }


def _finding_of_parts(subject: Subject, parts: dict[str, Any]) -> Finding:
    says = _said(parts, "training and validation rows")
    if not parts["shifted"] and parts["p"] > LEVEL and parts["answers"]["p"] > LEVEL:
        return Finding("pass", says)
    if parts["answers"]["p"] <= LEVEL and not parts["shifted"]:
        says += f" What is predicted differs between them (p = {number(parts['answers']['p'], 2)})."
    timed = subject.trained.section["split.time"] or subject.trained.task == "forecasting"
    grouped = subject.trained.section["split.group"]
    why = (
        "The parts follow each other in time: the data move, and the validation score is the honest one; validate again "
        "on the newest rows before you ship."
        if timed
        else f"Rows of one '{grouped}' stay together, so parts may differ; take more groups, or folds over them."
        if grouped
        else "Of alike parts one of the three tests (columns, jointly, answers) says so in up to one case of seven: look "
        "whether rows are ordered or repeated, or "
        "name `split.group` or `split.time`."
    )
    return Finding("warn", says, why)


def _findings_of_file(subject: Subject, found: dict[str, Any]) -> list[Finding]:
    says = _said(found, f"training rows and {found['name']}")
    shifted = bool(found["shifted"]) or found["p"] <= LEVEL
    advice = (
        f"Train again with such rows, and do not trust the validation score on {found['name']}."
        if shifted
        else ""
    )
    findings = [Finding("warn" if shifted else "pass", says, advice)]
    if (score := found["score"]) is not None:
        valid = found["valid"]
        worse = (
            score["interval"][1] < valid["interval"][0]
            if subject.classifies
            else score["interval"][0] > valid["interval"][1]
        )
        findings.append(
            Finding(
                "warn" if worse else "pass",
                f"On its {score['rows']:,} rows with an answer the {subject.measure} is {number(score['value'])} "
                f"({number(score['interval'][0])} to {number(score['interval'][1])}), on the validation rows "
                f"{number(valid['value'])}.",
                "Do not ship it for such rows before it was trained on some of them." if worse else "",
            )
        )
    return findings


def _said(found: dict[str, Any], what: str) -> str:
    shifted = found["shifted"]
    columns = (
        f"{len(shifted)} of {plural(found['tested'], 'column')} differ between {what}: "
        f"{', '.join(shifted[:4])}{', …' if len(shifted) > 4 else ''}"
        if shifted
        else f"None of {plural(found['tested'], 'column')} differs between {what}"
    )
    return f"{columns}; jointly a classifier tells them apart with AUC {number(found['auc'], 3)} (p = {number(found['p'], 2)})."
