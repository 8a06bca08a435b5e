"""The `data:` section of a sweep file: every option, its default and its rule, checked before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from spaces import flatten
from trainables.errors import DataError, nearest

__all__ = ["COLUMN_KINDS", "OPTIONS", "Modality", "Option", "Section", "Task", "read_section"]

Task = Literal["classification", "regression", "forecasting", "generation"]
Modality = Literal["table", "images", "text", "series"]

COLUMN_KINDS = ("number", "category", "text", "date", "ignore")


@dataclass(frozen=True)
class Option:
    """The rule of one option.

    Attributes:
        default: its value where the section leaves it out.
        kind: "text", "whole", "number", "switch", "names" (a list of column names, or one) or "any".
        low, high: bounds of a number, inclusive; None = none.
        choices: what a text may be; () = anything.
        help: one line, for the documentation.
    """

    default: Any
    kind: str
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()


def _text(default: str | None, help: str, *choices: str) -> Option:
    return Option(default, "text", help, choices=choices)


def _number(default: float, low: float, high: float | None, help: str) -> Option:
    return Option(default, "number", help, low, high)


def _whole(default: int, low: int, high: int | None, help: str) -> Option:
    return Option(default, "whole", help, low, high)


OPTIONS: dict[str, Option] = {
    # where the rows come from
    "source": _text(
        None, "a built-in data set, a file, a folder, a SQLAlchemy URL or package.module:function"
    ),
    "query": _text(None, "the SQL query whose rows are the data; only with a database URL"),
    "modality": _text(
        None, "what a row is, where the source does not say", "table", "images", "text", "series"
    ),
    "task": _text(
        None,
        "what is to be learnt; default: by the target",
        "classification",
        "regression",
        "forecasting",
        "generation",
    ),
    "target": _text(None, "the column to predict"),
    **{f"columns.{kind}": Option((), "names", f"columns to be read as {kind}") for kind in COLUMN_KINDS},
    "limit": _whole(0, 0, None, "use at most so many training rows, drawn with split.seed; 0 = all"),
    # cleaning
    "cleaning.missing": _text(
        "auto",
        "what stands for a missing number; auto: the median, in a series the last known value; "
        "drop: the training row goes (a validation row never does)",
        "auto",
        "median",
        "mean",
        "mode",
        "constant",
        "model",
        "interpolate",
        "drop",
    ),
    "cleaning.fill": _number(0.0, -1e300, 1e300, "the number for cleaning.missing: constant"),
    "cleaning.outliers": _text(
        "none",
        "how an outlying training value or row is recognised",
        "none",
        "iqr",
        "zscore",
        "isolation_forest",
    ),
    "cleaning.outlier_action": _text(
        "clip",
        "what becomes of it; drop: training rows only; flag: a feature says so",
        "clip",
        "drop",
        "flag",
    ),
    "cleaning.outlier_limit": _number(
        3.0, 0.1, 100.0, "iqr: multiples of the interquartile range; zscore: deviations"
    ),
    "cleaning.outlier_share": _number(
        0.02, 0.0, 0.5, "isolation_forest: the share of rows taken for outliers"
    ),
    "cleaning.duplicates": _text("keep", "rows that repeat another wholly", "keep", "drop"),
    "cleaning.smoothing": _text(
        "none", "of a series, looking back only", "none", "moving_average", "exponential", "median"
    ),
    "cleaning.smoothing_window": _whole(5, 2, 10_000, "values that smoothing looks at"),
    # features
    "features.categories": _text(
        "onehot", "how labels become numbers", "onehot", "ordinal", "frequency", "target"
    ),
    "features.rare": _number(0.0, 0.0, 0.5, "labels of a smaller share of the training rows are one label"),
    "features.polynomial": _whole(1, 1, 3, "degree up to which products of number columns are added"),
    "features.select": _text(
        "none",
        "how features are ranked",
        "none",
        "variance",
        "univariate",
        "mutual_information",
        "correlation",
    ),
    "features.keep": _number(1.0, 0.01, 1.0, "share of the features that selection keeps"),
    "features.pca": _number(
        1.0, 0.01, 1.0, "share of the variance that principal components keep; 1 = no PCA"
    ),
    "features.vocabulary": _whole(5000, 10, 1_000_000, "most frequent training words that are known"),
    "features.ngrams": _whole(1, 1, 3, "longest run of words that is one feature of a text"),
    "features.length": _whole(64, 4, 4096, "words of a text that a sequence model reads"),
    "features.side": _whole(
        0, 0, 4096, "pixels of a side of a folder's images; 0 = as they are, at most 128"
    ),
    "features.window": _whole(52, 2, 100_000, "past values that a forecast sees"),
    "features.horizon": _whole(1, 1, 10_000, "values ahead that are forecast"),
    "scaling": _text(
        "auto",
        "fitted on the training rows; auto: zscore, but tf-idf of texts stays as it is",
        "auto",
        "none",
        "minmax",
        "zscore",
        "robust",
    ),
    # augmentation of training examples; all are probabilities or strengths in [0, 1]
    "augmentation.strength": _number(0.0, 0.0, 1.0, "scales everything below; 0 = no augmentation"),
    "augmentation.flip": Option(True, "switch", "images: mirror left and right"),
    "augmentation.rotate": _number(15.0, 0.0, 180.0, "images: degrees at most, either way"),
    "augmentation.crop": _number(0.15, 0.0, 0.5, "images: share of the side shifted or cut at most"),
    "augmentation.colour": _number(0.2, 0.0, 1.0, "images: change of brightness and contrast at most"),
    "augmentation.noise": _number(0.05, 0.0, 1.0, "images and series: deviation of added noise"),
    "augmentation.substitute": _number(0.1, 0.0, 1.0, "texts: share of words replaced by another"),
    "augmentation.delete": _number(0.1, 0.0, 1.0, "texts: share of words left out"),
    "augmentation.insert": _number(0.1, 0.0, 1.0, "texts: share of words inserted"),
    "augmentation.swap": _number(0.1, 0.0, 1.0, "texts: share of neighbours that change places"),
    # the split
    "split.valid": _number(0.2, 0.01, 0.9, "share of the rows for validation"),
    "split.test": _number(0.2, 0.0, 0.9, "share locked away until a winner is confirmed"),
    "split.seed": _whole(0, 0, 2**32 - 1, "seed of the split; it does not follow the trial's seed"),
    "split.stratify": Option(True, "switch", "classes keep their shares in every part"),
    "split.group": _text(None, "column whose rows of one value stay together"),
    "split.time": _text(
        None, "column by which rows are ordered: train on the past, validate on what follows"
    ),
    "split.folds": _whole(
        0, 0, 100, "cross-validation: parts that the rows outside test are cut into; 0 = none"
    ),
    "split.fold": _whole(0, 0, 99, "the part that is the validation, from 0"),
}


@dataclass(frozen=True)
class Section:
    """A checked data section: `section["cleaning.missing"]` is an option's value, its default included."""

    values: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def without_source(self) -> Section:
        """The same options, but not where the rows come from: what is fitted may be stored and handed on, and a path, an
        address or a query is nobody's business."""
        return Section({**self.values, "source": "", "query": None})

    def group(self, name: str) -> dict[str, Any]:
        """The options below a name, by the rest of theirs: `group("split")["seed"]`."""
        return {
            key.removeprefix(f"{name}."): value
            for key, value in self.values.items()
            if key.startswith(f"{name}.")
        }

    def columns(self) -> dict[str, str]:
        """The kind that the section gives a column, by the column's name."""
        return {name: kind for kind in COLUMN_KINDS for name in self.values[f"columns.{kind}"]}


def read_section(data: Mapping[str, Any] | str) -> Section:
    """Check a data section; nothing is read from disk.

    Args:
        data: the section, nested or dotted, or the source alone.

    Raises:
        DataError: an unknown option, a value against its rule, or two options against each other; the message
            begins with the option's dotted name.
    """
    given = {"source": str(data)} if not isinstance(data, Mapping) else flatten(dict(data))
    for name in given:
        if name not in OPTIONS:
            raise DataError(f"data.{name}: there is no such option; {nearest(str(name), OPTIONS)}")
    if given.get("source") in (None, ""):
        raise DataError("data.source: is missing; name a built-in data set (digits), or a file (table.csv)")
    values = {name: check_value(name, given.get(name, option.default)) for name, option in OPTIONS.items()}
    kinds: dict[str, str] = {}
    for kind in COLUMN_KINDS:
        for column in values[f"columns.{kind}"]:
            if column in kinds:
                raise DataError(
                    f"data.columns.{kind}: column {column!r} is also listed under {kinds[column]}"
                )
            kinds[column] = kind
    if values["split.valid"] + values["split.test"] >= 1 and not values["split.folds"]:
        total = values["split.valid"] + values["split.test"]
        raise DataError(
            f"data.split.valid: with split.test it takes {total:g} of the rows; leave some for training"
        )
    if values["split.folds"] == 1 or (
        values["split.folds"] and values["split.fold"] >= values["split.folds"]
    ):
        raise DataError(
            f"data.split.fold: of {values['split.folds']} folds there is no number {values['split.fold']}; "
            "they count from 0, and there are at least 2"
        )
    if "://" in values["source"] and values["query"] is None:
        raise DataError("data.query: is missing; a database needs one: query: SELECT ... FROM ...")
    return Section(values)


def check_value(name: str, value: Any) -> Any:
    """The value of one option, in its own type.

    Raises:
        DataError: it is against the option's rule.
    """
    option = OPTIONS[name]
    if value is None and option.default is None:
        return None
    if option.kind == "switch":
        if not isinstance(value, bool):
            raise DataError(f"data.{name}: is true or false, not {value!r}")
        return value
    if option.kind == "names":
        names = (value,) if isinstance(value, str) else value
        if not isinstance(names, (list, tuple)) or not all(isinstance(each, str) for each in names):
            raise DataError(f"data.{name}: is a list of column names, not {value!r}")
        return tuple(names)
    if option.kind == "text":
        text = "none" if value is None and "none" in option.choices else value
        if not isinstance(text, str) or (option.choices and text not in option.choices):
            known = f"; {nearest(str(text), option.choices)}" if option.choices else ""
            raise DataError(f"data.{name}: {value!r} is not possible{known}")
        return text
    return _number_of(name, option, value)


def _number_of(name: str, option: Option, value: Any) -> int | float:
    whole = option.kind == "whole"
    if isinstance(value, bool) or not isinstance(value, (int, float)) or (whole and float(value) % 1):
        raise DataError(f"data.{name}: is a {'whole ' if whole else ''}number, not {value!r}")
    low, high = option.low, option.high
    if not (low is None or value >= low) or not (high is None or value <= high):
        limits = f"at least {low:g}" if high is None else f"between {low:g} and {high:g}"
        raise DataError(f"data.{name}: is {limits}, not {value!r}")
    return int(value) if whole else float(value)
