"""The gateway as a process before the simulated venue: orders come about once, whatever fails, and no key is told."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.gateway.market import LIVE, settings_for
from tests.gateway.world import order
from tests.support.processes import Running, start, start_service
from tests.support.venue_keys import SECRETS, bodies
from tests.support.waiting import wait_for

from contracts.clock import SystemClock
from contracts.operator_command import OperatorCommand
from contracts.order import ENDS, Order
from contracts.order_report import OrderReport
from contracts.topics import CONTROL, ORDERS, SIGNALS, TopicSpec
from contracts.units import US_PER_MS
from exchanges.private.venues import PRIVATE_VENUES
from execution.core.orders.life import after, unwanted
from gateway.settings import GatewaySettings
from streaming.producer import MessageProducer, open_producer
from streaming.settings import environment_of
from streaming.tail import TopicTail

pytestmark = pytest.mark.slow
READY = "ready: orders from now on are sent"
KEY = "the-canary-key"
SECRET = SECRETS["kraken"]
#: What venues say of an order that is too small.
TOO_LITTLE = {"kraken": "minimum", "coinbase": "TOO_SMALL", "binance": "LOT_SIZE"}
BEGAN_WITH = {"USD": Decimal(1_000_000), "BTC": Decimal(100)}


@dataclass
class Venue:
    """The simulated venue as its control API shows it."""

    url: str
    stream_url: str = "off"

    def plan(self, **fault: Any) -> None:
        httpx.post(f"{self.url}/sim/faults", json=fault).raise_for_status()

    def now_us(self) -> int:
        return int(httpx.get(f"{self.url}/sim/status").json()["now_us"])

    def truth(self) -> dict[str, Any]:
        return dict(httpx.get(f"{self.url}/sim/orders").json()["accounts"]["main"])


@dataclass
class Books:
    """Execution's part: orders are written, reports are read and booked, each once."""

    settings: GatewaySettings
    producer: MessageProducer
    exchange: str = "kraken"
    orders: dict[str, Order] = field(default_factory=dict)
    executions: dict[str, OrderReport] = field(default_factory=dict)
    ever: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._signals = TopicTail(self.settings, SIGNALS)

    def write(self, message: Order | OperatorCommand, spec: TopicSpec = ORDERS) -> None:
        if isinstance(message, Order):
            self.orders[message.order_id] = message
        self.producer.produce(spec, message)
        self.producer.flush()

    def place(self, number: int, **changes: Any) -> Order:
        placed = order(
            number, SystemClock().now_us() // US_PER_MS, **{"quantity": "0.01", "exchange": self.exchange, **changes}
        )
        self.write(placed)
        return placed

    def read(self) -> None:
        for record in self._signals.read_new():
            report = record.message()
            assert isinstance(report, OrderReport)
            self.ever.append((report.order_id, report.kind))
            if report.execution is not None:
                name = report.execution.execution_id
                if name in self.executions:
                    continue
                self.executions[name] = report
            before = self.orders[report.order_id]
            if (now := after(before, report)) is not before:
                self.write(now)

    def status(self, placed: Order) -> str:
        self.read()
        return self.orders[placed.order_id].status

    def wait_for_ends(self, count: int) -> None:
        def ended() -> int:
            self.read()
            return sum(each.status in ENDS for each in self.orders.values())

        wait_for(lambda: ended() >= count, f"{count} orders that are over")

    def wait(self, placed: Order, status: str) -> None:
        wait_for(
            lambda: self.status(placed) in {status, *ENDS}, lambda: f"{status} of {self.orders[placed.order_id]}"
        )
        assert self.orders[placed.order_id].status == status, self.orders[placed.order_id]


@dataclass
class Market:
    """All of it."""

    folder: Path
    venue: Venue
    books: Books
    settings: GatewaySettings
    gateway: Running
    listens: bool = True
    ask_seconds: float = 0.3
    reconcile_seconds: float = 1.0
    timeout_seconds: float = 1.0
    cancel_all_after_seconds: int = 0

    def variables(self) -> dict[str, str]:
        """Return what a gateway is told."""
        told = environment_of(
            GatewaySettings,
            accounts=(LIVE,),
            exchange=self.books.exchange,
            rest_url=self.venue.url,
            websocket_url=self.venue.stream_url if self.listens else "off",
            timeout_seconds=self.timeout_seconds,
            cancel_all_after_seconds=self.cancel_all_after_seconds,
            deadline_seconds=3.0,
            settle_seconds=1.0,
            ask_seconds=self.ask_seconds,
            reconcile_seconds=self.reconcile_seconds,
        )
        return {**told, "GATEWAY_API_KEY": KEY, "GATEWAY_API_SECRET": SECRETS[self.books.exchange]}

    def start(self) -> None:
        log = self.folder / "gateway.log"
        before = log.read_text(encoding="utf-8").count(READY) if log.exists() else 0
        self.gateway = start_service("gateway", self.settings, **self.variables())
        wait_for(lambda: log.read_text(encoding="utf-8").count(READY) > before, "the gateway", of=self.gateway)

    def said(self, text: str) -> int:
        return (self.folder / "gateway.log").read_text(encoding="utf-8").count(text)

    def has_said_more(self, text: str, than: int) -> bool:
        return self.said(text) > than

    def kill(self) -> None:
        self.gateway.kill()
        self.gateway.wait()

    def compare(self) -> None:
        """What the venue says is true against what was booked: to the last digit."""
        truth = self.venue.truth()
        names = [each["client_order_id"] for each in truth["orders"] if each["client_order_id"] is not None]
        assert len(names) == len(set(names)), "an order was taken twice"
        theirs = {each["execution_id"]: each for each in truth["executions"]}
        assert theirs.keys() == self.books.executions.keys()
        balances = dict(BEGAN_WITH)
        for report in self.books.executions.values():
            done = report.execution
            assert done is not None
            signed = Decimal(done.quantity) * (1 if self.books.orders[report.order_id].side == "buy" else -1)
            balances["BTC"] += signed
            balances["USD"] -= signed * Decimal(done.price)
            balances["BTC" if done.fee_in == "base" else "USD"] -= Decimal(done.fee)
        assert {name: Decimal(truth["balances"][name]) for name in balances} == balances


@pytest.fixture(params=sorted(PRIVATE_VENUES))
def market(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Market]:
    with opened(tmp_path, request.param) as made:
        yield made


@contextmanager
def opened(tmp_path: Path, exchange: str = "kraken", **told: Any) -> Iterator[Market]:
    """Run a venue, and a gateway that is told what is given."""
    ready = tmp_path / "ready.json"
    balances = {name: str(amount) for name, amount in BEGAN_WITH.items()}
    keys = [{"key": KEY, "secret": SECRETS[exchange], "venue": exchange, "account": "main", "balances": balances}]
    simulator = start(
        "exchanges.simulator",
        tmp_path,
        SIMULATOR_PAIRS="BTC/USD,ETH/USD",
        SIMULATOR_AUTO_START="true",
        SIMULATOR_KEYS=json.dumps(keys),
        SIMULATOR_TIER="unlimited",
        SIMULATOR_READY_FILE=ready,
    )
    processes = [simulator]
    try:
        wait_for(ready.exists, "the simulated venue", of=simulator)
        settings = settings_for(tmp_path, accounts=(LIVE,))
        with open_producer(settings, "execution") as producer:
            urls = json.loads(ready.read_text(encoding="utf-8"))
            venue = Venue(urls["rest_url"], urls["private_websocket_urls"][exchange])
            made = Market(tmp_path, venue, Books(settings, producer, exchange), settings, simulator, **told)
            made.start()
            yield made
            processes.append(made.gateway)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_an_orders_ways(market: Market) -> None:
    """Filled, refused, cancelled, halted, and without an answer; then a clean end that told nobody the key."""
    books, venue = market.books, market.venue
    bought = books.place(1)
    books.wait(bought, "FILLED")
    tiny = books.place(2, quantity="0.00000001")
    books.wait(tiny, "REJECTED")
    assert TOO_LITTLE[books.exchange] in str(books.orders[tiny.order_id].reason)
    resting = books.place(3, order_type="limit", limit_price="1", quantity="1")
    books.wait(resting, "ACCEPTED")
    books.write(unwanted(books.orders[resting.order_id], "changed its mind", resting.decided_at_ms))
    books.wait(resting, "CANCELLED")
    faults: list[tuple[dict[str, Any], str]] = [
        ({"kind": "timeout_after", "delay_ms": 1_500}, "FILLED"),
        ({"kind": "error_after"}, "FILLED"),
        ({"kind": "request_late", "delay_ms": 1_000}, "FILLED"),
        ({"kind": "request_late", "delay_ms": 6_000}, "EXPIRED"),
    ]
    # Where an order is sent again by its name, one answer that is missing leaves no doubt.
    again = PRIVATE_VENUES[books.exchange].lasting_names
    for number, (fault, _) in enumerate(faults[:3] if again else [], 30):
        venue.plan(**fault)
        sure = books.place(number)
        books.wait(sure, "FILLED")
        assert (sure.order_id, "UNRESOLVED") not in books.ever
    for number, (fault, end) in enumerate(faults, 10):
        venue.plan(**fault, count=2 if again else 1)
        doubtful = books.place(number)
        books.wait(doubtful, end)
        assert (doubtful.order_id, "UNRESOLVED") in books.ever
    now_ms = SystemClock().now_us() // US_PER_MS
    halt = OperatorCommand(
        command_id="c", account="main", action="halt", reason="a test", issued_by="tests", issued_at_ms=now_ms
    )
    books.write(halt, CONTROL)
    halted = books.place(20)
    books.wait(halted, "REJECTED")
    assert books.orders[halted.order_id].reason == "halted"
    market.compare()
    market.gateway.send_signal(signal.SIGTERM)
    assert market.gateway.wait(30) == 0
    found = [path for path in market.folder.rglob("*") if path.is_file()]
    assert len(found) > 5
    canaries = [each.encode() for each in (KEY, *bodies(SECRETS[books.exchange]))]
    for path in found:
        assert not any(each in path.read_bytes() for each in canaries), path


def test_a_stream_that_breaks_loses_and_doubles_nothing(market: Market) -> None:
    """Cut, silent, garbled, refused; executions lost, told three times, out of order and late."""
    books, venue = market.books, market.venue
    wait_for(lambda: market.said("the venue tells of executions"), "the stream")
    for kind in ("fill_lost", "fill_tripled", "fill_reordered", "fill_late"):
        venue.plan(kind=kind, count=1_000, share=0.25, delay_ms=700)
    breaks: list[tuple[dict[str, Any], bool]] = [
        ({"kind": "disconnect"}, True),
        ({"kind": "garbage"}, False),
        ({"kind": "refuse_connections", "count": 2}, False),
        ({"kind": "disconnect", "close_code": 1012}, True),
        ({"kind": "half_open"}, True),
    ]
    for turn, (fault, ends) in enumerate(breaks):
        heard = market.said("the venue tells of executions")
        for number in range(4 * turn, 4 * turn + 4):
            books.place(number, side="buy" if number % 3 else "sell")
            if number % 4 == 1:
                venue.plan(**fault)
        if ends:
            wait_for(partial(market.has_said_more, "the venue tells of executions", heard), "the stream again")
    books.wait_for_ends(20)
    market.compare()
    last = books.place(30)
    books.wait(last, "FILLED")
    market.compare()


@pytest.mark.long
def test_kills_double_nothing(market: Market) -> None:
    books, venue = market.books, market.venue
    for kind in ("timeout_after", "timeout_before", "request_late", "error_after"):
        venue.plan(kind=kind, count=1_000, share=0.15, delay_ms=200)
    venue.plan(kind="invisible", count=1_000, share=0.3, delay_ms=500)
    for number in range(24):
        books.place(number, side="buy" if number % 3 else "sell")
        if number % 6 == 5:
            books.wait_for_ends(number // 2)
            market.kill()
            market.start()
    wait_for(
        lambda: books.read() or all(each.status in ENDS for each in books.orders.values()),
        lambda: str([each for each in books.orders.values() if each.status not in ENDS]),
        seconds=150,
    )
    market.compare()
    assert sum(each.status == "FILLED" for each in books.orders.values()) > 5
