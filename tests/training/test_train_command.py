"""`tradestream models train`: a model on the rows of a run, as that run foresees."""

from __future__ import annotations

import json

import pytest
from tests.support.feature_rows import MINUTE_MS, START_MS
from typer.testing import CliRunner

from contracts.feature_row import FeatureRow
from contracts.topics import TECHNICAL_INDICATORS
from embedded.cli import app
from embedded.environment import ENVIRONMENT
from modeling.registry import ModelRegistry
from results.run_folder import RunFolder
from streaming.exit_codes import EXIT_BAD_SETTINGS, EXIT_OK
from streaming.producer import open_producer
from streaming.settings import ServiceSettings
from training.settings import TrainingSettings


@pytest.fixture(scope="module")
def place(history: list[FeatureRow], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run with rows on its log, that was told to look seven bars ahead."""
    found = RunFolder(tmp_path_factory.mktemp("trained") / "run")
    found.create()
    log = ServiceSettings(broker_address=found.broker_address, environment=ENVIRONMENT)
    with open_producer(log, "indicators") as producer:
        for row in history:
            if row.window_end_ms <= START_MS + 1_300 * MINUTE_MS:
                producer.produce(TECHNICAL_INDICATORS, row)
        producer.flush()
    told = {"PREDICTIONS_HORIZON_BARS": "7", "PREDICTIONS_MODEL_NAME": "elsewhere"}
    record = {"runs": [{"from": "2026-01-01T00:00:00Z", "settings": told}]}
    (found.work / "settings.json").write_text(json.dumps(record), encoding="utf-8")
    return found


def train(place: RunFolder, *options: str, **environment: str) -> tuple[int, str]:
    words = ["models", "train", "--run", str(place.out), *options]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "300", **environment})
    return done.exit_code, done.output


def test_it_is_trained_as_the_run_foresees_and_with_what_is_told(place: RunFolder) -> None:
    code, said = train(place, "--hyperparameters", '{"num_leaves": 4}')
    assert code == EXIT_OK, said
    card = ModelRegistry(TrainingSettings(data_dir=place.work.resolve()).tracking_uri).load("direction", 1).card
    assert (card.horizon_bars, card.hyperparameters["num_leaves"]) == (7, 4)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--model", "oracle"), "PREDICTIONS_MODEL: expected"),
        (("--hyperparameters", "4"), "PREDICTIONS_HYPERPARAMETERS: expected"),
        (("--hyperparameters", '{"num_leaves": 1}'), "expected a whole number from 3 to 31 (num_leaves)"),
    ],
)
def test_what_is_wrong_is_named_before_anything_is_read(
    place: RunFolder, options: tuple[str, ...], expected: str
) -> None:
    code, said = train(place, *options)
    assert code == EXIT_BAD_SETTINGS
    assert expected in said
