"""A pipeline as a user would write it, in a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

from trainables import Declaration
from trainables.classical import Pipelined


class Reduced(Pipelined):
    options = {"components": 5, "C": 1.0}
    declared = Declaration(
        metric="val/accuracy",
        goal="maximize",
        max_steps=9,
        parameters={"components": {"min": 2, "max": 10}, "C": {"min": 0.01, "max": 10.0, "log": True}},
        data="wine",
    )

    def build(self, options: Mapping[str, Any], task: str) -> Any:
        made = LogisticRegression(C=options["C"]) if task == "classification" else Ridge(1 / options["C"])
        return make_pipeline(PCA(options["components"]), made)
