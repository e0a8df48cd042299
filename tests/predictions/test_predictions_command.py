"""Serving as a process, killed in the middle."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from tests.support.model_commands import run, settings_of, train, write_rows
from tests.support.processes import start_service
from tests.support.waiting import GIVE_UP_SECONDS, wait_for

from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction
from contracts.topics import PREDICTIONS
from streaming.clients import read_topic


def _predictions(folder: Path) -> list[Any]:
    return [record.message() for record in read_topic(settings_of(folder), PREDICTIONS)]


@pytest.fixture(scope="module")
def folder(history: list[FeatureRow], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with rows, on which logistic regression was trained."""
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


@pytest.mark.long
def test_killed_and_started_again_it_says_the_same(history, folder: Path) -> None:
    ready = folder / "run" / "ready.json"
    settings = {"PREDICTIONS_READY_FILE": ready, "TRADESTREAM_COMMIT_INTERVAL_SECONDS": 0.2}
    write_rows(folder, history[3_900:4_350])
    with start_service("predictions", settings_of(folder), **settings) as service:
        wait_for(ready.exists, "the service", of=service)
        wait_for(lambda: len(_predictions(folder)) >= 200, "200 predictions", of=service)
        service.kill()
    write_rows(folder, history[4_350:])
    with start_service("predictions", settings_of(folder), **settings) as service:
        last_ms = history[-1].window_start_ms

        def last() -> int:
            return sum(p.window_start_ms == last_ms for p in _predictions(folder))

        wait_for(lambda: last() >= 3, "the last predictions", of=service)
        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=GIVE_UP_SECONDS) == 0
    by_id: dict[str, Prediction] = {}
    for prediction in _predictions(folder):
        assert by_id.setdefault(prediction.message_id, prediction) == prediction, "one id, two values"
    assert len(by_id) == len(history) - 3_900
    assert {p.reason for p in by_id.values()} == {"ok"}
    told = json.loads(ready.read_text())
    assert (told["model_name"], told["model_version"]) == ("direction", 1)
    assert told["trained_to_ms"] == history[3_900].window_start_ms
