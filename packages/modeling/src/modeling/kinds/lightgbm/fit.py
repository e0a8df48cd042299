"""Boosted trees on the inputs of each bar of a sequence, side by side.

Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree (2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from modeling.dataset import Samples, both
from modeling.hyperparameter import Number
from modeling.kind import Fitted, OnEpoch
from modeling.kinds.lightgbm.graph import to_onnx
from modeling.metrics import constant_forecast, log_loss

#: What no search chooses.
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "max_bin": 63,
    "use_missing": False,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
#: Trees at most, and trees without improvement on the tune part after which training stops.
TREES, PATIENCE = 300, 30


def fit(
    train: Samples,
    tune: Samples,
    *,
    seed: int,
    epochs: int,
    on_epoch: OnEpoch,
    hyperparameters: Mapping[str, Number],
) -> Fitted:
    """Let `tune` say how many trees, then grow as many on both parts.

    `epochs` is not needed: trees are many and cheap.
    """
    parameters = {**PARAMETERS, **hyperparameters, "seed": seed}
    trees, loss = _how_many(parameters, train, tune, on_epoch)
    everything = both(train, tune)
    booster = lightgbm.train(parameters, _dataset(everything), num_boost_round=trees)

    def native(x: NDArray[np.float32]) -> NDArray[np.float64]:
        probabilities: NDArray[np.float64] = np.asarray(booster.predict(_flat(x), num_threads=1))
        return probabilities

    base_rate_loss = log_loss(tune.y, constant_forecast(train.y, len(tune)))
    onnx = to_onnx(booster.dump_model()["tree_info"], train.length, train.bars.shape[1])
    return Fitted(onnx, native, {"trees": trees, "tune_log_loss": loss}, learned=loss < base_rate_loss)


def _how_many(parameters: dict[str, Any], train: Samples, tune: Samples, on_epoch: OnEpoch) -> tuple[int, float]:
    """Return the number of trees with the least log loss on `tune`, and that loss."""
    losses: dict[str, Any] = {}
    learned = _dataset(train)
    booster = lightgbm.train(
        {**parameters, "metric": "binary_logloss"},
        learned,
        num_boost_round=TREES,
        valid_sets=[lightgbm.Dataset(_flat(tune.x()), tune.y, reference=learned)],
        callbacks=[
            lightgbm.early_stopping(PATIENCE, verbose=False),
            lightgbm.record_evaluation(losses),
            lambda env: (
                on_epoch(env.iteration + 1, TREES, env.evaluation_result_list[0][2])
                if env.iteration % 50 == 49
                else None
            ),
        ],
    )
    best = max(1, booster.best_iteration)
    return best, float(losses["valid_0"]["binary_logloss"][best - 1])


def _dataset(samples: Samples) -> lightgbm.Dataset:
    return lightgbm.Dataset(_flat(samples.x()), samples.y)


def _flat(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return x.reshape(len(x), -1)
