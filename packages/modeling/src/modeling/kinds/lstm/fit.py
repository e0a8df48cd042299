"""LSTM on sequences of bars.

Hochreiter and Schmidhuber, Long Short-Term Memory (1997).
"""

from __future__ import annotations

import copy
import math
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import helper
from torch import nn

from modeling.dataset import Samples
from modeling.kind import SCALE_LIMIT, Fitted, OnEpoch, Scaling
from modeling.metrics import log_loss
from modeling.onnx_graph import Tensor, head_nodes, model_bytes, scaling_nodes

HIDDEN = 32
BATCH = 256
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 1e-3
#: Epochs without improvement on the tune part after which training stops.
PATIENCE = 3


class DirectionLstm(nn.Module):
    """One LSTM layer and a linear head on its last output; standardises its own inputs.

    Parameters
    ----------
    scaling
        Of the training inputs.
    base_rate
        Share of rises in training: what the untrained head says.
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, scaling: Scaling, base_rate: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(scaling.mean))
        self.register_buffer("deviation", torch.from_numpy(scaling.deviation))
        self.lstm = nn.LSTM(len(scaling.mean), HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.constant_(self.head.bias, math.log(base_rate / (1 - base_rate)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits of shape (samples,) for `x` of shape (samples, sequence length, inputs)."""
        scaled = torch.clamp((x - self.mean) / self.deviation, -SCALE_LIMIT, SCALE_LIMIT)
        _, (last, _) = self.lstm(scaled)
        logits: torch.Tensor = self.head(last[-1]).squeeze(-1)
        return logits


def fit(train: Samples, tune: Samples, *, seed: int, epochs: int, on_epoch: OnEpoch) -> Fitted:
    """Train with AdamW, stop when `tune` no longer improves, keep the best epoch; one thread, one seed."""
    torch.set_num_threads(1)
    torch.set_deterministic_debug_mode("error")  # use_deterministic_algorithms() loads the compiler first: 8 s
    torch.manual_seed(seed)
    scaling = Scaling.of(train.last())
    model = DirectionLstm(scaling, base_rate=float(train.y.mean()))
    best_epoch, best_loss = _train(model, train, tune, epochs, on_epoch)
    params = {"hidden": HIDDEN, "batch": BATCH, "best_epoch": best_epoch, "tune_log_loss": best_loss}
    native = partial(_probabilities, model)
    return Fitted(_to_onnx(scaling, model, train.length), native, params, learned=best_epoch > 0)


def _tune_loss(model: DirectionLstm, tune: Samples) -> float:
    return log_loss(tune.y, np.concatenate([_probabilities(model, x) for x in tune.chunks()]))


def _probabilities(model: DirectionLstm, x: NDArray[np.float32]) -> NDArray[np.float64]:
    with torch.no_grad():
        probabilities: NDArray[np.float64] = torch.sigmoid(model(torch.from_numpy(x))).numpy().astype(np.float64)
        return probabilities


def _train(model: DirectionLstm, train: Samples, tune: Samples, epochs: int, on_epoch: OnEpoch) -> tuple[int, float]:
    """Train `model` in place to its best epoch; return that epoch and its loss on `tune`."""
    y = torch.from_numpy(train.y.astype(np.float32))
    criterion = nn.BCEWithLogitsLoss()
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    best_epoch, best_loss, best_weights = 0, _tune_loss(model, tune), copy.deepcopy(model.state_dict())
    on_epoch(0, epochs, best_loss)
    for epoch in range(1, epochs + 1):
        for batch in torch.split(torch.randperm(len(train)), BATCH):
            optimiser.zero_grad()
            criterion(model(torch.from_numpy(train.x(batch.numpy()))), y[batch]).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
        loss = _tune_loss(model, tune)
        on_epoch(epoch, epochs, loss)
        if loss < best_loss:
            best_epoch, best_loss, best_weights = epoch, loss, copy.deepcopy(model.state_dict())
        elif epoch - best_epoch >= PATIENCE:
            break
    model.load_state_dict(best_weights)
    return best_epoch, best_loss


def _to_onnx(scaling: Scaling, model: DirectionLstm, sequence_length: int) -> bytes:
    scale, constants = scaling_nodes(scaling, "scaled")
    nodes = [
        *scale,
        helper.make_node("Transpose", ["scaled"], ["steps"], perm=[1, 0, 2]),
        helper.make_node("LSTM", ["steps", "w", "r", "b"], ["", "last"], hidden_size=HIDDEN),
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
