"""Noise does not pass the gate, what was planted does, and a leak is caught: short versions of `make gate-study`."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from benchmarks.gate.kept import CODE, Kept
from benchmarks.gate.markets import RULES, Market, market
from benchmarks.gate.study import STUDIES, Result, calibration_error, data_of, result_of, searchable, settings_of

from modeling.dataset import Dataset
from modeling.kinds import BAR_KIND, MODELS
from modeling.splits import Fold, walk_forward
from training import fit
from training.fit import train_model

CHEAP_KINDS = [kind.name for kind in MODELS.values() if not kind.extra]
#: Below the truth by more than this, in standard errors, is no luck: the forecasts knew what came.
LEAK = 3.0


#: Walks as long as a demo; and markets on which something is planted, with a third of the history of the study's.
WALKS, PLANTED = range(20), range(2)


@lru_cache(maxsize=1)
def _walk(seed: int) -> Market:
    return market(RULES["noise"], seed, 60)


@pytest.fixture(scope="module")
def walk() -> Market:
    return _walk(0)


@pytest.fixture(scope="module")
def planted() -> Market:
    """The sign of RSI-14 decides where the next bar drifts."""
    return market(RULES["a"], 0, 72)


@pytest.fixture(scope="module", params=PLANTED)
def interaction(request: pytest.FixtureRequest) -> Market:
    """That times the sign of the last return decides: no input alone says it."""
    return market(RULES["b"], request.param, 72)


def _trained(kind: str, study: str, made: Market, data: Dataset | None = None, **told: object) -> Result:
    settings = settings_of(kind, study, 0, folds=2, **told)
    return result_of(train_model(data or data_of(kind, made, settings), settings, lambda *_: None), made)


def _below_the_truth(result: Result) -> float:
    return (result.truth_loss - result.loss) / result.truth_error


@pytest.mark.parametrize("kind", CHEAP_KINDS)
@pytest.mark.parametrize("seed", WALKS)
def test_a_random_walk_is_refused(seed: int, kind: str) -> None:
    result = _trained(kind, "noise", _walk(seed))
    assert not result.passed
    assert "coin" in result.bars_missed
    assert _below_the_truth(result) < LEAK


@pytest.mark.torch
@pytest.mark.parametrize("kind", [kind.name for kind in MODELS.values() if kind.extra])
@pytest.mark.parametrize("seed", range(2))
def test_nets_are_refused_on_a_random_walk(seed: int, kind: str) -> None:
    pytest.importorskip("torch", reason="the torch extra is not installed")
    result = _trained(kind, "noise", _walk(seed), epochs=4)
    assert not result.passed
    assert _below_the_truth(result) < LEAK


@pytest.mark.parametrize("seed", PLANTED)
def test_what_was_planted_is_found_and_no_more(seed: int) -> None:
    result = _trained(BAR_KIND, "a", market(RULES["a"], seed, 72))
    assert result.passed, result.reason
    assert result.loss - result.truth_loss < 0.01
    assert abs(result.loss - result.linear_loss) < 0.005
    assert _below_the_truth(result) < LEAK


def test_a_calibration_error_is_the_mean_distance_of_what_is_said_to_what_happens() -> None:
    random = np.random.default_rng(0)
    truth = random.uniform(0.3, 0.7, 200_000)
    y = (random.uniform(size=len(truth)) < truth).astype(float)
    assert calibration_error(y, truth) < 0.006
    assert calibration_error(y, truth + 0.1) == pytest.approx(0.1, abs=0.005)
    bold = 1 / (1 + ((1 - truth) / truth) ** 2)  # twice the logits
    assert calibration_error(y, bold) == pytest.approx(np.abs(bold - truth).mean(), abs=0.005)


def test_results_that_are_kept_are_not_made_again(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> int:
        made.append(len(made))
        return made[-1]

    file = tmp_path / "results.jsonl"
    assert [Kept(file).of({"seed": seed}, make) for seed in (0, 1, 0)] == [0, 1, 0]
    file.write_text(file.read_text().replace(CODE, "other"), encoding="utf-8")
    assert Kept(file).of({"seed": 0}, make) == 2


@pytest.mark.parametrize("kind", [kind for kind in CHEAP_KINDS if kind != BAR_KIND])
def test_trees_find_what_no_input_alone_says(kind: str, interaction: Market) -> None:
    result = _trained(kind, "b", interaction)
    assert result.passed, result.reason
    assert (
        result.loss - result.truth_loss < 0.012
    )  # of a third of the history; with all of it 0.01 (`make gate-study`)
    assert _below_the_truth(result) < LEAK


def test_logistic_regression_does_not(interaction: Market) -> None:
    assert _trained(BAR_KIND, "b", interaction).loss > 0.685


def test_what_was_planted_does_not_pay_real_costs(planted: Market) -> None:
    result = _trained(BAR_KIND, "a", planted, EXECUTION_FEE_BPS=40, EXECUTION_SLIPPAGE_BPS=2)
    assert not result.passed
    assert result.reason.startswith("not surely better than net_return")


def test_an_input_that_knows_the_future_is_caught(planted: Market) -> None:
    """One input is replaced by what the next bar does: the loss falls below the truth's, as no honest one can."""
    settings = settings_of(BAR_KIND, "a", 0, folds=2)
    data = data_of(BAR_KIND, planted, settings)
    bars = data.samples.bars.copy()
    bars[data.samples.ends, 0] = data.samples.y
    result = _trained(BAR_KIND, "a", planted, replace(data, samples=replace(data.samples, bars=bars)))
    assert _below_the_truth(result) > LEAK


def test_labels_that_are_a_bar_late_are_caught(planted: Market) -> None:
    """Each sample is given the label of the bar before: the last return says it."""
    settings = settings_of(BAR_KIND, "a", 0, folds=2)
    data = data_of(BAR_KIND, planted, settings)
    late = np.roll(data.samples.y, 1)
    result = _trained(BAR_KIND, "a", planted, replace(data, samples=replace(data.samples, y=late)))
    assert _below_the_truth(result) > LEAK


def test_training_on_what_judges_is_caught(walk: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folds that train on their own test part, as tuning on it would."""
    honest = walk_forward
    monkeypatch.setattr(
        fit,
        "walk_forward",
        lambda *given: [Fold(np.concatenate([fold.train, fold.test]), fold.test) for fold in honest(*given)],
    )
    assert _below_the_truth(_trained("lightgbm_lags", "noise", walk)) > LEAK


def test_a_search_asks_the_kinds_that_have_something_to_search() -> None:
    kinds = list(MODELS)
    assert {study: set(kinds) - set(searchable(study, kinds)) for study in STUDIES} == {
        study: {"logistic"} if study == "search" else set() for study in STUDIES
    }
