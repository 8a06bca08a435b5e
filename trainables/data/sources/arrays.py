"""Arrays by name become `Records`: x the inputs, y the targets, whatever else has a value a row beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainables.data.dataset import Array, Repair
from trainables.data.records import Records
from trainables.data.section import Modality, Section
from trainables.data.sources.fingerprint import fingerprint_of
from trainables.data.sources.origin import Origin
from trainables.errors import DataError, nearest

__all__ = ["records_of_arrays"]

NAMES = ("feature_names", "labels", "target_names")
"""Arrays of names, which have no value a row."""

_BY_DIMENSIONS: dict[int, Modality] = {2: "table", 3: "series", 4: "images"}


def records_of_arrays(arrays: Mapping[str, Array], section: Section, origin: Origin) -> Records:
    """The records of arrays by name.

    Args:
        arrays: "x": (rows, columns), (rows, length, channels) of series, or (rows, height, width, channels) of
            images; three dimensions are grey images where `modality` says images, and texts may be one
            dimension of str. "y", or the name that `data.target` gives: (rows,), labels or numbers; it may be
            left out. "feature_names", and "labels" or "target_names", the classes where y numbers them from
            0. Others of one value a row become the columns of `Records.extra`.
        section: the data section.
        origin: for messages.

    Raises:
        DataError: an array is missing, of another length, of a type that holds no numbers, or not finite.
    """
    for column, kind in section.columns().items():
        raise DataError(f"data.columns.{kind}: {origin.name} holds arrays, which have no column {column!r}")
    target = section["target"] or "y"
    if "x" not in arrays:
        raise DataError(
            f"{origin.name}: holds no array x, the inputs; it holds {', '.join(arrays) or 'none'}"
        )
    if section["target"] is not None and target not in arrays:
        raise DataError(f"data.target: {origin.name} holds no array {target!r}; {nearest(target, arrays)}")
    x = arrays["x"]
    rows = len(x) if x.ndim else 0
    if not rows:
        raise DataError(f"{origin.name}: x holds no rows")
    targets = _targets(arrays[target], rows, target, origin) if target in arrays else None
    labels = _labels(arrays, targets, origin)
    extra = _extra(
        {name: a for name, a in arrays.items() if name not in ("x", target, *NAMES)}, rows, section, origin
    )
    modality = section["modality"] or ("text" if x.ndim == 1 else _BY_DIMENSIONS.get(x.ndim))
    repairs: tuple[Repair, ...] = ()
    texts: tuple[str, ...] | None = None
    names: tuple[str, ...] = ()
    if modality == "text":
        if x.ndim != 1 or not all(isinstance(each, str) for each in x.tolist()):
            raise DataError(f"{origin.name}: texts are an array x of one dimension of str, not {_said(x)}")
        texts = tuple(str(each) for each in x)
    elif modality == "images":
        x, repairs = _images(x, origin)
    elif modality is None or x.ndim != {"table": 2, "series": 3}[modality]:
        raise DataError(
            f"{origin.name}: x is {_said(x)}; a table is (rows, columns), series are (rows, length, channels), "
            "images (rows, height, width, channels)"
        )
    else:
        x = _finite(x, origin)
        names = _feature_names(arrays, x, origin) if modality == "table" else ()
    return Records(
        origin.name,
        modality,
        origin.places,
        fingerprint_of(texts if texts is not None else x, targets, extra),
        array=None if texts is not None else x,
        texts=texts,
        targets=targets,
        extra=extra,
        labels=labels,
        feature_names=names,
        repairs=repairs,
    )


def _targets(y: Array, rows: int, name: str, origin: Origin) -> Array:
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.shape != (rows,):
        raise DataError(
            f"{origin.name}: {name} is {_said(y)} where x has {rows} rows; it holds one value a row"
        )
    if y.dtype.kind in "iu":
        return y.astype(np.int64)
    if y.dtype.kind == "f":
        odd = np.flatnonzero(~np.isfinite(y)).tolist()
        if odd:
            raise DataError(
                f"{origin.at(odd[0])}: {name} is {y[odd[0]]}, as {len(odd)} of {rows} are not finite"
            )
        return y.astype(np.float64)
    if y.dtype.kind == "b":
        return np.where(y, "true", "false").astype(object)
    for index, label in enumerate(y.tolist()):
        if not isinstance(label, str) or not label:
            raise DataError(f"{origin.at(index)}: {name} is {label!r}; a target is a number or a label (str)")
    return y.astype(object)


def _labels(arrays: Mapping[str, Array], targets: Array | None, origin: Origin) -> tuple[str, ...]:
    given = next((arrays[name] for name in ("labels", "target_names") if name in arrays), None)
    if given is None or targets is None or targets.dtype != np.int64:
        return ()
    labels = tuple(str(label) for label in given.tolist())
    if targets.min() < 0 or targets.max() >= len(labels):
        raise DataError(
            f"{origin.name}: y numbers classes from {targets.min()} to {targets.max()}, labels names {len(labels)}"
        )
    empty = [label for code, label in enumerate(labels) if not (targets == code).any()]
    if empty:
        raise DataError(
            f"{origin.name}: no row is of class {empty[0]!r} ({len(empty)} of {len(labels)} are empty)"
        )
    return labels


def _extra(arrays: Mapping[str, Array], rows: int, section: Section, origin: Origin) -> Any:
    import pandas as pd

    beside = {name: array for name, array in arrays.items() if array.shape == (rows,)}
    for option in ("split.group", "split.time"):
        if section[option] is not None and section[option] not in beside:
            raise DataError(
                f"data.{option}: {origin.name} holds no array {section[option]!r} of one value a row; "
                f"{nearest(section[option], beside)}"
            )
    if not beside:
        return None
    return pd.DataFrame({name: _column(array) for name, array in beside.items()})


def _column(array: Array) -> Array:
    if array.dtype.kind in "SUb":
        return array.astype(str).astype(object)
    return array


def _images(x: Array, origin: Origin) -> tuple[Array, tuple[Repair, ...]]:
    """uint8 (rows, height, width, channels), and what was changed to get there."""
    repairs: tuple[Repair, ...] = ()
    if x.ndim == 3:
        x = x[..., None]
    if x.ndim == 4 and x.shape[3] not in (1, 3) and x.shape[1] in (1, 3):
        x = np.moveaxis(x, 1, 3)
        repairs += (Repair("images with their channels first, which were put last", len(x)),)
    if x.ndim != 4 or x.shape[3] not in (1, 3):
        raise DataError(
            f"{origin.name}: x is {_said(x)}; images are (rows, height, width, channels), 1 or 3 channels"
        )
    if x.dtype != np.uint8:
        x = _finite(x, origin)
        low, high = float(x.min()), float(x.max())
        if low < 0 or high > 255:
            raise DataError(
                f"{origin.name}: pixels lie between {low:g} and {high:g}; write them as 0 to 255, or 0 to 1"
            )
        scale = 255.0 if high <= 1 else 1.0
        if scale > 1 or (x % 1).any():
            what = (
                "from 0 to 1, multiplied by 255 and rounded"
                if scale > 1
                else "between whole numbers, rounded"
            )
            repairs += (Repair(f"images with pixels {what}", len(x)),)
        x = np.round(x * scale).astype(np.uint8)
    return np.ascontiguousarray(x), repairs


def _finite(x: Array, origin: Origin) -> Array:
    """float64, in which NaN is a missing value."""
    if x.dtype.kind not in "iufb":
        raise DataError(f"{origin.name}: x is {_said(x)}; it holds numbers")
    x = x.astype(np.float64)
    infinite = np.isinf(x).reshape(len(x), -1)
    if infinite.any():
        row = int(np.flatnonzero(infinite.any(axis=1))[0])
        raise DataError(
            f"{origin.at(row)}: x is infinite in column {int(np.flatnonzero(infinite[row])[0]) + 1}"
        )
    return x


def _feature_names(arrays: Mapping[str, Array], x: Array, origin: Origin) -> tuple[str, ...]:
    if "feature_names" not in arrays:
        return tuple(f"x{column}" for column in range(x.shape[1]))
    names = tuple(str(name) for name in arrays["feature_names"].tolist())
    if len(names) != x.shape[1] or len(set(names)) != len(names):
        raise DataError(
            f"{origin.name}: feature_names are {len(set(names))} different names for {x.shape[1]} columns"
        )
    return names


def _said(array: Array) -> str:
    return f"{array.dtype} {array.shape}"
