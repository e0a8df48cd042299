"""A registered model asked of bars: it says what it would have said live, and nothing of what it was trained on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.backtest.test_golden import FOUR_HOURS
from typer.testing import CliRunner

from backtest.bar_files import bars_of_files
from backtest.bars import Bars
from backtest.feature_rows import feature_rows
from backtest.history import History
from backtest.with_model import with_model
from contracts.errors import BadInputError
from contracts.signal import SAID
from contracts.timestamps import iso_utc_ms
from embedded.cli import app
from modeling.dataset import build_dataset
from modeling.onnx_model import OnnxModel
from modeling.registered import StoredModel
from predictions.core.decision import initial, step
from results.report.data import load_table
from results.run_folder import MARKER
from training.fit import train_model
from training.settings import TrainingSettings
from training.train import register

#: Features of bars of four hours are warm after a third of these.
BARS, TRAINED = 5_200, 3_600
NAMES = ("direction.probability_up", "direction.confidence")


@pytest.fixture(scope="module")
def bars() -> Bars:
    [found] = bars_of_files([FOUR_HOURS], "kraken", ["BTC/USD"]).pairs.values()
    return found[:BARS]


@pytest.fixture(scope="module")
def registry(bars: Bars, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StoredModel]:
    """A run's folder with a model of the first bars."""
    out = tmp_path_factory.mktemp("run")
    settings = TrainingSettings(
        data_dir=out / "work", interval_s=bars.interval_s, require_gate=False, require_moves=False
    )
    data = build_dataset(feature_rows(bars[:TRAINED]), 1, settings.horizon_bars, settings.interval_s)
    trained = train_model(data, settings, lambda *_: None)
    register(trained, settings)
    (out / MARKER).touch()
    return out, StoredModel(1, trained.card, trained.fitted.onnx)


def test_it_says_what_it_would_have_said_live(bars: Bars, registry: tuple[Path, StoredModel]) -> None:
    stored = registry[1]
    [told] = with_model(History({bars.pair: bars}), stored, NAMES).pairs.values()
    facts, answer = stored.card.facts(stored.version), OnnxModel(stored.onnx).answer
    run, spoke = initial(), 0
    for place, row in enumerate(feature_rows(bars)):
        run, said = step(run, row, facts, answer)
        expected = (
            {name: getattr(said[0], name) for name in (*SAID, "reason")}
            if said
            else dict.fromkeys((*SAID, "reason"), None)
        )
        assert {name: told.said[name][place] for name in expected} == expected
        assert told.said["prediction_id"][place] == (said[0].message_id if said else None)
        leans = bool(said) and said[0].direction != 0
        assert np.isnan(told.given["direction.confidence"][place]) != leans
        spoke += leans
    assert spoke > 1_000
    assert bars.starts_ms[np.flatnonzero(~np.isnan(told.given["direction.confidence"]))[0]] >= facts.trained_to_ms


def test_nothing_is_said_behind_the_end(bars: Bars, registry: tuple[Path, StoredModel]) -> None:
    end_ms = int(bars.starts_ms[5_000])
    [told] = with_model(History({bars.pair: bars}), registry[1], NAMES, end_ms).pairs.values()
    assert told.said["reason"][4_999] is not None and set(told.said["reason"][5_000:]) == {None}


def test_bars_that_it_was_trained_on_are_refused(bars: Bars, registry: tuple[Path, StoredModel]) -> None:
    begin = iso_utc_ms(registry[1].card.trained_to_ms)
    with pytest.raises(BadInputError, match=f"--models: expected bars from {begin} on, where the training of dir"):
        with_model(History({bars.pair: bars[:TRAINED]}), registry[1], NAMES)


def call(*options: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["backtest", "--pairs", "BTC/USD", "--bars", *map(str, options)])
    return done.exit_code, " ".join(done.output.split())


def test_a_backtest_trades_what_it_says(registry: tuple[Path, StoredModel], tmp_path: Path) -> None:
    folder, stored = registry
    out = tmp_path / "out"
    code, said = call(FOUR_HOURS, "--strategy", "prediction", "--models", folder, "--out", out, "--to", "2018-11-01")
    assert code == 0, said
    begin = stored.card.trained_to_ms
    assert f"direction version 1, unproven, trained on what came before {iso_utc_ms(begin)}." in said
    signals, candles = load_table(out, "signals"), load_table(out, "candles")
    assert signals["window_start_ms"].min() == candles["window_start_ms"].min() == begin
    assert set(signals["model_version"]) == {1}
    summary = json.loads((out / "summary.json").read_text())
    assert summary["counts"]["fills"] > 0
    assert (summary["model"]["name"], summary["model"]["version"], summary["model"]["proven"]) == (
        "direction",
        1,
        False,
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--strategy", "sma_cross"], "--models: expected a strategy that takes predictions"),
        (["--strategy", "prediction", "--from", "2017-01-01"], "--from: expected 2018-01-"),
        (["--strategy", "prediction", "--to", "2017-01-01"], "--to: expected later than 2018-01-"),
        (["--strategy", "prediction", "--models", ""], "--models: expected the folder of a run, or the address"),
    ],
)
def test_what_cannot_be_is_named(
    registry: tuple[Path, StoredModel], tmp_path: Path, options: list[str], expected: str
) -> None:
    code, said = call(FOUR_HOURS, "--models", registry[0], "--out", tmp_path / "out", *options)
    assert code == 2 and expected in said, said


def test_bars_of_another_length_are_refused(bars: Bars, registry: tuple[Path, StoredModel]) -> None:
    hours = replace(bars, interval_s=3_600)
    with pytest.raises(BadInputError, match="--models: expected a model of bars of 3600 s, as these are"):
        with_model(History({bars.pair: hours}), registry[1], NAMES)


def test_that_it_says_nothing_is_told(bars: Bars, registry: tuple[Path, StoredModel]) -> None:
    """Bars that begin right where its training ends: no feature is warm."""
    few = with_model(History({bars.pair: bars[TRAINED : TRAINED + 900]}), registry[1], NAMES)
    assert set(few.pairs[bars.pair].said["reason"]) == {"not_warm"}
    assert few.notes[-1].startswith("direction version 1 says nothing of these bars: features are warm after up to ")
    assert with_model(History({bars.pair: bars}), registry[1], NAMES).notes == ()


def test_a_folder_without_a_model_is_named(registry: tuple[Path, StoredModel], tmp_path: Path) -> None:
    code, said = call(FOUR_HOURS, "--strategy", "prediction", "--models", tmp_path, "--out", tmp_path / "out")
    assert code == 2 and "--models: expected a run or registry with direction@champion" in said, said
