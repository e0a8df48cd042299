"""The block as an ONNX graph, node by node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper

from modeling.kind import Scaling
from modeling.onnx_graph import Tensor, head_nodes, model_bytes, scaling_nodes

Weights = Mapping[str, NDArray[np.float32]]

#: Operator, what it takes, what it gives, and its attributes.
_Step = tuple[str, tuple[str, ...], tuple[str, ...], dict[str, Any]]


def _of_heads(name: str, source: str) -> tuple[_Step, ...]:
    """Return what makes queries, keys or values of normalised bars, head by head."""
    return (
        ("MatMul", (source, f"{name}_weight"), (f"{name}_product",), {}),
        ("Add", (f"{name}_product", f"{name}_bias"), (name,), {}),
        ("Reshape", (name, "by_head"), (f"{name}_heads",), {}),
    )


#: From the standardised bars to the head's input.
_STEPS: tuple[_Step, ...] = (
    ("MatMul", ("scaled", "embedding_weight"), ("embedded",), {}),
    ("Add", ("embedded", "embedding_bias"), ("shifted",), {}),
    ("Add", ("shifted", "places"), ("bars",), {}),
    ("LayerNormalization", ("bars", "norm_0_weight", "norm_0_bias"), ("keys",), {}),
    ("Gather", ("keys", "last_place"), ("asking",), {"axis": 1}),
    *_of_heads("query", "asking"),
    *_of_heads("key", "keys"),
    *_of_heads("value", "keys"),
    ("Transpose", ("query_heads",), ("q",), {"perm": [0, 2, 1, 3]}),
    ("Transpose", ("key_heads",), ("k",), {"perm": [0, 2, 3, 1]}),
    ("Transpose", ("value_heads",), ("v",), {"perm": [0, 2, 1, 3]}),
    ("MatMul", ("q", "k"), ("likeness",), {}),
    ("Softmax", ("likeness",), ("attention",), {"axis": -1}),
    ("MatMul", ("attention", "v"), ("heard_heads",), {}),
    ("Reshape", ("heard_heads", "joined"), ("heard",), {}),
    ("Gemm", ("heard", "out_weight", "out_bias"), ("mixed",), {"transB": 1}),
    ("Gather", ("bars", "last_place"), ("last_bar",), {"axis": 1}),
    ("Reshape", ("last_bar", "joined"), ("last",), {}),
    ("Add", ("last", "mixed"), ("informed",), {}),
    ("LayerNormalization", ("informed", "norm_1_weight", "norm_1_bias"), ("calm",), {}),
    ("Gemm", ("calm", "wide_weight", "wide_bias"), ("wide",), {"transB": 1}),
    ("Relu", ("wide",), ("bent",), {}),
    ("Gemm", ("bent", "narrow_weight", "narrow_bias"), ("narrow",), {"transB": 1}),
    ("Add", ("informed", "narrow"), ("thought",), {}),
    ("LayerNormalization", ("thought", "norm_2_weight", "norm_2_bias"), ("memory",), {}),
)


def to_onnx(scaling: Scaling, weights: Weights, heads: int, sequence_length: int) -> bytes:
    """Return the ONNX file of a trained block.

    Parameters
    ----------
    scaling
        Of its inputs.
    weights
        By their names in PyTorch.
    heads
        Of the attention.
    sequence_length
        Bars.

    Returns
    -------
    bytes
        Equal ones for equal weights.
    """
    scale, constants = scaling_nodes(scaling, "scaled")
    nodes = [helper.make_node(operator, taken, given, **attributes) for operator, taken, given, attributes in _STEPS]
    head, head_constants = head_nodes("memory", weights["head.weight"], weights["head.bias"])
    every = {**constants, **_constants(weights, heads, sequence_length), **head_constants}
    return model_bytes([*scale, *nodes, *head], every, sequence_length, len(scaling.mean))


def _constants(weights: Weights, heads: int, sequence_length: int) -> dict[str, Tensor]:
    width = weights["places"].shape[1]
    in_weights, in_biases = (np.split(weights[f"attention.in_proj_{each}"], 3) for each in ("weight", "bias"))
    # The likeness of two bars is divided by the root of a head's width: the query is, beforehand.
    root = np.float32(np.sqrt(width // heads))
    in_weights[0], in_biases[0] = in_weights[0] / root, in_biases[0] / root
    found: dict[str, Tensor] = {
        "embedding_weight": weights["embedding.weight"].T,
        "embedding_bias": weights["embedding.bias"],
        "places": weights["places"],
        "out_weight": weights["attention.out_proj.weight"],
        "out_bias": weights["attention.out_proj.bias"],
        "last_place": np.array([sequence_length - 1], dtype=np.int64),
        "by_head": np.array([0, -1, heads, width // heads], dtype=np.int64),
        "joined": np.array([-1, width], dtype=np.int64),
    }
    for name, weight, bias in zip(("query", "key", "value"), in_weights, in_biases, strict=True):
        found |= {f"{name}_weight": weight.T, f"{name}_bias": bias}
    for part in ("wide", "narrow"):
        found |= {f"{part}_{each}": weights[f"{part}.{each}"] for each in ("weight", "bias")}
    for number in range(3):
        found |= {f"norm_{number}_{each}": weights[f"norms.{number}.{each}"] for each in ("weight", "bias")}
    return found
