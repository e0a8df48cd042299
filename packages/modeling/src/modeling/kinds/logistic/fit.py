"""Logistic regression on the last bar: what every other model must beat."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from onnx import helper
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from modeling.dataset import Samples, both
from modeling.hyperparameter import Number
from modeling.kind import Fitted, OnEpoch, Scaling
from modeling.metrics import log_loss
from modeling.onnx_graph import Tensor, head_nodes, model_bytes, scaling_nodes

#: Inverse strengths of the L2 penalty that are tried; the tune part chooses. Weak ones only fit noise here.
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)


def fit(
    train: Samples,
    tune: Samples,
    *,
    seed: int,
    epochs: int,
    on_epoch: OnEpoch,
    hyperparameters: Mapping[str, Number],
) -> Fitted:
    """Fit one regression per penalty, and that with the least log loss on `tune` again on both parts.

    `seed` and `epochs` are not needed: the solver is deterministic and runs to convergence. Nor are there
    hyperparameters: the only one that matters is chosen here.
    """
    scaling = Scaling.of(train.last())
    x_train, x_tune = scaling.apply(train.last()), scaling.apply(tune.last())
    fitted = []
    with threadpool_limits(limits=1):  # the order of sums depends on the number of threads
        for number, strength in enumerate(STRENGTHS, start=1):
            candidate = LogisticRegression(C=strength, max_iter=500).fit(x_train, train.y)
            loss = log_loss(tune.y, candidate.predict_proba(x_tune)[:, 1])
            fitted.append((loss, strength))
            on_epoch(number, len(STRENGTHS), loss)
        loss, strength = min(fitted)
        everything = both(train, tune)
        scaling = Scaling.of(everything.last())
        best = LogisticRegression(C=strength, max_iter=500).fit(scaling.apply(everything.last()), everything.y)

    def native(x: NDArray[np.float32]) -> NDArray[np.float64]:
        probabilities: NDArray[np.float64] = best.predict_proba(scaling.apply(x[:, -1]))[:, 1]
        return probabilities

    params = {"inverse_penalty": strength, "tune_log_loss": loss}
    return Fitted(_to_onnx(scaling, best, train.bars.shape[1]), native, params)


def _to_onnx(scaling: Scaling, regression: LogisticRegression, input_count: int) -> bytes:
    scale, constants = scaling_nodes(scaling, "scaled")
    last_bar = helper.make_node("Reshape", ["scaled", "row_shape"], ["row"])
    shape: dict[str, Tensor] = {"row_shape": np.array([-1, input_count], dtype=np.int64)}
    weight = regression.coef_.astype(np.float32)
    head, head_constants = head_nodes("row", weight, regression.intercept_.astype(np.float32))
    return model_bytes([*scale, last_bar, *head], {**constants, **shape, **head_constants}, 1, input_count)
