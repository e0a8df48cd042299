"""The baseline model, trained once for all workers on made-up rows from before any market of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.predictions.prediction_rows import make_rows
from tests.support.shared import built_once

from modeling.dataset import build_dataset
from predictions.settings import PredictionsSettings
from training.fit import train_model
from training.train import register


def trained_model(factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the settings with which a run serves it."""
    folder = built_once(factory, "model", _train)
    return {"PREDICTIONS_MLFLOW_URI": PredictionsSettings(data_dir=folder).tracking_uri}


def _train(folder: Path) -> None:
    settings = PredictionsSettings(data_dir=folder)
    data = build_dataset(make_rows(), 1, 5, 60)
    register(train_model(data, settings, lambda epoch, epochs, log_loss: None), settings)
