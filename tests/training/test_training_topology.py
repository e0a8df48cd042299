"""The training service as a process: rows of the log in, a registered model and its events out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.support.model_commands import settings_of, train, write_rows

from contracts.feature_row import FeatureRow
from contracts.model_event import ModelEvent
from contracts.topics import MODEL_EVENTS
from streaming.clients import read_topic
from streaming.exit_codes import EXIT_BAD_SETTINGS, EXIT_TOO_FEW_ROWS


def test_training_registers_a_model_and_tells_the_model_events(history: list[FeatureRow], tmp_path: Path) -> None:
    write_rows(tmp_path, history[:3_900])
    progress = tmp_path / "run" / "progress.json"
    done = train(tmp_path, PREDICTIONS_PROGRESS_FILE=progress, PREDICTIONS_PAIRS="BTC/USD,ETH/USD,SOL/USD")
    assert done.returncode == 0, done.stderr
    assert "moves beyond a round trip of 84 basis points: 1 bar 0." in done.stderr
    assert re.search(r"samples\. The others: 2,[0-9]+ not warm, 15 horizon not over", done.stderr), done.stderr
    assert json.loads(progress.read_text())["stage"] == "done"
    records = list(read_topic(settings_of(tmp_path), MODEL_EVENTS))
    events = [record.message() for record in records]
    registered, promoted = (event for event in events if isinstance(event, ModelEvent))
    assert (registered.event, promoted.event) == ("registered", "promoted")
    assert promoted.reason.endswith("; only 1.1 % of moves over 5 bars exceed a round trip")
    assert {record.key for record in records} == {b"direction"}


def test_a_horizon_at_which_nothing_pays_is_a_wrong_setting(history: list[FeatureRow], tmp_path: Path) -> None:
    """Of these rows 1.1 % move beyond costs in five minutes, 5 % do in eight; said before anything is fitted."""
    write_rows(tmp_path, history[:3_900])
    done = train(tmp_path, PREDICTIONS_REQUIRE_MOVES="true")
    assert done.returncode == EXIT_BAD_SETTINGS
    assert (
        "PREDICTIONS_HORIZON_BARS: expected a horizon over which at least 5 % of moves exceed a round trip of 84 "
        "basis points (from 8 on), or PREDICTIONS_REQUIRE_MOVES=false to train all the same, "
        "was '5 bars, over which 1.1 % do'"
    ) in done.stderr
    assert not (tmp_path / "mlflow.db").exists()


def test_too_few_rows_have_an_exit_code_of_their_own(history: list[FeatureRow], tmp_path: Path) -> None:
    write_rows(tmp_path, history[:900])
    progress = tmp_path / "progress.json"
    done = train(tmp_path, PREDICTIONS_PROGRESS_FILE=progress)
    assert done.returncode == EXIT_TOO_FEW_ROWS
    assert "expected at least 600 samples, was 0: 900 rows of 60 s in 3 pairs, 0 of them warm" in done.stderr
    assert json.loads(progress.read_text())["stage"] == "failed"
    assert not (tmp_path / "mlflow.db").exists()


def test_an_empty_log_is_too_few_rows_too(tmp_path: Path) -> None:
    assert train(tmp_path).returncode == EXIT_TOO_FEW_ROWS


@pytest.mark.parametrize(("name", "value"), [("PREDICTIONS_HORIZON_BARS", 0), ("PREDICTIONS_MODEL", "oracle")])
def test_wrong_settings_exit_with_2(name: str, value: object, tmp_path: Path) -> None:
    wrong = train(tmp_path, **{name: value})
    assert wrong.returncode == 2
    assert f"{name}: expected" in wrong.stderr
