"""Fitted objects of Python in files of skops, which name the types of what they hold: only types listed here are made.

No pickle: what is read is data, and what it may become is fixed in this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deploy.errors import DeployError, ModelError

__all__ = ["TRUSTED", "read_object", "write_object"]

_DATA = (
    "cleaning.Filler",
    "cleaning.Outliers",
    "columns.Columns",
    "encoding.CategoryEncoder",
    "features.Features",
    "features.Numbers",
    "features.Products",
    "preparation.ImageFeatures",
    "preparation.ImagePixels",
    "preparation.RawTexts",
    "preparation.TableFeatures",
    "preparation.TextFeatures",
    "preparation.TextTokens",
    "preparation.Traces",
    "scaling.Scaler",
    "section.Section",
    "selection.Selection",
    "steps.Steps",
    "windows.Windows",
    "words.Ngrams",
    "words.Tfidf",
    "words.Vocabulary",
)

TRUSTED: tuple[str, ...] = (
    *(f"trainables.data.{name}" for name in _DATA),
    "trainables.data.dataset.Repair",
    "trainables.classical.growth.Columns",
    # what scikit-learn's estimators hold inside, and skops does not know by itself
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "numpy.dtype",
    "sklearn.impute._iterative.IterativeImputer",
    "sklearn.impute._iterative._ImputerTriplet",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.metrics._dist_metrics.MinkowskiDistance64",
    "sklearn.model_selection._split.KFold",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
)

_PLAIN = (str, bytes, int, float, type(None))


def write_object(fitted: Any, file: Path, what: str) -> None:
    """Write a fitted object.

    Args:
        what: it is, for messages.

    Raises:
        DeployError: skops is not installed, or the object holds a type that is not trusted.
    """
    skops = _skops()
    try:
        content = skops.dumps(fitted)
    except Exception as error:
        raise DeployError(
            f"{what} cannot be stored by skops: {error}. Export it with --format onnx, or build it from the "
            "estimators of scikit-learn alone"
        ) from error
    unknown = sorted(set(skops.get_untrusted_types(data=content)) - set(TRUSTED))
    if unknown:
        raise DeployError(
            f"{what} holds {', '.join(unknown[:5])}, which no reader of a model would trust. Export it with --format "
            "onnx, or build it from the estimators of scikit-learn alone"
        )
    file.write_bytes(content)


def read_object(file: Path) -> Any:
    """What `write_object` wrote.

    Raises:
        ModelError: it cannot be read, or holds a type that is not trusted.
        DeployError: skops is not installed.
    """
    skops = _skops()
    try:
        content = file.read_bytes()
        unknown = sorted(set(skops.get_untrusted_types(data=content)) - set(TRUSTED))
        if unknown:
            raise ModelError(
                f"{file} holds {', '.join(unknown[:5])}, which is not trusted; it was not opened"
            )
        found = skops.loads(content, trusted=list(TRUSTED))
        if _reads_files(found):
            raise ModelError(
                f"{file} holds a vectorizer that takes texts for the names of files and would read them (input='filename'); it "
                "is not used"
            )
        return found
    except ModelError:
        raise
    except Exception as error:  # a cut archive, a type that is gone, a version that cannot be read
        raise ModelError(
            f"{file} cannot be read: {type(error).__name__}: {error}. Compare the installed versions with "
            "requirements.txt beside it"
        ) from error


def _reads_files(found: Any) -> bool:
    """Whether anything in an object is a text vectorizer of scikit-learn that opens what it is asked about."""
    waiting, met = [found], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) in met or isinstance(each, _PLAIN):
            continue
        met.add(id(each))
        if isinstance(each, Mapping):
            waiting += each.values()
        elif isinstance(each, list | tuple | set):
            waiting += each
        elif isinstance(each, np.ndarray):
            waiting += each.ravel().tolist() if each.dtype.kind == "O" else []
        else:
            held = getattr(each, "__dict__", {})
            if isinstance(held.get("input"), str) and held["input"] in ("filename", "file"):
                return True
            waiting += held.values()
    return False


def _skops() -> Any:
    try:
        import skops.io
    except ImportError as error:
        raise DeployError(
            "a model folder is written and read through skops: pip install 'tuneyard[deploy]'"
        ) from error
    return skops.io
