"""The commands as processes: train over a log, then serve it, killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.feature_row import FeatureRow
from contracts.model_event import ModelEvent
from contracts.prediction import Prediction
from contracts.topics import MODEL_EVENTS, PREDICTIONS, TECHNICAL_INDICATORS
from predictions.settings import PredictionsSettings
from streaming.clients import read_topic
from streaming.exit_codes import EXIT_TOO_FEW_ROWS
from streaming.producer import open_producer

_DEADLINE_SECONDS = 90


def _settings(folder: Path, **values: object) -> PredictionsSettings:
    return PredictionsSettings(broker_address=f"embedded://{folder}/log", data_dir=folder, **values)


def _environment(folder: Path, **values: object) -> dict[str, str]:
    return {
        **os.environ,
        "TRADESTREAM_BROKER_ADDRESS": f"embedded://{folder}/log",
        "TRADESTREAM_DATA_DIR": str(folder),
        "TRADESTREAM_COMMIT_INTERVAL_SECONDS": "0.2",
        **{name: str(value) for name, value in values.items()},
    }


def _write(folder: Path, rows: list[FeatureRow]) -> None:
    with open_producer(_settings(folder), "test") as producer:
        for row in rows:
            producer.produce(TECHNICAL_INDICATORS, row)


def _train(folder: Path, **values: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "predictions", "train"],
        env=_environment(folder, **values),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_DEADLINE_SECONDS,
    )


def _predictions(folder: Path) -> list[Prediction]:
    return [record.message() for record in read_topic(_settings(folder), PREDICTIONS)]


def _until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not condition():
        assert process.poll() is None, f"the service ended with {process.returncode}"
        assert time.monotonic() < deadline, "the service did not get there in time"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def folder(history, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with rows, on which a baseline was trained by the command."""
    place = tmp_path_factory.mktemp("commands")
    _write(place, history[:3_900])
    progress = place / "run" / "progress.json"
    done = _train(place, PREDICTIONS_PROGRESS_FILE=progress, PREDICTIONS_PAIRS="BTC/USD,ETH/USD,SOL/USD")
    assert done.returncode == 0, done.stderr
    assert json.loads(progress.read_text())["stage"] == "done"
    return place


def test_training_tells_the_model_events(folder: Path) -> None:
    events = [record.message() for record in read_topic(_settings(folder), MODEL_EVENTS)]
    assert [event.event for event in events if isinstance(event, ModelEvent)] == ["registered", "promoted"]


def test_too_few_rows_have_an_exit_code_of_their_own(history, tmp_path: Path) -> None:
    _write(tmp_path, history[:900])
    progress = tmp_path / "progress.json"
    done = _train(tmp_path, PREDICTIONS_PROGRESS_FILE=progress)
    assert done.returncode == EXIT_TOO_FEW_ROWS
    assert "expected at least 600 samples, was 0: 900 rows of 60 s in 3 pairs, 0 of them warm" in done.stderr
    assert json.loads(progress.read_text())["stage"] == "failed"
    assert not (tmp_path / "mlflow.db").exists()


def test_an_empty_log_is_too_few_rows_too(tmp_path: Path) -> None:
    assert _train(tmp_path).returncode == EXIT_TOO_FEW_ROWS


def test_wrong_settings_and_arguments_exit_with_2(tmp_path: Path) -> None:
    wrong = _train(tmp_path, PREDICTIONS_HORIZON_BARS=0)
    assert wrong.returncode == 2
    assert "PREDICTIONS_HORIZON_BARS" in wrong.stderr
    command = [sys.executable, "-m", "predictions", "fly"]
    assert subprocess.run(command, capture_output=True, timeout=_DEADLINE_SECONDS, check=False).returncode == 2


def test_killed_and_started_again_it_says_the_same(history, folder: Path) -> None:
    ready = folder / "run" / "ready.json"
    environment = _environment(folder, PREDICTIONS_READY_FILE=ready)
    command = [sys.executable, "-m", "predictions"]
    _write(folder, history[3_900:4_350])
    with subprocess.Popen(command, env=environment, cwd=folder) as service:
        _until(ready.exists, service)
        _until(lambda: len(_predictions(folder)) >= 200, service)
        service.kill()
    _write(folder, history[4_350:])
    with subprocess.Popen(command, env=environment, cwd=folder) as service:
        last_ms = history[-1].window_start_ms
        _until(lambda: sum(p.window_start_ms == last_ms for p in _predictions(folder)) >= 3, service)
        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=_DEADLINE_SECONDS) == 0
    by_id: dict[str, Prediction] = {}
    for prediction in _predictions(folder):
        assert by_id.setdefault(prediction.message_id, prediction) == prediction, "one id, two values"
    assert len(by_id) == len(history) - 3_900
    assert {p.reason for p in by_id.values()} == {"ok"}
    told = json.loads(ready.read_text())
    assert (told["model_name"], told["model_version"]) == ("direction", 1)
    assert told["trained_to_ms"] == history[3_900].window_start_ms
