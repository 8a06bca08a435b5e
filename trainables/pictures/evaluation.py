"""All pictures of one evaluation, and the same in numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trainables.data.dataset import Dataset
from trainables.pictures.agreement import draw_agreement, draw_series
from trainables.pictures.canvas import shorten
from trainables.pictures.confusion import draw_confusion
from trainables.pictures.curves import draw_precision_recall, draw_roc
from trainables.pictures.tiles import draw_misclassified
from trainables.scoring import confusion_matrix, scores

__all__ = ["draw_evaluation"]

Floats = npt.NDArray[np.floating]

_MOST_LISTED = 100
_MOST_TILES = 24


def draw_evaluation(directory: Path, dataset: Dataset, outputs: Floats) -> None:
    """Write the pictures of a model's predictions on the validation rows into `directory`.

    Classification: confusion.png, pr.png, roc.png, and of images misclassified.png (24 at most, the most certain
    mistakes first). Regression and forecasting: predictions.png; forecasting also series.png. Always evaluation.json:

    ```
    {"task": ..., "source": ..., "rows": 360, "scores": {"accuracy": 0.97, ...},      null: not a finite number
     "labels": [...], "confusion": [[...], ...],                                      classification
     "mistakes": [{"row": 17, "true": "3", "predicted": "8", "probability": 0.93}]}
    ```

    `mistakes` are 100 at most, the most certain (of numbers: the largest errors) first; `row` counts the rows of the
    source from 0; of texts, `text` holds the words that the model saw. Where an output is not a finite number, only
    evaluation.json is written.

    Args:
        directory: exists.
        dataset: what the model was trained with.
        outputs: for the validation rows: class probabilities (rows, classes), or predictions of the shape of `valid_y`.

    Raises:
        ValueError: outputs of another shape, or a generation, which has no right answers.
        OSError: a file cannot be written.
    """
    y = dataset.valid_y
    found: dict[str, Any] = {"task": dataset.task, "source": dataset.source, "rows": len(y)}
    found["scores"] = {name: _plain(value) for name, value in scores(dataset.task, outputs, y).items()}
    sound = len(y) > 0 and bool(np.isfinite(outputs).all())
    if dataset.task == "classification":
        found |= _classes(directory, dataset, outputs, draw=sound)
    else:
        found |= _numbers(directory, dataset, outputs.reshape(y.shape), draw=sound)
    lines = ",\n".join(f'"{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in found.items())
    (directory / "evaluation.json").write_text("{\n" + lines + "\n}\n", encoding="utf-8")


def _classes(directory: Path, dataset: Dataset, outputs: Floats, *, draw: bool) -> dict[str, Any]:
    labels = [str(label) for label in dataset.labels] or [str(c) for c in range(outputs.shape[1])]
    if not draw:
        return {"labels": labels}
    y = dataset.valid_y
    predicted = outputs.argmax(axis=1)
    counts = confusion_matrix(predicted, y, outputs.shape[1])
    draw_confusion(directory / "confusion.png", counts, labels)
    draw_precision_recall(directory / "pr.png", outputs, y, labels)
    draw_roc(directory / "roc.png", outputs, y, labels)
    certainty = outputs[np.arange(len(y)), predicted]
    wrong = np.flatnonzero(predicted != y)
    wrong = wrong[np.argsort(-certainty[wrong], kind="stable")]
    images = dataset.valid_x if dataset.view == "images" else dataset.valid_images
    if len(wrong) and images is not None:
        shown = wrong[:_MOST_TILES]
        short = [shorten(label, 14) for label in labels]
        captions = [
            (f"is {short[y[i]]}", f"taken for {short[predicted[i]]} {certainty[i]:.0%}") for i in shown
        ]
        title = f"{len(wrong)} of {len(y)} validation rows are misclassified"
        if len(wrong) > len(shown):
            title += f"; the {len(shown)} most certain mistakes"
        draw_misclassified(directory / "misclassified.png", images[shown], captions, title, images)
    mistakes = [
        {
            "row": int(dataset.valid_rows[i]),
            "true": labels[y[i]],
            "predicted": labels[predicted[i]],
            "probability": round(float(certainty[i]), 6),
            **_text(dataset, i),
        }
        for i in wrong[:_MOST_LISTED]
    ]
    return {"labels": labels, "confusion": counts.tolist(), "mistakes": mistakes}


def _numbers(directory: Path, dataset: Dataset, outputs: Floats, *, draw: bool) -> dict[str, Any]:
    if not draw:
        return {}
    y = dataset.valid_y
    draw_agreement(directory / "predictions.png", outputs, y)
    if dataset.task == "forecasting":
        draw_series(directory / "series.png", outputs, y)
    error = np.abs(outputs - y).reshape(len(y), -1).mean(axis=1)
    mistakes = [
        {
            "row": int(dataset.valid_rows[i]),
            "true": y[i].tolist(),
            "predicted": outputs[i].tolist(),
            **_text(dataset, i),
        }
        for i in np.argsort(-error, kind="stable")[:_MOST_LISTED]
    ]
    return {"mistakes": mistakes}


def _text(dataset: Dataset, index: int) -> dict[str, str]:
    if dataset.view == "texts":
        return {"text": str(dataset.valid_x[index])}
    if dataset.view != "tokens":
        return {}
    return {"text": " ".join(dataset.vocabulary[token] for token in dataset.valid_x[index] if token)}


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
