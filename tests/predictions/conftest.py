"""Synthetic rows, and models trained and registered on them once for all tests of predictions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.predictions.prediction_rows import MINUTE_MS, PAIRS, START_MS, make_rows

from contracts.feature_row import FeatureRow
from modeling.dataset import Dataset, build_dataset
from modeling.kinds import MODELS
from predictions.settings import PredictionsSettings
from training.fit import Trained, train_model
from training.train import register

MakeRows = Callable[..., list[FeatureRow]]


@pytest.fixture(scope="session")
def rows_of() -> MakeRows:
    return make_rows


@pytest.fixture(scope="session")
def history() -> list[FeatureRow]:
    """Rows of three pairs, as the topic has them: minute by minute."""
    by_pair = [make_rows(pair, seed=seed, scale=10.0**seed) for seed, pair in enumerate(PAIRS, start=1)]
    return [row for minute in zip(*by_pair, strict=True) for row in minute]


@pytest.fixture(scope="session")
def datasets(history: list[FeatureRow]) -> dict[str, Dataset]:
    """What each kind of model is trained on."""
    return {name: build_dataset(history, kind.sequence_length, 5, 60) for name, kind in MODELS.items()}


class Registered:
    """A champion in a registry of its own."""

    def __init__(self, settings: PredictionsSettings, trained: Trained) -> None:
        self.settings = settings
        self.trained = trained
        self.events = register(trained, settings)


@pytest.fixture(scope="session")
def champion(history: list[FeatureRow], tmp_path_factory: pytest.TempPathFactory) -> Registered:
    """The baseline, trained on the first two thirds of the history and promoted."""
    folder: Path = tmp_path_factory.mktemp("champion")
    cut_ms = START_MS + 1_200 * MINUTE_MS
    settings = PredictionsSettings(data_dir=folder, train_until_ms=cut_ms)
    data = build_dataset((row for row in history if row.window_end_ms <= cut_ms), 1, 5, 60)
    return Registered(settings, train_model(data, settings, lambda epoch, epochs, log_loss: None))
