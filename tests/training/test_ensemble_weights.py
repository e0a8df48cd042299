"""Weights of an ensemble that are learned: from forecasts out of sample, and never from what judges it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from benchmarks.gate.markets import RULES, market
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling import recipe as recipes
from modeling.dataset import Dataset, Samples, build_dataset
from modeling.hyperparameter import Number
from modeling.kind import WEIGHT_OF, Fitted, ModelKind
from modeling.kinds import BAR_KIND, MODELS
from modeling.kinds.ensemble import INNER_FOLDS, LSTM_WEIGHT, MEMBERS, weights
from modeling.kinds.ensemble.weights import best_weight, learn
from modeling.metrics import log_loss
from modeling.onnx_model import OnnxModel
from modeling.recipe import Recipe, fit_recipe
from modeling.splits import Fold, Indices, walk_forward
from training.fit import train_model
from training.recipe import out_of_sample
from training.settings import TrainingSettings
from training.tuning import _distributions

ENSEMBLE, TREES, LINE = MODELS["ensemble"], MODELS["lightgbm"], MODELS[BAR_KIND]
#: Told each time that the kind below is fitted.
_told: list[float] = []


def fit(train: Samples, tune: Samples, *, hyperparameters: Mapping[str, Number], **how: Any) -> Fitted:
    """The `fit` of a kind that writes down the weight it is told, and is logistic regression."""
    _told.append(float(hyperparameters[LSTM_WEIGHT]))
    return LINE.load()(train, tune, hyperparameters={}, **how)


#: Learns what an ensemble learns, of members that need no PyTorch.
WEIGHED = ModelKind("weighed", 1, module=__name__, hyperparameters=ENSEMBLE.hyperparameters, learns=ENSEMBLE.learns)


@pytest.fixture(scope="module")
def data() -> Dataset:
    """A product of two signs decides: trees see it, logistic regression does not."""
    return build_dataset(market(RULES["b"], 0, 72).rows, 1, 1, 60)


@pytest.fixture
def members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "MEMBERS", (LINE, TREES))


def _recipe(inner_folds: int = 2) -> Recipe:
    return Recipe(WEIGHED, 60, 1, hyperparameters={INNER_FOLDS: inner_folds})


def _folds(data: Dataset) -> list[Fold]:
    return list(walk_forward(data.times_ms, 60_000, 2, 0.5))


def _weights_of_folds(data: Dataset) -> list[float]:
    _told.clear()
    out_of_sample(_recipe(), data, _folds(data), lambda *_: None)
    return list(_told)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(said=st.lists(st.tuples(st.booleans(), st.floats(-3, 3), st.floats(-3, 3)), min_size=2, max_size=40))
def test_no_other_weight_has_less_loss(said: list[tuple[bool, float, float]]) -> None:
    y, first, second = (np.array(each, dtype=np.float64) for each in zip(*said, strict=True))

    def loss(weight: float) -> float:
        return log_loss(y, 1 / (1 + np.exp(-(weight * first + (1 - weight) * second))))

    found = best_weight(y, first, second)
    assert 0 <= found <= 1
    assert loss(found) <= min(loss(weight) for weight in np.linspace(0, 1, 101)) + 1e-9


def test_who_sees_more_speaks_louder(data: Dataset, members: None, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = np.arange(len(data.samples))
    assert learn(_recipe(), data, everything, lambda *_: None)[LSTM_WEIGHT] < 0.2
    monkeypatch.setattr(weights, "MEMBERS", (TREES, LINE))
    assert learn(_recipe(), data, everything, lambda *_: None)[LSTM_WEIGHT] > 0.8


def test_without_inner_folds_nothing_is_learned(data: Dataset) -> None:
    assert learn(_recipe(0), data, np.arange(len(data.samples)), lambda *_: None) == {}


def _scrambled(data: Dataset, part: Indices) -> Dataset:
    """The same, but for what happened after the bars of `part`, and what they look like."""
    y, bars = data.samples.y.copy(), data.samples.bars.copy()
    y[part] = 1 - y[part]
    bars[data.samples.ends[part]] *= -1
    return replace(data, samples=replace(data.samples, y=y, bars=bars))


def test_the_judged_part_does_not_matter_to_weights(data: Dataset, members: None) -> None:
    last = _folds(data)[-1]
    honest = _weights_of_folds(data)
    assert len(honest) == 2 and honest == _weights_of_folds(_scrambled(data, last.test))
    learned_from = last.train[len(last.train) // 2 :]
    assert honest != _weights_of_folds(_scrambled(data, learned_from)), "or the check would see nothing"


def test_weights_that_are_learned_on_the_judged_part_are_caught(
    data: Dataset, members: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leak, planted: what judges is handed to who learns the weights, and the check above sees it."""
    honest = recipes._learned
    monkeypatch.setattr(
        recipes, "_learned", lambda recipe, data, _, told: honest(recipe, data, np.arange(len(data.samples)), told)
    )
    assert _weights_of_folds(data) != _weights_of_folds(_scrambled(data, _folds(data)[-1].test))


def test_a_search_leaves_alone_how_they_are_learned() -> None:
    pytest.importorskip("optuna", reason="the extra search is not installed")
    assert set(_distributions(ENSEMBLE.hyperparameters)) == {LSTM_WEIGHT}


@pytest.mark.torch
def test_the_graph_has_the_learned_weight(datasets: dict[str, Dataset]) -> None:
    pytest.importorskip("torch", reason="the torch extra is not installed")
    data, part = datasets[ENSEMBLE.name], np.arange(0, 500)
    own = Recipe(ENSEMBLE, 60, 5, epochs=1, hyperparameters={INNER_FOLDS: 1})
    found = fit_recipe(own, data, part, lambda *_: None)
    weight = float(found.params[f"{WEIGHT_OF}{MEMBERS[0].name}"])
    assert found.params[f"{WEIGHT_OF}{MEMBERS[1].name}"] == 1 - weight
    assert 0 <= weight <= 1 and weight != ENSEMBLE.hyperparameters[LSTM_WEIGHT].default
    told = replace(own, hyperparameters={LSTM_WEIGHT: weight})
    assert fit_recipe(told, data, part, lambda *_: None).onnx == found.onnx


@pytest.mark.torch
@pytest.mark.long
def test_it_is_one_candidate_and_its_card_says_the_weights(datasets: dict[str, Dataset]) -> None:
    pytest.importorskip("torch", reason="the torch extra is not installed")
    told = TrainingSettings(
        model=ENSEMBLE.name, hyperparameters={INNER_FOLDS: 1}, epochs=1, folds=2, require_moves=False
    )
    trained = train_model(datasets[ENSEMBLE.name], told, lambda *_: None)
    card = trained.card
    assert set(card.member_weights) == {kind.name for kind in MEMBERS}
    assert sum(card.member_weights.values()) == pytest.approx(1.0)
    assert card.verdict is not None and card.verdict.candidates == 1
    assert type(card).read(card.to_json()) == card
    x = datasets[ENSEMBLE.name].samples.x(slice(0, 100))
    assert np.abs(OnnxModel(trained.fitted.onnx).predict_many(x) - trained.fitted.native(x)).max() <= 1e-5
