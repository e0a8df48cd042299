"""LSTM on sequences of bars.

Hochreiter and Schmidhuber, Long Short-Term Memory (1997).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import helper
from torch import nn

from modeling.dataset import Samples
from modeling.hyperparameter import Number
from modeling.kind import Fitted, OnEpoch, Scaling
from modeling.kinds.lstm.torch_training import Standardised, begin, head_of, probabilities, train_to_best
from modeling.onnx_graph import Tensor, head_nodes, model_bytes, scaling_nodes


class DirectionLstm(Standardised):
    """One LSTM layer and a linear head on its last output.

    Parameters
    ----------
    scaling
        Of the training inputs.
    base_rate
        Share of rises in training: what the untrained head says.
    hidden
        Width of the layer.
    """

    def __init__(self, scaling: Scaling, base_rate: float, hidden: int) -> None:
        super().__init__(scaling)
        self.lstm = nn.LSTM(len(scaling.mean), hidden, batch_first=True)
        self.head = head_of(hidden, base_rate)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits of shape (samples,) for `x` of shape (samples, sequence length, inputs)."""
        _, (last, _) = self.lstm(self.scaled(x))
        logits: torch.Tensor = self.head(last[-1]).squeeze(-1)
        return logits


def fit(
    train: Samples,
    tune: Samples,
    *,
    seed: int,
    epochs: int,
    on_epoch: OnEpoch,
    hyperparameters: Mapping[str, Number],
) -> Fitted:
    """Train with AdamW, stop when `tune` no longer improves, keep the best epoch."""
    begin(seed)
    scaling = Scaling.of(train.last())
    model = DirectionLstm(scaling, float(train.y.mean()), int(hyperparameters["hidden"]))
    best_epoch, best_loss = train_to_best(model, train, tune, epochs, on_epoch, hyperparameters)
    params = {"best_epoch": best_epoch, "tune_log_loss": best_loss}
    native = partial(probabilities, model)
    return Fitted(_to_onnx(scaling, model, train.length), native, params, learned=best_epoch > 0)


def _to_onnx(scaling: Scaling, model: DirectionLstm, sequence_length: int) -> bytes:
    scale, constants = scaling_nodes(scaling, "scaled")
    nodes = [
        *scale,
        helper.make_node("Transpose", ["scaled"], ["steps"], perm=[1, 0, 2]),
        helper.make_node("LSTM", ["steps", "w", "r", "b"], ["", "last"], hidden_size=model.lstm.hidden_size),
        helper.make_node("Squeeze", ["last", "first_axis"], ["memory"]),
    ]
    weights = {name: tensor.detach().numpy() for name, tensor in model.lstm.named_parameters()}
    bias = np.concatenate([_onnx_gates(weights["bias_ih_l0"]), _onnx_gates(weights["bias_hh_l0"])])
    lstm: dict[str, Tensor] = {
        "w": _onnx_gates(weights["weight_ih_l0"])[None],
        "r": _onnx_gates(weights["weight_hh_l0"])[None],
        "b": bias[None],
        "first_axis": np.array([0], dtype=np.int64),
    }
    head, head_constants = head_nodes("memory", model.head.weight.detach().numpy(), model.head.bias.detach().numpy())
    every = {**constants, **lstm, **head_constants}
    return model_bytes([*nodes, *head], every, sequence_length, len(scaling.mean))


def _onnx_gates(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reorder gates: PyTorch stacks input, forget, cell, output; ONNX input, output, forget, cell."""
    i, f, g, o = np.split(weight, 4)
    return np.concatenate([i, o, f, g])
