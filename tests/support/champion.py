"""Models trained and registered on made-up rows, and what the tests of modeling, training and predictions share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.support.feature_rows import MINUTE_MS, PAIRS, START_MS, make_rows

from contracts.feature_row import FeatureRow
from modeling.dataset import Dataset, build_dataset
from modeling.kinds import MODELS
from modeling.registered import NoModelError
from predictions.served_model import ServedModel
from predictions.settings import PredictionsSettings
from predictions.speakers import Champion as Serving
from training.fit import Trained, train_model
from training.settings import TrainingSettings
from training.train import register

MakeRows = Callable[..., list[FeatureRow]]


class Champion:
    """A promoted model in a registry of its own.

    Attributes
    ----------
    settings, serving
        Of training and of serving.
    trained, events
        The model, and what its registration told.
    """

    def __init__(self, settings: TrainingSettings, trained: Trained) -> None:
        self.settings = settings
        self.serving = PredictionsSettings(data_dir=settings.data_dir)
        self.trained = trained
        self.events = register(trained, settings)


def only(model: ServedModel) -> Serving:
    """Return what serves one version and no other."""

    def no_other(version: int) -> ServedModel:
        raise NoModelError(f"version {version} is not in this test")

    return Serving(model, no_other)


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


@pytest.fixture(scope="session")
def champion(history: list[FeatureRow], tmp_path_factory: pytest.TempPathFactory) -> Champion:
    """Logistic regression, trained on the first two thirds of the history and promoted: unproven, after costs."""
    cut_ms = START_MS + 1_200 * MINUTE_MS
    folder = tmp_path_factory.mktemp("champion")
    settings = TrainingSettings(data_dir=folder, train_until_ms=cut_ms, require_gate=False, require_moves=False)
    data = build_dataset((row for row in history if row.window_end_ms <= cut_ms), 1, 5, 60)
    return Champion(settings, train_model(data, settings, lambda *_: None))
