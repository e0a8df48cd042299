"""ONNX graphs, written node by node: two small graphs need no exporter, and equal weights give equal bytes.

PyTorch's exporter takes 9 s for the LSTM and needs onnxscript; its fast predecessor is deprecated
(docs/explanation/adr/0004-models.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from modeling.kind import SCALE_LIMIT, Scaling

#: Names of what the graphs of this file take and give.
INPUT, OUTPUT = "inputs", "probability_up"

#: Old enough for every ONNX Runtime of the last years.
OPSET, IR_VERSION = 17, 8

Tensor = NDArray[np.float32] | NDArray[np.int64]


def scaling_nodes(scaling: Scaling, output: str) -> tuple[list[onnx.NodeProto], dict[str, Tensor]]:
    """Return nodes and constants that turn the model's input into `output`, standardised."""
    nodes = [
        helper.make_node("Sub", [INPUT, "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "deviation"], ["standard"]),
        helper.make_node("Clip", ["standard", "lowest", "highest"], [output]),
    ]
    constants: dict[str, Tensor] = {
        "mean": scaling.mean,
        "deviation": scaling.deviation,
        "lowest": np.array(-SCALE_LIMIT, dtype=np.float32),
        "highest": np.array(SCALE_LIMIT, dtype=np.float32),
    }
    return nodes, constants


def head_nodes(
    source: str, weight: NDArray[np.float32], bias: NDArray[np.float32]
) -> tuple[list[onnx.NodeProto], dict[str, Tensor]]:
    """Return nodes and constants that turn `source`, shape (samples, width), into the probability."""
    nodes, constants = probability_nodes()
    product = helper.make_node("Gemm", [source, "head_weight", "head_bias"], ["logit"], transB=1)
    return [product, *nodes], {"head_weight": weight, "head_bias": bias, **constants}


def probability_nodes() -> tuple[list[onnx.NodeProto], dict[str, Tensor]]:
    """Return nodes and constants that turn the tensor ``logit``, shape (samples, 1), into the probability."""
    nodes = [
        helper.make_node("Sigmoid", ["logit"], ["column"]),
        helper.make_node("Reshape", ["column", "flat"], [OUTPUT]),
    ]
    return nodes, {"flat": np.array([-1], dtype=np.int64)}


def model_bytes(
    nodes: Sequence[onnx.NodeProto],
    constants: Mapping[str, Tensor],
    sequence_length: int,
    input_count: int,
    domains: Mapping[str, int] | None = None,
) -> bytes:
    """Return the checked ONNX file of a graph from `INPUT` to `OUTPUT`; `domains` are those beside ONNX's own."""
    graph = helper.make_graph(
        list(nodes),
        "tradestream",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["samples", sequence_length, input_count])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["samples"])],
        [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()],
    )
    sets = [helper.make_opsetid(name, version) for name, version in {"": OPSET, **(domains or {})}.items()]
    model = helper.make_model(graph, producer_name="tradestream", opset_imports=sets, ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))
