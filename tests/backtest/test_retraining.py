"""A walk forward with models trained anew: no version speaks of what it has seen, and all speak as live ones do."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.backtest.test_golden import FOUR_HOURS
from typer.testing import CliRunner

from backtest.bar_files import bars_of_files
from backtest.bars import Bars
from backtest.feature_rows import feature_rows
from backtest.history import History
from backtest.plan import Terms
from backtest.provenance import data_digest
from backtest.search.folds import Fold, folds_of
from backtest.search.job import Job, Span
from backtest.search.retraining import Retraining
from backtest.search.versions import OF_FOLD, Version
from backtest.strategies_of import features_of
from contracts.account import Account
from contracts.errors import BadInputError
from contracts.signal import SAID
from embedded.cli import app
from exchanges.paper import PaperBroker
from execution.core.policy import Policy
from modeling.facts import ModelFacts
from modeling.input_list import input_list
from modeling.kinds import MODELS
from modeling.onnx_model import OnnxModel
from modeling.recipe import Recipe, TooFewRowsError
from predictions.core.decision import initial, step
from strategies.built_in import STRATEGIES

#: Features of bars of four hours are warm after a third of these.
BARS = 5_200
#: All that can be trained without PyTorch.
KINDS = [name for name, kind in MODELS.items() if not kind.extra]
NEEDS_MORE = [name for name, kind in MODELS.items() if kind.extra]


def _recipe(kind: str) -> Recipe:
    return Recipe(MODELS[kind], interval_s=14_400, horizon_bars=5)


RECIPE = _recipe("logistic")


def _job(bars: Bars, strategy: str = "prediction") -> Job:
    history = History({bars.pair: bars})
    account = Account(name="walk", pairs=(bars.pair,), strategy=strategy)
    return Job(history, account, STRATEGIES[strategy], Terms(PaperBroker(), Policy()), data_digest(history))


@pytest.fixture(scope="module")
def bars() -> Bars:
    [found] = bars_of_files([FOUR_HOURS], "kraken", ["BTC/USD"]).pairs.values()
    return found[:BARS]


@pytest.fixture(scope="module")
def folds(bars: Bars) -> list[Fold]:
    return folds_of(_job(bars), 2, 0.7, "rolling", 1)


def _walked(bars: Bars, folds: list[Fold], kind: str = "logistic") -> tuple[Retraining, list[Bars]]:
    """Return what was trained, and the bars that each fold was given."""
    found, given = Retraining(_job(bars), _recipe(kind), 1), []
    for number, fold in enumerate(folds):
        with found.prepare(number, fold) as (job, _):
            given.append(job.history.pairs[bars.pair])
    return found, given


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def walked(bars: Bars, folds: list[Fold], kind: str) -> tuple[Retraining, list[Bars]]:
    return _walked(bars, folds, kind)


def test_no_version_speaks_of_what_it_has_seen(walked: tuple[Retraining, list[Bars]], folds: list[Fold]) -> None:
    trained, every = walked
    assert [each.number for versions in trained.folds for each in versions] == [*range(1, len(folds) * OF_FOLD + 1)]
    for fold, versions, given in zip(folds, trained.folds, every, strict=True):
        by_number = {each.number: each for each in versions}
        assert int(given.starts_ms[-1]) < fold.test.to_ms
        spoke = [(int(start), by_number[number]) for start, number in _numbers(given)]
        assert all(version.trained_to_ms <= start for start, version in spoke)
        assert {version.number for start, version in spoke if start >= fold.test.from_ms} == {versions[-1].number}
        assert {version.use for start, version in spoke if start < fold.train.to_ms} == {"search"}
        assert all(one.trained_to_ms < two.trained_to_ms for one, two in pairwise(versions))
        # Of the bars searched on all are seen by the test's version, none before them and none after.
        assert fold.train.from_ms <= versions[-1].trained_from_ms
        assert fold.train.to_ms - 1 + RECIPE.interval_s * 1_000 == versions[-1].trained_to_ms
    assert len({each.hash for versions in trained.folds for each in versions}) == len(folds) * OF_FOLD


def _numbers(bars: Bars) -> list[tuple[int, int]]:
    told = zip(bars.starts_ms.tolist(), bars.said["model_version"], strict=True)
    return [(start, number) for start, number in told if number is not None]


def test_what_came_later_changes_nothing(
    bars: Bars, folds: list[Fold], walked: tuple[Retraining, list[Bars]], kind: str
) -> None:
    trained, every = walked
    span = folds[0].train
    other, given = _walked(_dearer(bars, span.to_ms), folds[:1], kind)
    # All versions of a fold are trained and calibrated on the bars that are searched on alone.
    assert [each.hash for each in other.folds[0]] == [each.hash for each in trained.folds[0]]
    begin, end = np.searchsorted(bars.starts_ms, (span.from_ms, span.to_ms))
    assert given[0].said["probability_up"][begin:end] == every[0].said["probability_up"][begin:end]
    assert given[0].said["probability_up"][end:] != every[0].said["probability_up"][end:]


def _dearer(bars: Bars, from_ms: int) -> Bars:
    """Return bars whose prices go another way from then on."""
    later = bars.starts_ms >= from_ms
    factor = np.where(later, 1 + 0.2 * np.sin(np.arange(len(bars))), 1.0)
    columns = {
        name: column * factor if name in ("open", "high", "low", "close") else column
        for name, column in bars.columns.items()
    }
    texts = {name: type(text)(columns[name]) for name, text in bars.texts.items()}  # type: ignore[call-arg]
    return replace(bars, columns=columns, texts=texts)


def test_a_version_says_what_it_would_say_live(
    folds: list[Fold], walked: tuple[Retraining, list[Bars]], kind: str
) -> None:
    trained, every = walked
    version, given = trained.folds[1][-1], every[1]
    facts = ModelFacts(
        trained.model,
        version.number,
        input_list(),
        MODELS[kind].sequence_length,
        RECIPE.horizon_bars,
        RECIPE.interval_s,
        version.trained_to_ms,
        novelty_threshold=version.threshold,
    )
    run, compared, answer = initial(), 0, OnnxModel(version.onnx).answer
    for place, row in enumerate(feature_rows(given)):
        run, said = step(run, row, facts, answer)
        if row.window_start_ms < version.speaks.from_ms:
            continue
        [prediction] = said
        expected = {name: getattr(prediction, name) for name in (*SAID, "reason")}
        assert {name: given.said[name][place] for name in expected} == expected
        assert given.said["prediction_id"][place] == prediction.message_id
        leans = prediction.direction != 0
        assert np.isnan(given.given["direction.confidence"][place]) != leans
        compared += leans
    assert compared > (500 if kind == "logistic" else 50)


def test_a_version_is_not_asked_of_what_it_has_seen() -> None:
    with pytest.raises(BadInputError, match="model version 3: expected predictions from 1970-01-01T00:00:09Z on"):
        Version(3, "test", b"", 1.0, 0, 9_000, 100, True, Span(8_999, 20_000))


def test_a_label_among_the_features_is_refused(bars: Bars) -> None:
    """The next bar's direction as a feature that came with the bars: any model would foresee everything."""
    honest = features_of(bars, ["rsi_14"])
    assert sum(1 for _ in feature_rows(bars.with_given(honest))) == len(bars)
    close = bars.columns["close"]
    label = np.append(np.where(close[1:] > close[:-1], 100.0, 0.0), np.nan)
    peeks = bars.with_given({"rsi_14": np.where(np.isfinite(honest["rsi_14"]), label, np.nan)})
    said = r"rsi_14 of BTC/USD at .*: expected 44\.\d+, which follows from the bars up to it, was '0 \(4,594 bars"
    with pytest.raises(BadInputError, match=said):
        Retraining(_job(peeks), RECIPE, 1)


def test_too_few_bars_are_told_with_the_fold(bars: Bars) -> None:
    short = _job(bars[:2_600])
    with (
        pytest.raises(TooFewRowsError, match="fold 0: expected 100 samples or more"),
        Retraining(short, RECIPE, 1).prepare(0, folds_of(short, 2, 0.7, "rolling", 1)[0]),
    ):
        pass


def test_the_command(tmp_path: Path) -> None:
    typed = ["walk-forward", "--strategy", "prediction", "--bars", FOUR_HOURS, "--to", "2018-12-01", "--workers", "1"]
    typed += ["--folds", "1", "--first", "0.8", "--range", "minimum_confidence=0.5:0.52:0.02", "--least-trades", "1"]
    typed += ["--position-pct", "5", "--out", tmp_path / "out"]
    done = CliRunner().invoke(app, [*map(str, typed)])
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "out/walk_forward.json").read_text())
    assert found["recipe"]["kind"] == "logistic" and len(found["fold_models"]) == OF_FOLD
    last, [row] = found["fold_models"][-1], pl.read_parquet(tmp_path / "out/folds.parquet").rows(named=True)
    assert (row["model_hash"], row["model_trained_to"]) == (last["hash"], last["trained_to"])
    assert last["trained_to"] <= last["predicts_from"] == row["tested_from"]
    assert last["hash"] in (tmp_path / "out/walk_forward.html").read_text(encoding="utf-8")
    assert "logistic, trained anew" in done.output


@pytest.mark.parametrize("needs_more", NEEDS_MORE)
def test_a_kind_that_is_not_installed_is_refused_before_anything_is_trained(
    needs_more: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modeling.kind.find_spec", lambda _name: None)
    typed = ["walk-forward", "--strategy", "prediction", "--bars", FOUR_HOURS, "--model", needs_more]
    done = CliRunner().invoke(app, [*map(str, [*typed, "--trials", "1", "--out", tmp_path / "out"])])
    said = " ".join(done.output.split())
    assert done.exit_code == 2 and "--model: expected a kind of model that can be trained here" in said, said
    assert f"--extra {MODELS[needs_more].extra}" in said and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("strategy", "model", "said"),
    [
        ("prediction", "logistc", "--model: expected one of .*logistic"),
        ("prediction", "published", "takes direction"),
        ("sma_cross", "logistic", "which sma_cross does not"),
    ],
)
def test_what_cannot_be_trained_is_told(strategy: str, model: str, said: str, tmp_path: Path) -> None:
    typed = ["walk-forward", "--strategy", strategy, "--bars", FOUR_HOURS, "--model", model, "--workers", "1"]
    done = CliRunner().invoke(app, [*map(str, [*typed, "--trials", "1", "--out", tmp_path / "out"])])
    assert done.exit_code == 2
    assert re.search(said, " ".join(done.output.split())), done.output
