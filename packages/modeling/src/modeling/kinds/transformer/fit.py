"""Attention of the last bar to the bars before it.

Vaswani et al., Attention Is All You Need (2017); normalised before each step, as in Xiong et al., On Layer
Normalization in the Transformer Architecture (2020), so that it trains without a warm-up of the learning rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import torch
from torch import nn

from modeling.dataset import Samples
from modeling.hyperparameter import Number
from modeling.kind import Fitted, OnEpoch, Scaling
from modeling.kinds.lstm.torch_training import Standardised, begin, head_of, probabilities, train_to_best
from modeling.kinds.transformer.graph import to_onnx


class DirectionTransformer(Standardised):
    """One block of a transformer encoder, read at the last bar.

    Nobody reads what it would say at the others, so only the last bar asks: that is the same number at a fraction of
    the cost.

    Parameters
    ----------
    scaling
        Of the training inputs.
    base_rate
        Share of rises in training: what the untrained head says.
    bars
        Length of a sequence; each place in it has a vector of its own, which is learned.
    heads, head_width
        Of the attention; the block is as wide as all heads together.
    """

    def __init__(self, scaling: Scaling, base_rate: float, bars: int, heads: int, head_width: int) -> None:
        super().__init__(scaling)
        width = heads * head_width
        self.embedding = nn.Linear(len(scaling.mean), width)
        self.places = nn.Parameter(0.02 * torch.randn(bars, width))
        self.norms = nn.ModuleList([nn.LayerNorm(width) for _ in range(3)])
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.wide, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.head = head_of(width, base_rate)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits of shape (samples,) for `x` of shape (samples, sequence length, inputs)."""
        before_attention, before_feed_forward, before_head = self.norms
        bars = self.embedding(self.scaled(x)) + self.places
        keys = before_attention(bars)
        heard, _ = self.attention(keys[:, -1:], keys, keys, need_weights=False)
        last = (bars[:, -1:] + heard).squeeze(1)
        last = last + self.narrow(torch.relu(self.wide(before_feed_forward(last))))
        logits: torch.Tensor = self.head(before_head(last)).squeeze(-1)
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
    heads, head_width = int(hyperparameters["heads"]), int(hyperparameters["head_width"])
    scaling = Scaling.of(train.last())
    model = DirectionTransformer(scaling, float(train.y.mean()), train.length, heads, head_width)
    best_epoch, best_loss = train_to_best(model, train, tune, epochs, on_epoch, hyperparameters)
    params = {"best_epoch": best_epoch, "tune_log_loss": best_loss}
    weights = {name: tensor.detach().numpy() for name, tensor in model.named_parameters()}
    onnx = to_onnx(scaling, weights, heads, train.length)
    return Fitted(onnx, partial(probabilities, model), params, learned=best_epoch > 0)
