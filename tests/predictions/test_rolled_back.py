"""A promotion and a rollback as a running process serves them: no restart, each window by one version, replayed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from pathlib import Path

import pytest
from tests.predictions.test_one_version import predictions_of, register_another
from tests.support.model_commands import settings_of, train, write_rows
from tests.support.processes import place, start_service
from tests.support.waiting import GIVE_UP_SECONDS, wait_for
from typer.testing import CliRunner

from contracts.feature_row import FeatureRow
from contracts.services import service
from contracts.topics import PREDICTIONS, TECHNICAL_INDICATORS
from embedded.cli import app
from modeling.registry import ModelRegistry
from predictions.app import topology
from predictions.replay import Replayed, load_versions
from predictions.served_versions import Served, ServedVersions
from predictions.settings import PredictionsSettings
from streaming.clients import read_topic
from streaming.testing import run_topology
from verify.served import served_versions

#: Rows of three pairs, the first after training.
TRAINED = 3_900


@pytest.mark.long
@pytest.mark.timeout(900)
def test_one_process_serves_a_promotion_and_then_the_rollback(history: list[FeatureRow], tmp_path: Path) -> None:
    write_rows(tmp_path, history[:TRAINED])
    assert train(tmp_path).returncode == 0
    log, registry = settings_of(tmp_path), ModelRegistry(f"sqlite:///{tmp_path / 'mlflow.db'}")
    register_another(registry, tmp_path / "artifacts")
    minutes = iter(range(TRAINED, len(history), 3))
    written: list[FeatureRow] = []

    def models(*words: str) -> None:
        done = CliRunner().invoke(app, ["models", *words], env={k: str(v) for k, v in place(log).items()})
        assert done.exit_code == 0, done.output

    with start_service("predictions", log, PREDICTIONS_POLL_SECONDS=0.05) as running:

        def serve_until(version: int, minutes: Iterator[int]) -> None:
            for first in minutes:
                write_rows(tmp_path, history[first : first + 3])
                written.extend(history[first : first + 3])
                wait_for(lambda: len(predictions_of(log)) == len(written), "predictions", of=running)
                if {each.model_version for each in predictions_of(log)[-3:]} == {version}:
                    return

        serve_until(1, minutes)
        models("promote", "2", "--reason", "to see it run")
        serve_until(2, minutes)
        models("rollback", "--reason", "seen enough")
        serve_until(1, minutes)
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=GIVE_UP_SECONDS) == 0
    said = predictions_of(log)
    assert [(each.pair, each.window_start_ms) for each in said] == [(r.pair, r.window_start_ms) for r in written]
    for pair in {each.pair for each in said}:
        spoke = [version for version, _ in groupby(each.model_version for each in said if each.pair == pair)]
        assert spoke == [1, 2, 1]
    published = list(read_topic(log, PREDICTIONS))
    served = ServedVersions([Served.model_validate(each) for each in served_versions(published)])
    settings = PredictionsSettings(data_dir=tmp_path)
    again = run_topology(
        partial(topology, speakers=Replayed(served, load_versions(served, settings))),
        settings,
        "predictions",
        {TECHNICAL_INDICATORS: written},
        service("predictions").writes,
    )
    assert [each.value for each in again.records[PREDICTIONS.name]] == [each.value for each in published]
