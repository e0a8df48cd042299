"""Hyperparameters: named where they are wrong, part of the recipe, and searched in the open."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.champion import Champion
from tests.support.feature_rows import make_rows

from contracts.errors import BadInputError, BadSettingError
from modeling.dataset import Dataset, build_dataset
from modeling.hyperparameter import Hyperparameter, resolved
from modeling.judging.judge import Judged, judge
from modeling.judging.trading import TradingRule
from modeling.kinds import BAR_KIND, MODELS
from modeling.onnx_model import OnnxModel
from modeling.recipe import Recipe, forecast_of
from modeling.registered import StoredModel
from streaming.errors import SettingsError
from streaming.settings import read_settings
from training.champion_challenger import CHAMPION, meet
from training.fit import Trained, train_model
from training.settings import TrainingSettings
from training.tuning import choose

TREES = next(kind for kind in MODELS.values() if kind.taken_by == "demo")
SPACE = {"leaves": Hyperparameter(8, 3, 31), "rate": Hyperparameter(0.05, 0.01, 0.2, log=True)}


def settings(**told: object) -> TrainingSettings:
    return TrainingSettings.model_validate(
        {"model": TREES.name, "folds": 2, "require_moves": False, "require_gate": False, **told}
    )


def test_what_is_not_told_is_as_the_kind_has_it() -> None:
    assert resolved("trees", SPACE, {}) == {"leaves": 8, "rate": 0.05}
    assert resolved("trees", SPACE, {"rate": 0.1, "leaves": 5.0}) == {"leaves": 5, "rate": 0.1}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"depth": 3}, "hyperparameters of trees: expected one of leaves, rate, was 'depth'"),
        ({"leaves": 2}, "leaves: expected a whole number from 3 to 31, was 2"),
        ({"leaves": 4.5}, "leaves: expected a whole number from 3 to 31, was 4.5"),
        ({"rate": 1}, "rate: expected a number from 0.01 to 0.2, was 1"),
        ({"rate": float("nan")}, "rate: expected a number from 0.01 to 0.2, was nan"),
    ],
)
def test_a_wrong_one_is_named(given: dict[str, float], said: str) -> None:
    with pytest.raises(BadInputError) as error:
        resolved("trees", SPACE, given)
    assert str(error.value) == said


@pytest.mark.parametrize("kind", MODELS.values(), ids=MODELS)
def test_every_kind_takes_its_own_defaults_and_bounds(kind) -> None:
    for which in ("default", "low", "high"):
        given = {name: getattr(each, which) for name, each in kind.hyperparameters.items()}
        assert Recipe(kind, 60, 5, hyperparameters=given).hyperparameters == given
    assert Recipe(kind, 60, 5) == Recipe(kind, 60, 5, hyperparameters={})


_NONE = f"PREDICTIONS_HYPERPARAMETERS: expected none, .* .hyperparameters of {BAR_KIND}., was"


def test_a_setting_that_the_kind_does_not_have_stops_training_before_it_begins() -> None:
    told = {"PREDICTIONS_MODEL": BAR_KIND, "PREDICTIONS_HYPERPARAMETERS": '{"num_leaves": 4}'}
    with pytest.raises(SettingsError, match=_NONE):
        read_settings(TrainingSettings, told)


def test_the_model_is_made_with_them_and_says_so(datasets: dict[str, Dataset]) -> None:
    few, many = (
        train_model(datasets[TREES.name], settings(hyperparameters={"num_leaves": leaves}), lambda *_: None)
        for leaves in (3, 16)
    )
    assert few.fitted.onnx != many.fitted.onnx
    assert [each.card.hyperparameters["num_leaves"] for each in (few, many)] == [3, 16]
    assert set(few.card.hyperparameters) == set(TREES.hyperparameters) and few.card.tuning == ()


def test_a_recipe_with_others_is_a_rival_of_the_champion_and_no_refit(
    champion: Champion, datasets: dict[str, Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = datasets[TREES.name]
    first = train_model(data, settings(), lambda *_: None)
    verdict = first.card.verdict
    assert verdict is not None
    passed = verdict.model_copy(
        update={"bars": tuple(bar.model_copy(update={"passed": True}) for bar in verdict.bars)}
    )
    served = StoredModel(1, first.card.model_copy(update={"verdict": passed}), first.fitted.onnx)
    assert served.card.proven
    folds = first.folds
    same = meet(served, settings().recipe, data, folds, settings())
    assert same.refit_of is not None and not same.bars
    other = meet(served, settings(hyperparameters={"num_leaves": 16}).recipe, data, folds, settings())
    assert other.refit_of is None and set(other.bars) == {CHAMPION}
    np.testing.assert_array_equal(other.bars[CHAMPION], first.forecast)


TRIALS = 9


@pytest.fixture(scope="module")
def one_pair() -> Dataset:
    return build_dataset(make_rows(), TREES.sequence_length, 5, 60)


@pytest.fixture(scope="module")
def study(one_pair: Dataset) -> Trained:
    """A search on two folds."""
    pytest.importorskip("optuna", reason="the extra search is not installed")
    return train_model(one_pair, settings(tuning_trials=TRIALS), lambda *_: None)


def test_every_try_is_told_the_best_first(study: Trained) -> None:
    tuning = study.card.tuning
    assert len(tuning) == TRIALS
    assert tuning[0].hyperparameters == study.card.hyperparameters
    assert tuning[0].log_loss == min(each.log_loss for each in tuning if each.folds == 2)
    assert tuning[0].log_loss == pytest.approx(study.card.metrics["log_loss"])
    defaults = dict(settings().recipe.hyperparameters)
    assert defaults in [each.hyperparameters for each in tuning], "the configured recipe is one of them"
    assert len({tuple(each.hyperparameters.items()) for each in tuning}) == TRIALS


def test_the_gate_counts_them_all(study: Trained) -> None:
    verdict = study.card.verdict
    assert verdict is not None
    assert (verdict.candidates, verdict.tries) == (TRIALS, TRIALS)
    assert {bar.level for bar in verdict.bars if bar.name == "coin"} == {0.01 / (TRIALS * (TRIALS + 1))}


def test_the_model_is_the_best_ones(study: Trained, one_pair: Dataset) -> None:
    alone = train_model(one_pair, settings(hyperparameters=study.card.hyperparameters), lambda *_: None)
    assert study.fitted.onnx == alone.fitted.onnx
    assert (study.forecast == alone.forecast).all()
    some = one_pair.samples.at(np.arange(50))
    assert np.isfinite(forecast_of(OnnxModel(study.fitted.onnx).predict_many, some)).all()


def test_a_search_twice_is_the_same(study: Trained, one_pair: Dataset) -> None:
    again = choose(one_pair, study.folds, settings(tuning_trials=TRIALS), lambda *_: None)
    assert again.tries == study.card.tuning
    assert len(again.rivals) + again.given_up == TRIALS - 1
    assert again.given_up, "none was given up: nothing is shown of it"


def test_a_kind_without_any_cannot_be_searched(datasets: dict[str, Dataset]) -> None:
    with pytest.raises(BadSettingError, match=f"PREDICTIONS_TUNING_TRIALS: expected 0 for {BAR_KIND}"):
        train_model(datasets[BAR_KIND], settings(model=BAR_KIND, tuning_trials=3), lambda *_: None)


def test_what_was_given_up_is_counted_too() -> None:
    random = np.random.default_rng(7)
    count = 400
    y = random.integers(0, 2, count).astype(float)
    judged = Judged(
        times_ms=np.arange(count) * 60_000,
        pairs=np.zeros(count, dtype=np.int64),
        y=y,
        next_opens=np.exp(np.cumsum(random.normal(0, 1e-3, count))),
        forecast=random.uniform(0.4, 0.6, count),
        bars={"coin": np.full(count, 0.5)},
        learned=True,
        rivals=(random.uniform(0.4, 0.6, count),),
        given_up=4,
    )
    verdict = judge(judged, TradingRule(0.55, 5, 10.0), interval_ms=60_000, horizon_bars=1)
    assert (verdict.candidates, verdict.tries) == (6, 6)
