"""The logistic model, trained once for all workers on made-up rows from before any market of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.feature_rows import make_rows
from tests.support.shared import built_once

from modeling.dataset import build_dataset
from training.fit import train_model
from training.settings import TrainingSettings
from training.train import register


def trained_model(factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the settings with which a run serves it."""
    folder = built_once(factory, "model", register_logistic)
    return {"PREDICTIONS_MLFLOW_URI": TrainingSettings(data_dir=folder).tracking_uri}


def register_logistic(folder: Path) -> None:
    """Train logistic regression on those rows and make it the champion of a registry in `folder`."""
    settings = TrainingSettings(data_dir=folder, require_gate=False, require_moves=False)
    data = build_dataset(make_rows(), 1, settings.horizon_bars, settings.interval_s)
    register(train_model(data, settings, lambda *_: None), settings)
