"""What every fault test needs: a trained model and what an undisturbed run makes of the market."""

from __future__ import annotations

import pytest
from tests.chaos.live_market import LiveMarket
from tests.chaos.live_run import undisturbed
from tests.kafka.six_services import Written
from tests.support.fork_server import prepare_server
from tests.support.trained_model import trained_model

#: Minutes of market, and how fast they pass where nothing happens.
MINUTES, SPEED_UNDISTURBED = 10.0, 150.0


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings that name the model that every run serves."""
    prepare_server()
    return trained_model(tmp_path_factory)


@pytest.fixture(scope="session")
def expected(model: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Written:
    """What the services write when nothing happens."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return undisturbed(folder, LiveMarket(folder, MINUTES, SPEED_UNDISTURBED), model)
