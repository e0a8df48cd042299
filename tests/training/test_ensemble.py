"""An ensemble is one graph: what it says is the weighted mean of its members' logits."""

from __future__ import annotations

import numpy as np
import pytest

from modeling.dataset import Dataset, Samples
from modeling.hyperparameter import resolved
from modeling.kind import Fitted, ModelKind
from modeling.kinds import MODELS
from modeling.metrics import log_odds
from modeling.onnx_model import OnnxModel

pytestmark = pytest.mark.torch
ENSEMBLE = MODELS["ensemble"]


def parts(data: Dataset) -> tuple[Samples, Samples]:
    return data.samples.at(np.arange(0, 400)), data.samples.at(np.arange(500, 600))


@pytest.mark.parametrize("weight", [0.6, 0.0, 1.0])
def test_it_says_the_weighted_mean_of_its_members_logits(datasets: dict[str, Dataset], weight: float) -> None:
    pytest.importorskip("torch", reason="the torch extra is not installed")
    from modeling.kinds.ensemble import MEMBERS

    train, tune = parts(datasets[ENSEMBLE.name])

    def fitted(kind: ModelKind, **told: float) -> Fitted:
        hyperparameters = resolved(kind.name, kind.hyperparameters, told)
        return kind.load()(train, tune, seed=7, epochs=1, on_epoch=lambda *_: None, hyperparameters=hyperparameters)

    one = fitted(ENSEMBLE, lstm_weight=weight)
    first, second = (log_odds(OnnxModel(fitted(kind).onnx).predict_many(tune.x())) for kind in MEMBERS)
    expected = weight * first + (1 - weight) * second
    assert np.abs(first - second).max() > 1e-3, "two that say the same would prove nothing"
    assert log_odds(OnnxModel(one.onnx).predict_many(tune.x())) == pytest.approx(expected, abs=1e-5)
    assert one.native(tune.x()) == pytest.approx(1 / (1 + np.exp(-expected)), abs=1e-6)


def test_by_default_the_first_has_six_tenths() -> None:
    assert resolved(ENSEMBLE.name, ENSEMBLE.hyperparameters, {}) == {"lstm_weight": 0.6, "inner_folds": 0}
