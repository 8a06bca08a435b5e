"""What the training data and the predictions looked like, so that anybody can tell later whether they have changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from deploy.errors import ModelError
from deploy.schema import Schema
from trainables.data.dataset import Array

if TYPE_CHECKING:
    from deploy.trained import Trained

__all__ = ["Distribution", "Reference", "columns_of", "outputs_of", "reference_of"]

BINS = 10
LABELS = 100
"""Labels of a category that have a share of their own; the rest are "(other)"."""

MOST_SINGLE = 0.01
"""Of the values, the share of labels that occur once, above which training cannot have seen nearly all labels."""

OTHER = "(other)"


@dataclass(frozen=True)
class Distribution:
    """How one column, or one figure of a prediction, was distributed.

    Attributes:
        name: of the column.
        kind: "number" (dates as days since 1970) or "category".
        rows: how many the shares were counted in, the missing ones included.
        missing: share of them.
        edges: of a number the inner edges of its bins, ascending: deciles of what is known, equal ones once. A value
            belongs to bin `numpy.searchsorted(edges, value, side="right")`; the outer bins are open.
        labels: of a category, the most frequent first, at most 100, then "(other)" where there are or may be more.
        shares: of the known values in each bin (one more than edges) or of each label; they add up to 1.
        mean, deviation: of a number's known values; None of a category.
    """

    name: str
    kind: Literal["number", "category"]
    rows: int
    missing: float
    edges: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    mean: float | None = None
    deviation: float | None = None

    @classmethod
    def of(cls, name: str, values: Sequence[Any] | Array) -> Distribution:
        """Of numbers (NaN where missing), or of labels (None where missing).

        Where labels are many or rare, every other value says which have a share of their own, and the rest how large it
        is: counted in the values that chose them, they would be too frequent by chance, and all later values drifted.
        """
        array = np.asarray(values)
        if array.dtype.kind in "iufb":
            return cls._of_numbers(name, array.astype(np.float64))
        known = [str(value) for value in values if value is not None and value == value]
        missing, counted = 1 - len(known) / max(len(array), 1), known
        chosen, few = _frequent(known), sum(count == 1 for count in Counter(known).values())
        rows = len(array)
        if len(set(known)) > LABELS or few > MOST_SINGLE * len(known):
            chosen, counted, rows = _frequent(known[::2]), known[1::2], rows // 2
        counts = Counter(counted)
        labels, shares = list(chosen), [counts.pop(label, 0) / max(len(counted), 1) for label in chosen]
        if counts or counted is not known:
            labels.append(OTHER)
            shares.append(sum(counts.values()) / max(len(counted), 1))
        return cls(name, "category", rows, missing, (), tuple(labels), tuple(shares))

    @classmethod
    def _of_numbers(cls, name: str, values: Array) -> Distribution:
        known = values[np.isfinite(values)]
        missing = 1 - len(known) / max(len(values), 1)
        if not len(known):
            return cls(name, "number", len(values), missing, (), (), (1.0,))
        deciles = np.unique(np.quantile(known, np.arange(1, BINS) / BINS))
        found = cls(name, "number", len(values), missing, tuple(map(float, deciles)))
        counts = found.counts(known)
        return cls(
            name, "number", len(values), missing, found.edges, (),
            tuple(map(float, counts / len(known))), float(known.mean()), float(known.std()),
        )  # fmt: skip

    def counts(self, values: Sequence[Any] | Array) -> Array:
        """How many of other values fall into each bin, or have each label (one that is not listed counts as the last
        where that is "(other)", else it is one more at the end); missing ones are left out."""
        if self.kind == "number":
            array = np.asarray(values, dtype=np.float64)
            bins = np.searchsorted(self.edges, array[np.isfinite(array)], side="right")
            return np.bincount(bins, minlength=len(self.edges) + 1)
        places = {label: place for place, label in enumerate(self.labels)}
        last = places.get(OTHER, len(self.labels))
        known = [str(value) for value in values if value is not None and value == value]
        found = np.array([places.get(label, last) for label in known], dtype=np.int64)
        return np.bincount(found, minlength=last + 1)


def _frequent(labels: Sequence[str]) -> list[str]:
    """The most frequent first, at most `LABELS`, equals in the order of the alphabet."""
    counts = Counter(labels)
    return sorted(counts, key=lambda label: (-counts[label], label))[:LABELS]


@dataclass(frozen=True)
class Reference:
    """The distributions behind a model.

    Attributes:
        columns: of the raw training rows, see `columns_of`.
        outputs: of the predictions for the validation rows, see `outputs_of`.
    """

    columns: tuple[Distribution, ...]
    outputs: tuple[Distribution, ...]

    def to_json(self) -> dict[str, Any]:
        """As `from_json` takes it."""
        return {
            part: [
                {
                    key: list(value) if isinstance(value, tuple) else value
                    for key, value in asdict(each).items()
                }
                for each in held
            ]
            for part, held in (("columns", self.columns), ("outputs", self.outputs))
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Reference:
        """What `to_json` gave.

        Raises:
            ModelError: it is something else.
        """
        try:
            return cls(*(tuple(map(_read, said[part])) for part in ("columns", "outputs")))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(
                f"reference.json holds no distributions: {error!r}; export the model again"
            ) from error


def _read(said: Mapping[str, Any]) -> Distribution:
    lists = {name: tuple(said[name]) for name in ("edges", "labels", "shares")}
    return Distribution(**{**said, **lists})


def columns_of(schema: Schema, raw: Any) -> dict[str, Array]:
    """What is watched of raw rows, by name: float64 (rows,) with NaN, or objects (rows,) with None.

    Of a table its columns (a date as days since 1970, a text as its number of words); of pictures "brightness" and
    "contrast" (mean and deviation of the pixels, 0 to 255); of texts "words" and "characters"; of series "mean" and
    "deviation".

    Args:
        raw: rows as `Schema.check` gives them.
    """
    if schema.columns:
        found: dict[str, Array] = {}
        for column in schema.columns:
            values = raw[column.name]
            if column.kind == "number":
                found[column.name] = values.to_numpy(dtype=np.float64)
            elif column.kind == "date":
                moments = values.to_numpy().astype("datetime64[us]")
                days = moments.astype(np.float64) / 86_400e6
                found[column.name] = np.where(np.isnat(moments), np.nan, days)
            elif column.kind == "text":
                found[column.name] = np.array(
                    [len(cell.split()) if isinstance(cell, str) else np.nan for cell in values], np.float64
                )
            else:
                cells = [None if cell is None or cell != cell else str(cell) for cell in values]
                found[column.name] = np.array(cells, dtype=object)
        return found
    if schema.modality == "text":
        words = np.array([len(text.split()) for text in raw], np.float64)
        return {"words": words, "characters": np.array([len(text) for text in raw], np.float64)}
    flat = np.asarray(raw, np.float64).reshape(len(raw), -1)
    names = ("brightness", "contrast") if schema.modality == "images" else ("mean", "deviation")
    known = np.isfinite(flat)
    count = np.maximum(known.sum(axis=1), 1)
    mean = np.where(known, flat, 0.0).sum(axis=1) / count
    spread = np.sqrt((np.where(known, flat - mean[:, None], 0.0) ** 2).sum(axis=1) / count)
    return {names[0]: mean, names[1]: spread}


def outputs_of(schema: Schema, outputs: Array) -> dict[str, Array]:
    """What is watched of predictions: "label" and "confidence" (the largest probability), or "value" (of several
    values a row their mean).

    Args:
        outputs: probabilities (rows, classes), or values (rows,) or (rows, horizon).
    """
    if schema.labels:
        labels = np.array(schema.labels, dtype=object)[outputs.argmax(axis=1)]
        return {"label": labels, "confidence": outputs.max(axis=1)}
    return {"value": outputs.mean(axis=1) if outputs.ndim == 2 else outputs}


def reference_of(trained: Trained) -> Reference:
    """Of the training rows of a trained trial, and of what it predicts for the validation rows."""
    schema = trained.schema
    columns = columns_of(schema, trained.raw("train"))
    outputs = outputs_of(schema, trained.predict(trained.data.valid_x))
    return Reference(
        tuple(Distribution.of(name, values) for name, values in columns.items()),
        tuple(Distribution.of(name, values) for name, values in outputs.items()),
    )
