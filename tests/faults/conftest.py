"""What every fault test needs: a trained model and what an undisturbed run makes of the market."""

from __future__ import annotations

import pytest
from tests.chaos.live_market import LiveMarket
from tests.chaos.live_run import undisturbed
from tests.kafka.service_process import prepare_server
from tests.kafka.six_services import Written
from tests.predictions.prediction_rows import make_rows

from modeling.dataset import build_dataset
from predictions.settings import PredictionsSettings
from training.fit import train_model
from training.train import register

#: Minutes of market, and how fast they pass where nothing happens.
MINUTES, SPEED_UNDISTURBED = 10.0, 150.0


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A model, trained once on made-up rows from before the market, and served by every run."""
    prepare_server()
    settings = PredictionsSettings(data_dir=tmp_path_factory.mktemp("model"))
    data = build_dataset(make_rows(), 1, 5, 60)
    register(train_model(data, settings, lambda epoch, epochs, log_loss: None), settings)
    return {"PREDICTIONS_MLFLOW_URI": settings.tracking_uri}


@pytest.fixture(scope="session")
def expected(model: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Written:
    """What the services write when nothing happens."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return undisturbed(folder, LiveMarket(folder, MINUTES, SPEED_UNDISTURBED), model)
