"""A broker for all workers, the recorded market, a model, and what an undisturbed embedded run makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.kafka.recorded_market import PAIRS, market_settings, write_files
from tests.kafka.six_services import SixServices, Written, accounts
from tests.kafka.throwaway_broker import Broker, shared_broker
from tests.support.fork_server import prepare_server
from tests.support.shared import built_once
from tests.support.trained_model import trained_model

from streaming.settings import ServiceSettings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = str(Path(__file__).parent)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker("kafka")
            if item.get_closest_marker("timeout") is None:
                # The first builds what all of them share.
                item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker that checks retention twice a second, on a free port, with its data in a temporary folder."""
    with shared_broker(tmp_path_factory) as broker:
        yield broker


@pytest.fixture
def on_kafka(broker: Broker, tmp_path: Path, request: pytest.FixtureRequest) -> ServiceSettings:
    """Settings with topics of the test's own."""
    return ServiceSettings(
        broker_address=broker.address, data_dir=tmp_path, environment=environment_of(request.node.name)
    )


@pytest.fixture(scope="session")
def settings_of_a_run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What all runs are told: the market's files, two accounts, and a model trained before the market begins."""
    prepare_server()
    folder = built_once(tmp_path_factory, "market", write_files)
    return {
        **market_settings(folder),
        **accounts(("binance", ("BTC/USDT",)), ("simulated", PAIRS)),
        **trained_model(tmp_path_factory),
        "TRADESTREAM_LOG_LEVEL": "INFO",
    }


@pytest.fixture
def services(
    broker: Broker, settings_of_a_run: dict[str, str], tmp_path: Path, on_kafka: ServiceSettings
) -> Callable[..., SixServices]:
    """Six services on Kafka, with topics of the test's own: `services(SETTING=..., on=another broker)`."""

    def make(on: Broker = broker, **given: str) -> SixServices:
        told = {**settings_of_a_run, **given}
        return SixServices(on.address, tmp_path, told, on_kafka.environment, on.brokers, users=on.users)

    return make


@pytest.fixture(scope="session")
def undisturbed_run(settings_of_a_run: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> SixServices:
    """The six services over the embedded log, done with the market; nothing has happened to them."""

    def services(folder: Path) -> SixServices:
        return SixServices(f"embedded://{folder}/log", folder, settings_of_a_run)

    def run(folder: Path) -> None:
        with services(folder).running() as all_of_them:
            all_of_them.drain()

    return services(built_once(tmp_path_factory, "undisturbed-run", run))


@pytest.fixture(scope="session")
def undisturbed(undisturbed_run: SixServices) -> Written:
    """What they have written."""
    written = undisturbed_run.collect()
    assert all(len(values) == 1 for values in written.values.values())
    assert written.repeated == 0
    return written


def environment_of(name: str) -> str:
    """Return a suffix for a test's topics."""
    return "t" + "".join(c for c in name.lower() if c.isalnum())[-40:]
