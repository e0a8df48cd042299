"""LightGBM's trees as one ONNX operator, written by hand.

An exporter rounds thresholds, so that a tree may take the other branch; here it takes the same, and equal trees give
equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import helper

from modeling.onnx_graph import INPUT, OUTPUT, Tensor, model_bytes

#: Of the operators for trees.
DOMAIN = "ai.onnx.ml"


def to_onnx(trees: Sequence[Mapping[str, Any]], sequence_length: int, input_count: int) -> bytes:
    """Return the ONNX file of `trees`, as LightGBM dumps them; they add up to the logarithm of the odds."""
    nodes: dict[str, list[Any]] = {name: [] for name in _OF_NODE}
    leaves: dict[str, list[Any]] = {name: [] for name in _OF_LEAF}
    for number, tree in enumerate(trees):
        for node in _numbered(tree["tree_structure"]):
            for name, value in zip(_OF_NODE, (number, *_node(node)), strict=True):
                nodes[name].append(value)
            if "leaf_value" in node:
                for name, value in zip(_OF_LEAF, (number, node["number"], 0, node["leaf_value"]), strict=True):
                    leaves[name].append(value)
    tables: dict[str, Any] = {**nodes, **leaves}
    ensemble = helper.make_node("TreeEnsembleRegressor", ["row"], ["logit"], domain=DOMAIN, n_targets=1, **tables)
    graph = [
        helper.make_node("Reshape", [INPUT, "row_shape"], ["row"]),
        ensemble,
        helper.make_node("Sigmoid", ["logit"], ["column"]),
        helper.make_node("Reshape", ["column", "flat"], [OUTPUT]),
    ]
    constants: dict[str, Tensor] = {
        "row_shape": np.array([-1, sequence_length * input_count], dtype=np.int64),
        "flat": np.array([-1], dtype=np.int64),
    }
    return model_bytes(graph, constants, sequence_length, input_count, domains={DOMAIN: 3})


_OF_NODE = (
    "nodes_treeids",
    "nodes_nodeids",
    "nodes_modes",
    "nodes_featureids",
    "nodes_values",
    "nodes_truenodeids",
    "nodes_falsenodeids",
)
_OF_LEAF = ("target_treeids", "target_nodeids", "target_ids", "target_weights")


def _numbered(root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the nodes of a tree, each with its number, parents first."""
    waiting, known = [root], 1
    root["number"] = 0
    while waiting:
        node = waiting.pop(0)
        for side in ("left_child", "right_child"):
            if side in node:
                node[side]["number"] = known
                known += 1
                waiting.append(node[side])
        yield node


def _node(node: Mapping[str, Any]) -> tuple[int, str, int, float, int, int]:
    if "leaf_value" in node:
        return node["number"], "LEAF", 0, 0.0, 0, 0
    branches = node["left_child"]["number"], node["right_child"]["number"]
    return node["number"], "BRANCH_LEQ", node["split_feature"], _not_above(node["threshold"]), *branches


def _not_above(threshold: float) -> float:
    """Return the greatest number of single precision that is at most `threshold`: the same inputs stay below it."""
    single = np.float32(threshold)
    return float(single if float(single) <= threshold else np.nextafter(single, np.float32(-np.inf)))
