"""Trees as a graph of ONNX: one operator for all of them, and the step from margins to probabilities after it."""

from __future__ import annotations

from typing import Any

import numpy as np

from deploy.export.trees import Trees

__all__ = ["tree_graph"]


def tree_graph(trees: Trees, width: int, n_classes: int) -> bytes:
    """A graph from "x", double (rows, width), to "outputs": probabilities (rows, classes), or values (rows, outputs).

    Compared and added up as the library does it; the sum comes out of the operator in single precision.
    """
    from onnx import TensorProto, helper, numpy_helper

    kind = np.float32 if trees.single else np.float64
    nodes: list[Any] = []
    entry = "x"
    if trees.single:
        nodes.append(helper.make_node("Cast", ["x"], ["single"], to=TensorProto.FLOAT))
        entry = "single"
    nodes.append(
        helper.make_node(
            "TreeEnsembleRegressor",
            [entry],
            ["margins"],
            domain="ai.onnx.ml",
            n_targets=len(trees.base),
            post_transform="NONE",
            **_attributes(trees, kind),
        )
    )
    constants = []
    if not n_classes:
        nodes.append(helper.make_node("Identity", ["margins"], ["outputs"]))
    elif n_classes == 2:
        constants.append(numpy_helper.from_array(np.zeros((), np.float32), "zero"))
        nodes.append(helper.make_node("Mul", ["margins", "zero"], ["other"]))
        nodes.append(helper.make_node("Concat", ["other", "margins"], ["both"], axis=1))
        nodes.append(helper.make_node("Softmax", ["both"], ["outputs"], axis=1))
    else:
        nodes.append(helper.make_node("Softmax", ["margins"], ["outputs"], axis=1))
    graph = helper.make_graph(
        nodes,
        "trees",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, [None, width])],
        [helper.make_tensor_value_info("outputs", TensorProto.FLOAT, [None, n_classes or len(trees.base)])],
        constants,
    )
    versions = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=versions, ir_version=10)
    content: bytes = model.SerializeToString()
    return content


def _attributes(trees: Trees, kind: type[Any]) -> dict[str, Any]:
    """Of TreeEnsembleRegressor, version 3 of ai.onnx.ml."""
    from onnx import numpy_helper

    places = [(index, node) for index, tree in enumerate(trees.trees) for node in range(len(tree.left))]
    leaves = [(index, node) for index, node in places if trees.trees[index].left[node] < 0]

    def told(name: str) -> list[int]:
        return [int(max(getattr(trees.trees[index], name)[node], 0)) for index, node in places]

    def tensor(name: str, values: list[Any]) -> Any:
        return numpy_helper.from_array(np.array(values, dtype=kind), name)

    return {
        "nodes_treeids": [index for index, _ in places],
        "nodes_nodeids": [node for _, node in places],
        "nodes_featureids": told("feature"),
        "nodes_values_as_tensor": tensor(
            "nodes_values_as_tensor", [trees.trees[index].threshold[node] for index, node in places]
        ),
        "nodes_modes": [
            "LEAF" if trees.trees[index].left[node] < 0 else f"BRANCH_{trees.test}" for index, node in places
        ],
        "nodes_truenodeids": told("left"),
        "nodes_falsenodeids": told("right"),
        "target_treeids": [index for index, _ in leaves],
        "target_nodeids": [node for _, node in leaves],
        "target_ids": [trees.trees[index].output for index, _ in leaves],
        "target_weights_as_tensor": tensor(
            "target_weights_as_tensor", [trees.trees[index].value[node] for index, node in leaves]
        ),
        "base_values_as_tensor": tensor("base_values_as_tensor", trees.base.tolist()),
    }
