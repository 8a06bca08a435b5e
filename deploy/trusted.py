"""Fitted objects of Python in files of skops, which name the types of what they hold: only types listed here are made.

No pickle: what is read is data, and what it may become is fixed in this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
        return skops.loads(content, trusted=list(TRUSTED))
    except ModelError:
        raise
    except Exception as error:  # a cut archive, a type that is gone, a version that cannot be read
        raise ModelError(
            f"{file} cannot be read: {type(error).__name__}: {error}. Compare the installed versions with "
            "requirements.txt beside it"
        ) from error


def _skops() -> Any:
    try:
        import skops.io
    except ImportError as error:
        raise DeployError(
            "a model folder is written and read through skops: pip install 'tuneyard[deploy]'"
        ) from error
    return skops.io
