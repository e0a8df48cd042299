"""Serving as a process, killed in the middle."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.model_commands import DEADLINE_SECONDS, environment_of, run, settings_of, train, write_rows

from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction
from contracts.topics import PREDICTIONS
from streaming.clients import read_topic


def _predictions(folder: Path) -> list[Any]:
    return [record.message() for record in read_topic(settings_of(folder), PREDICTIONS)]


def _until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert process.poll() is None, f"the service ended with {process.returncode}"
        assert time.monotonic() < deadline, "the service did not get there in time"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def folder(history: list[FeatureRow], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with rows, on which a baseline was trained."""
    place = tmp_path_factory.mktemp("commands")
    write_rows(place, history[:3_900])
    done = train(place)
    assert done.returncode == 0, done.stderr
    return place


@pytest.mark.parametrize(
    ("argument", "told"),
    [("fly", "[serve | replay], was 'fly'"), ("train", "training is a service of its own: python -m training")],
)
def test_wrong_arguments_exit_with_2(argument: str, told: str, tmp_path: Path) -> None:
    done = run("predictions", argument, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.strip().endswith(told)


def test_killed_and_started_again_it_says_the_same(history, folder: Path) -> None:
    ready = folder / "run" / "ready.json"
    environment = environment_of(folder, PREDICTIONS_READY_FILE=ready)
    command = [sys.executable, "-m", "predictions"]
    write_rows(folder, history[3_900:4_350])
    with subprocess.Popen(command, env=environment, cwd=folder) as service:
        _until(ready.exists, service)
        _until(lambda: len(_predictions(folder)) >= 200, service)
        service.kill()
    write_rows(folder, history[4_350:])
    with subprocess.Popen(command, env=environment, cwd=folder) as service:
        last_ms = history[-1].window_start_ms
        _until(lambda: sum(p.window_start_ms == last_ms for p in _predictions(folder)) >= 3, service)
        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=DEADLINE_SECONDS) == 0
    by_id: dict[str, Prediction] = {}
    for prediction in _predictions(folder):
        assert by_id.setdefault(prediction.message_id, prediction) == prediction, "one id, two values"
    assert len(by_id) == len(history) - 3_900
    assert {p.reason for p in by_id.values()} == {"ok"}
    told = json.loads(ready.read_text())
    assert (told["model_name"], told["model_version"]) == ("direction", 1)
    assert told["trained_to_ms"] == history[3_900].window_start_ms
