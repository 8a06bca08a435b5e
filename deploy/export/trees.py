"""The trees of a boosted model in one form, whichever library grew them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainables.classical.growth import Columns
from trainables.data.dataset import Array

__all__ = ["Trees", "trees_of"]


@dataclass(frozen=True, eq=False)
class Tree:
    """One tree; each array (nodes,). The root is node 0, and a leaf has no children.

    Attributes:
        output: the margin that its leaves add to.
        feature, threshold: of the test; where it holds one goes left.
        left, right: -1 in a leaf.
        value: of a leaf.
    """

    output: int
    feature: Array
    threshold: Array
    left: Array
    right: Array
    value: Array


@dataclass(frozen=True, eq=False)
class Trees:
    """All trees of a model: a margin is its base and the sum of the leaves that a row falls into.

    Attributes:
        base: (margins,).
        test: "LEQ" (feature <= threshold) or "LT".
        single: whether features are compared in single precision.
    """

    trees: tuple[Tree, ...]
    base: Array
    test: str
    single: bool


def trees_of(estimator: Any, x: Array) -> Trees | None:
    """Those of HistGradientBoosting, XGBoost or LightGBM, or of one of the first or last for each value; None of any
    other estimator.

    Args:
        x: a row (1, features), by which XGBoost's base is measured.
    """
    models = estimator.models if isinstance(estimator, Columns) else estimator
    models = models if isinstance(models, list) else [models]
    package = type(models[0]).__module__
    if package.startswith("xgboost"):
        return _of_xgboost(models[0], x)
    if package.startswith("lightgbm"):
        return _joined([_of_lightgbm(model) for model in models])
    if type(models[0]).__name__.startswith("HistGradientBoosting"):
        return _joined([_of_histograms(model) for model in models])
    return None


def _joined(parts: list[Trees]) -> Trees:
    trees: list[Tree] = []
    begin = 0
    for part in parts:
        trees += [
            Tree(begin + t.output, t.feature, t.threshold, t.left, t.right, t.value) for t in part.trees
        ]
        begin += len(part.base)
    base = np.concatenate([part.base for part in parts])
    return Trees(tuple(trees), base, parts[0].test, parts[0].single)


def _of_histograms(model: Any) -> Trees:
    trees = []
    for grown in model._predictors:
        for output, predictor in enumerate(grown):
            nodes = predictor.nodes
            leaf = nodes["is_leaf"].astype(bool)
            left, right = (np.where(leaf, -1, nodes[side].astype(np.int64)) for side in ("left", "right"))
            feature, threshold = nodes["feature_idx"].astype(np.int64), nodes["num_threshold"]
            trees.append(Tree(output, feature, threshold, left, right, nodes["value"]))
    return Trees(tuple(trees), np.ravel(model._baseline_prediction).astype(np.float64), "LEQ", single=False)


def _of_lightgbm(model: Any) -> Trees:
    said = model.dump_model()
    outputs = int(said["num_tree_per_iteration"])
    trees = [
        _of_nodes(index % outputs, list(_walked(each["tree_structure"])))
        for index, each in enumerate(said["tree_info"])
    ]
    return Trees(tuple(trees), np.zeros(outputs), "LEQ", single=False)


def _walked(root: dict[str, Any]) -> Iterator[tuple[int, float, int, int, float]]:
    """The nodes of a tree of LightGBM, the root first: feature, threshold, left, right, value."""
    waiting, begun = [root], 1
    while waiting:
        node = waiting.pop(0)
        if "split_feature" not in node:
            yield 0, 0.0, -1, -1, float(node["leaf_value"])
            continue
        yield int(node["split_feature"]), float(node["threshold"]), begun, begun + 1, 0.0
        waiting += [node["left_child"], node["right_child"]]
        begun += 2


def _of_nodes(output: int, nodes: list[tuple[int, float, int, int, float]]) -> Tree:
    feature, threshold, left, right, value = map(np.array, zip(*nodes, strict=True))
    return Tree(output, feature, threshold, left, right, value)


def _of_xgboost(model: Any, x: Array) -> Trees:
    import xgboost

    said = json.loads(model.save_raw("json"))["learner"]["gradient_booster"]["model"]
    trees = []
    for each, output in zip(said["trees"], said["tree_info"], strict=True):
        left, right = np.array(each["left_children"]), np.array(each["right_children"])
        conditions = np.array(each["split_conditions"], np.float64)
        value = np.where(left < 0, conditions, 0.0)
        trees.append(Tree(int(output), np.array(each["split_indices"]), conditions, left, right, value))
    found = Trees(tuple(trees), np.zeros(1 + max(tree.output for tree in trees)), "LT", single=True)
    margins = np.ravel(model.predict(xgboost.DMatrix(x), output_margin=True)).astype(np.float64)
    return Trees(found.trees, margins - _sums(found, x[0].astype(np.float32)), "LT", single=True)


def _sums(trees: Trees, row: Array) -> Array:
    """What the leaves add up to for one row."""
    sums = np.zeros(len(trees.base))
    for tree in trees.trees:
        node = 0
        while tree.left[node] >= 0:
            below = row[tree.feature[node]] < np.float32(tree.threshold[node])
            node = int(tree.left[node] if below else tree.right[node])
        sums[tree.output] += tree.value[node]
    return sums
