"""Two gateways with one key of a venue: one is at work, the other stands by, and no order is taken twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from confluent_kafka.admin import AdminClient
from tests.gateway.market import LIVE
from tests.gateway.test_gateway_process import BEGAN_WITH, KEY, READY, SECRET, Books, Market, Venue
from tests.kafka.consumer_groups import partitions_of
from tests.kafka.throwaway_broker import Broker, free_port
from tests.support.processes import Running, start, start_service
from tests.support.waiting import let_pass, wait_for

from contracts.order import ENDS
from contracts.topics import CONTROL, ORDERS, POSITIONS, SIGNALS
from gateway.desk import STANDING_BY
from gateway.settings import GatewaySettings
from streaming.clients import create_topics
from streaming.producer import open_producer
from streaming.settings import ServiceSettings, environment_of

pytestmark = pytest.mark.slow
#: A minute more than services wait in place (`TRADESTREAM_BROKER_PATIENCE_SECONDS`).
SIX_MINUTES = 360.0
Start = Callable[[str, str], "Gateway"]


class Gateway:
    """A gateway process on a machine of its own."""

    def __init__(self, folder: Path, process: Running) -> None:
        self.log = folder / "gateway.log"
        self.process = process

    def wait_for(self, words: str) -> None:
        wait_for(lambda: words in self.said(), lambda: f"{words!r}: {self.said()[-2_000:]}", of=self.process)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    ready = tmp_path / "ready.json"
    balances = {name: str(amount) for name, amount in BEGAN_WITH.items()}
    simulator = start(
        "exchanges.simulator",
        tmp_path,
        SIMULATOR_PAIRS="BTC/USD,ETH/USD",
        SIMULATOR_AUTO_START="true",
        SIMULATOR_KEYS=json.dumps([{"key": KEY, "secret": SECRET, "account": "main", "balances": balances}]),
        SIMULATOR_TIER="unlimited",
        SIMULATOR_READY_FILE=ready,
    )
    try:
        wait_for(ready.exists, "the simulated venue", of=simulator)
        urls = json.loads(ready.read_text(encoding="utf-8"))
        yield Venue(urls["rest_url"], urls["private_websocket_urls"]["kraken"])
    finally:
        simulator.kill()
        simulator.wait()


@pytest.fixture
def machine(on_kafka: ServiceSettings, venue: Venue, tmp_path: Path) -> Iterator[Start]:
    """Start a gateway: `machine(name, instance)`."""
    begun: list[Running] = []

    def begin(name: str, instance: str) -> Gateway:
        folder = tmp_path / name
        folder.mkdir()
        variables = environment_of(
            GatewaySettings,
            accounts=(LIVE,),
            rest_url=venue.url,
            websocket_url=venue.stream_url,
            deadline_seconds=10.0,
            settle_seconds=1.0,
            ask_seconds=0.3,
            reconcile_seconds=1.0,
            instance_id=instance,
            session_timeout_seconds=6.0,
        )
        settings = on_kafka.model_copy(update={"data_dir": folder})
        keys = {"GATEWAY_API_KEY": KEY, "GATEWAY_API_SECRET": SECRET}
        begun.append(start_service("gateway", settings, **variables, **keys))
        return Gateway(folder, begun[-1])

    yield begin
    for process in begun:
        process.kill()
        process.wait()


def test_of_two_gateways_one_sends_and_the_other_takes_over(
    machine: Start, venue: Venue, on_kafka: ServiceSettings, tmp_path: Path
) -> None:
    create_topics(on_kafka, [ORDERS, CONTROL, POSITIONS, SIGNALS])
    settings = GatewaySettings(
        broker_address=on_kafka.broker_address,
        environment=on_kafka.environment,
        data_dir=tmp_path,
        accounts=(LIVE,),
        api_key=KEY,
        api_secret=SECRET,
    )
    topic = CONTROL.full_name(settings.environment)
    with open_producer(settings, "execution") as producer:
        books = Books(settings, producer)

        def place(first: int) -> None:
            for number in range(first, first + 6):
                books.place(number)
            books.wait_for_ends(first + 5)

        one = machine("one", "0")
        one.wait_for(READY)
        other = machine("other", "1")
        other.wait_for(STANDING_BY)
        # Whoever joins has the group balanced, and the first begins again: what comes meanwhile is only asked for.
        admin = AdminClient({"bootstrap.servers": settings.broker_address})
        group = f"gateway-{settings.environment}"
        wait_for(lambda: set(partitions_of(admin, group, topic)) == {"0", "1"}, "both to be in")
        wait_for(lambda: one.said().count(READY) == 2, lambda: f"the first to begin again: {one.said()[-2_000:]}")
        place(1)
        assert READY not in other.said()
        one.process.kill()
        other.wait_for(READY)
        place(7)
        namesake = machine("namesake", "1")
        namesake.wait_for(READY)
        books.place(13)
        wait_for(lambda: other.process.poll() is not None, lambda: f"the other to end: {other.said()[-2_000:]}")
        assert other.process.returncode == 1
        assert "another process has this one's TRADESTREAM_INSTANCE_ID" in other.said()
        books.wait_for_ends(13)
        assert all(each.status in ENDS for each in books.orders.values())
        filled = [order_id for order_id, each in books.orders.items() if each.status == "FILLED"]
        numbers = list(books.orders)
        assert set(numbers[:6]) & set(filled) and set(numbers[6:12]) & set(filled), books.orders
        Market(tmp_path, venue, books, settings, namesake.process).compare()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_six_real_minutes_without_a_broker_double_no_order(venue: Venue, tmp_path: Path) -> None:
    """The broker goes while orders are at the venue; what became of them is told when it is back, once each."""
    with Broker(tmp_path / "kafka", free_port()).running() as broker:
        settings = GatewaySettings(
            broker_address=broker.address, data_dir=tmp_path, accounts=(LIVE,), api_key=KEY, api_secret=SECRET
        )
        create_topics(settings, [ORDERS, CONTROL, POSITIONS, SIGNALS])
        with open_producer(settings, "execution", timeout_seconds=900.0) as producer:
            market = Market(tmp_path, venue, Books(settings, producer), settings, cast(Any, None))
            market.start()
            for number in range(1, 7):
                market.books.place(number)
            market.books.wait_for_ends(6)
            for number in range(7, 13):
                market.books.place(number)
            taken = len(venue.truth()["orders"])
            wait_for(lambda: len(venue.truth()["orders"]) > taken, "one of them at the venue")
            broker.kill(1)
            let_pass(SIX_MINUTES)
            assert market.gateway.poll() is None
            broker.run("down")
            broker.up()
            market.books.wait_for_ends(12)
            market.books.place(13)
            market.books.wait_for_ends(13)
            market.compare()
            market.kill()
