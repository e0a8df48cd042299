"""Several nets that speak with one voice: the weighted mean of their logits.

Genest and Zidek, Combining Probability Distributions (1986): the logarithmic pool.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import compose, helper, numpy_helper

from modeling.dataset import Samples
from modeling.hyperparameter import Number, resolved
from modeling.kind import WEIGHT_OF, Fitted, OnEpoch
from modeling.kinds.ensemble import LSTM_WEIGHT, MEMBERS
from modeling.metrics import log_odds
from modeling.onnx_graph import Tensor, model_bytes, probability_nodes


def fit(
    train: Samples,
    tune: Samples,
    *,
    seed: int,
    epochs: int,
    on_epoch: OnEpoch,
    hyperparameters: Mapping[str, Number],
) -> Fitted:
    """Fit each member as it is fitted alone, with its own defaults, and weigh their logits."""
    first = float(hyperparameters[LSTM_WEIGHT])
    weights = (first, 1 - first)
    members = [
        kind.load()(
            *(train, tune),
            seed=seed,
            epochs=epochs,
            on_epoch=on_epoch,
            hyperparameters=resolved(kind.name, kind.hyperparameters, {}),
        )
        for kind in MEMBERS
    ]

    def native(x: NDArray[np.float32]) -> NDArray[np.float64]:
        logits = sum(weight * log_odds(member.native(x)) for weight, member in zip(weights, members, strict=True))
        probabilities: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
        return probabilities

    params = {
        f"{kind.name}_{name}": value
        for kind, member in zip(MEMBERS, members, strict=True)
        for name, value in member.params.items()
    }
    params |= {f"{WEIGHT_OF}{kind.name}": weight for kind, weight in zip(MEMBERS, weights, strict=True)}
    graphs = [onnx.load_from_string(member.onnx).graph for member in members]
    onnx_bytes = _to_onnx(graphs, weights, train.length, train.bars.shape[1])
    return Fitted(onnx_bytes, native, params, learned=any(member.learned for member in members))


def _to_onnx(
    graphs: Sequence[onnx.GraphProto], weights: Sequence[float], sequence_length: int, input_count: int
) -> bytes:
    """Return one graph of all: what each does up to its logit, under names of its own, then their weighted mean."""
    nodes: list[onnx.NodeProto] = []
    constants: dict[str, Tensor] = {}
    for number, (graph, weight) in enumerate(zip(graphs, weights, strict=True)):
        own = compose.add_prefix_graph(graph, f"member_{number}_", rename_inputs=False, rename_outputs=True)
        (last,) = (place for place, node in enumerate(own.node) if f"member_{number}_logit" in node.output)
        nodes += own.node[: last + 1]
        constants |= {each.name: numpy_helper.to_array(each) for each in own.initializer}
        constants[f"weight_{number}"] = np.array(weight, dtype=np.float32)
        nodes.append(helper.make_node("Mul", [f"member_{number}_logit", f"weight_{number}"], [f"weighted_{number}"]))
    nodes.append(helper.make_node("Sum", [f"weighted_{number}" for number in range(len(graphs))], ["logit"]))
    said, said_constants = probability_nodes()
    return model_bytes([*nodes, *said], {**constants, **said_constants}, sequence_length, input_count)
