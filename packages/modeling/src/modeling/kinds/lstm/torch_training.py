"""What nets have in common: standardised inputs, a head that begins at the base rate, a loop that stops in time."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from modeling.dataset import Samples
from modeling.hyperparameter import Number
from modeling.kind import SCALE_LIMIT, OnEpoch, Scaling
from modeling.metrics import log_loss

BATCH = 256
#: Epochs without improvement on the tune part after which training stops.
PATIENCE = 3


class Standardised(nn.Module):
    """A net whose first step is to standardise what it is given.

    Parameters
    ----------
    scaling
        Of the training inputs.
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, scaling: Scaling) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(scaling.mean))
        self.register_buffer("deviation", torch.from_numpy(scaling.deviation))

    def scaled(self, x: torch.Tensor) -> torch.Tensor:
        """Return `x` standardised, extremes cut."""
        return torch.clamp((x - self.mean) / self.deviation, -SCALE_LIMIT, SCALE_LIMIT)


def head_of(width: int, base_rate: float) -> nn.Linear:
    """Return a linear head that says the share of rises in training until it has learned anything.

    Returns
    -------
    nn.Linear
        From `width` to a logit.
    """
    head = nn.Linear(width, 1)
    nn.init.zeros_(head.weight)
    nn.init.constant_(head.bias, math.log(base_rate / (1 - base_rate)))
    return head


def begin(seed: int) -> None:
    """Make what follows the same each time: one thread, one seed."""
    torch.set_num_threads(1)
    torch.set_deterministic_debug_mode("error")  # use_deterministic_algorithms() loads the compiler first: 8 s
    torch.manual_seed(seed)


def probabilities(model: nn.Module, x: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what `model` says of sequences of shape (samples, bars, inputs).

    Returns
    -------
    NDArray[np.float64]
        Shape (samples,).
    """
    with torch.no_grad():
        said: NDArray[np.float64] = torch.sigmoid(model(torch.from_numpy(x))).numpy().astype(np.float64)
        return said


def train_to_best(
    model: nn.Module,
    train: Samples,
    tune: Samples,
    epochs: int,
    on_epoch: OnEpoch,
    hyperparameters: Mapping[str, Number],
) -> tuple[int, float]:
    """Train `model` in place with AdamW to its best epoch.

    Parameters
    ----------
    model
        From sequences to logits.
    train, tune
        What it learns from, and what says when it no longer gets better.
    epochs, on_epoch
        Most epochs, and who is told of each.
    hyperparameters
        With those of `OPTIMISER_SPACE`.

    Returns
    -------
    tuple[int, float]
        That epoch, 0 if it is as good as untrained, and its loss on `tune`.
    """
    y = torch.from_numpy(train.y.astype(np.float32))
    criterion = nn.BCEWithLogitsLoss()
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=hyperparameters["learning_rate"], weight_decay=hyperparameters["weight_decay"]
    )
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


def _tune_loss(model: nn.Module, tune: Samples) -> float:
    return log_loss(tune.y, np.concatenate([probabilities(model, x) for x in tune.chunks()]))
