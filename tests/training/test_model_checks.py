"""Checks that every model of the registry passes: a new one is covered the day it is added."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.feature_rows import MINUTE_MS

from contracts.errors import BadInputError
from features import feature_set_id
from modeling.dataset import Dataset, build_dataset
from modeling.inputs import INPUT_NAMES
from modeling.judging.moves import HORIZONS
from modeling.kind import ModelKind
from modeling.kinds import BAR_KIND, MODELS
from modeling.metrics import accuracy, brier, constant_forecast, log_loss, momentum_forecast
from modeling.novelty import Novelty
from modeling.onnx_model import OnnxModel
from modeling.recipe import TooFewRowsError
from modeling.sequence import SEQUENCE_BARS
from training.fit import ParityError, Trained, train_model
from training.settings import TrainingSettings


def _marks(kind: ModelKind) -> list[pytest.MarkDecorator]:
    marks = [pytest.mark.torch] if kind.extra == "torch" else []
    # It takes as long as its members, who are tested alone, and test_ensemble.py has what is its own.
    return [*marks, pytest.mark.long] if kind.name == "ensemble" else marks


KINDS = [pytest.param(kind, id=name, marks=_marks(kind)) for name, kind in MODELS.items()]
every_model = pytest.mark.parametrize("kind", KINDS)

_trained: dict[str, Trained] = {}


def _train(kind: ModelKind, datasets: dict[str, Dataset]) -> Trained:
    if kind.extra == "torch":
        pytest.importorskip("torch", reason="the torch extra is not installed")
    settings = TrainingSettings(model=kind.name, epochs=3, require_moves=False)
    return train_model(datasets[kind.name], settings, lambda epoch, epochs, log_loss: None)


@pytest.fixture
def trained(kind: ModelKind, datasets: dict[str, Dataset]) -> Trained:
    if kind.name not in _trained:
        _trained[kind.name] = _train(kind, datasets)
    return _trained[kind.name]


@every_model
def test_signature_matches_the_features(kind: ModelKind, trained: Trained) -> None:
    model = OnnxModel(trained.fitted.onnx)
    assert model.interface.input.shape[1:] == (kind.sequence_length, len(INPUT_NAMES))
    assert trained.card.feature_set == feature_set_id()
    assert trained.card.input_names == INPUT_NAMES
    assert kind.sequence_length <= SEQUENCE_BARS


@every_model
def test_training_twice_gives_the_same_bytes(kind: ModelKind, trained: Trained, datasets: dict[str, Dataset]) -> None:
    assert _train(kind, datasets).fitted.onnx == trained.fitted.onnx


@every_model
def test_onnx_says_what_the_trained_model_says(
    kind: ModelKind, trained: Trained, datasets: dict[str, Dataset]
) -> None:
    x = datasets[kind.name].samples.x(slice(0, 500))
    difference = np.abs(OnnxModel(trained.fitted.onnx).predict_many(x) - trained.fitted.native(x))
    assert difference.max() <= 1e-5


@every_model
@pytest.mark.long
def test_onnx_says_it_on_ten_thousand_rows_that_training_has_not_seen(
    kind: ModelKind, trained: Trained, datasets: dict[str, Dataset]
) -> None:
    """Rows like those of training, and every tenth far from any: where rounding has most to do."""
    samples, random = datasets[kind.name].samples, np.random.default_rng(3)
    x = samples.x(random.integers(0, len(samples), 10_000))
    scale = np.where(np.arange(len(x)) % 10 == 0, 5.0, 0.1)[:, None, None]
    x = (x + random.standard_normal(x.shape) * scale * samples.bars.std(axis=0)).astype(np.float32)
    difference = np.abs(OnnxModel(trained.fitted.onnx).predict_many(x) - trained.fitted.native(x))
    print(f"{kind.name}: at most {difference.max():.1e} apart on {len(x):,}")
    assert difference.max() <= 1e-5


@every_model
def test_it_says_how_far_rows_are_and_where_they_become_unfamiliar(
    kind: ModelKind, trained: Trained, datasets: dict[str, Dataset]
) -> None:
    samples = datasets[kind.name].samples
    novelty = Novelty.of(samples)
    assert trained.card.novelty_threshold == novelty.threshold(samples)
    x = samples.x(slice(0, 200))
    said = OnnxModel(trained.fitted.onnx).novelty_many(x)
    assert said == pytest.approx(novelty.distances(x), rel=1e-6)


@every_model
def test_one_at_a_time_equals_a_batch(kind: ModelKind, trained: Trained, datasets: dict[str, Dataset]) -> None:
    model = OnnxModel(trained.fitted.onnx)
    x = datasets[kind.name].samples.x(slice(0, 50))
    single = [model.predict(sequence.astype(float).tolist()) for sequence in x]
    assert np.abs(model.predict_many(x) - single).max() <= 1e-6
    assert single == [model.predict(sequence.astype(float).tolist()) for sequence in x]


@every_model
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_nan_and_infinity_are_refused(kind: ModelKind, trained: Trained, bad: float) -> None:
    sequence = np.zeros((kind.sequence_length, len(INPUT_NAMES)))
    sequence[-1, 0] = bad
    with pytest.raises(BadInputError, match="finite"):
        OnnxModel(trained.fitted.onnx).predict(sequence.tolist())


@every_model
def test_wrong_shape_is_refused(kind: ModelKind, trained: Trained) -> None:
    with pytest.raises(BadInputError, match="shape"):
        OnnxModel(trained.fitted.onnx).predict([[0.0] * len(INPUT_NAMES)] * (kind.sequence_length + 1))


@every_model
def test_extreme_inputs_still_give_a_probability(kind: ModelKind, trained: Trained) -> None:
    for value in (-1e9, 1e9):
        sequence = [[value] * len(INPUT_NAMES)] * kind.sequence_length
        assert 0 <= OnnxModel(trained.fitted.onnx).predict(sequence) <= 1


@every_model
def test_baselines_are_reported_on_the_same_samples(kind: ModelKind, trained: Trained) -> None:
    card = trained.card
    assert set(card.baselines) == {"coin", "constant", "momentum", BAR_KIND} - ({kind.name} if kind.bar else set())
    for baseline in card.baselines.values():
        assert baseline["n"] == card.metrics["n"] > 0
        assert baseline["base_rate"] == card.metrics["base_rate"]
    assert set(card.metrics) == {"log_loss", "brier", "accuracy", "n", "base_rate"}


@every_model
def test_metrics_stand_by_pair_fold_and_confidence(kind: ModelKind, trained: Trained) -> None:
    card = trained.card
    assert set(card.breakdown) == {"pair", "fold", "confidence"}
    assert set(card.breakdown["pair"]) == set(card.pairs) and set(card.breakdown["fold"]) == {"1", "2", "3"}
    for groups in card.breakdown.values():
        assert sum(group["n"] for group in groups.values()) == card.metrics["n"]
        loss = sum(group["n"] * group["log_loss"] for group in groups.values()) / card.metrics["n"]
        assert loss == pytest.approx(card.metrics["log_loss"])
    assert set(card.moves_beyond_costs) == set(HORIZONS)


@every_model
def test_what_can_be_learned_is_learned(kind: ModelKind, trained: Trained) -> None:
    assert trained.card.metrics["log_loss"] < trained.card.baselines["constant"]["log_loss"]


def _forecasts(trained: Trained, until_ms: int) -> dict[tuple[int, int], float]:
    """By pair and window."""
    data, tested = trained.data, trained.validation
    keys = zip(data.pair_numbers[tested].tolist(), data.times_ms[tested].tolist(), strict=True)
    said = zip(keys, trained.forecast.tolist(), strict=True)
    return {key: forecast for key, forecast in said if key[1] < until_ms}


@every_model
def test_what_comes_later_does_not_touch_a_forecast(kind: ModelKind, history, trained: Trained) -> None:
    """A fold judges by what was trained before it: other prices in the last one leave the forecasts before it."""
    cut_ms = history[-600].window_start_ms
    other = [
        row.model_copy(update={"rsi_14": 50.0, "close": "56"[number % 2]}) if row.window_start_ms >= cut_ms else row
        for number, row in enumerate(history)
    ]
    again = _train(kind, {kind.name: build_dataset(other, kind.sequence_length, 5, 60)})
    before, after = (_forecasts(each, cut_ms - 30 * MINUTE_MS) for each in (trained, again))
    assert len(before) > 500
    assert before == after


@every_model
def test_too_few_rows_say_how_many_are_needed(kind: ModelKind, rows_of) -> None:
    data = build_dataset(rows_of(count=700), kind.sequence_length, 5, 60)
    with pytest.raises(TooFewRowsError, match=r"expected at least 600 samples, was \d+: 700 rows.*19 of them warm"):
        _train(kind, {kind.name: data})


def test_a_market_that_never_rises_cannot_be_trained_on(rows_of) -> None:
    rows = [row.model_copy(update={"close": str(9_000 - n)}) for n, row in enumerate(rows_of(count=1_400))]
    with pytest.raises(TooFewRowsError, match="rises and falls"):
        _train(MODELS["logistic"], {"logistic": build_dataset(rows, 1, 5, 60)})


def test_a_market_that_never_moves_gives_no_samples(rows_of) -> None:
    rows = [row.model_copy(update={"close": "5"}) for row in rows_of(count=1_400)]
    assert len(build_dataset(rows, 1, 5, 60).samples) == 0


def test_a_model_that_lost_parity_is_not_registered(
    datasets: dict[str, Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.fit.PARITY", -1.0)
    with pytest.raises(ParityError, match="expected at most"):
        _train(MODELS["logistic"], datasets)


def test_metrics_on_known_values() -> None:
    y, p = np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.9, 0.2, 0.4, 0.5])
    assert log_loss(y, p) == pytest.approx(-np.mean(np.log([0.9, 0.8, 0.4, 0.5])))
    assert brier(y, p) == pytest.approx((0.01 + 0.04 + 0.36 + 0.25) / 4)
    assert accuracy(y, p) == 0.75
    assert np.isfinite(log_loss(np.array([1.0]), np.array([0.0])))


def test_naive_forecasts_know_only_the_past() -> None:
    y = np.array([1.0, 1.0, 0.0, 1.0])
    assert constant_forecast(y, 2).tolist() == [0.75, 0.75]
    forecast = momentum_forecast(y, np.array([0.1, 0.2, -0.1, 0.0]), np.array([0.5, -0.5, 0.0]))
    assert forecast.tolist() == [3 / 4, 1 / 3, 2 / 3]
