"""The service as a process against the simulated venue, over an embedded log."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.processes import Running, start, start_service
from tests.support.waiting import GIVE_UP_SECONDS, wait_for

from contracts.end_of_history import EndOfHistory
from contracts.heartbeat import Heartbeat
from contracts.message import Message
from contracts.symbol_subscription import SymbolSubscription
from contracts.topics import SYMBOL_SUBSCRIPTIONS, TRADES, TRADES_CHECKPOINTS
from contracts.trade_frame import TradeFrame
from contracts.trades_checkpoint import TradesCheckpoint
from streaming.clients import read_dead_letters, read_topic
from streaming.producer import open_producer
from streaming.record import Record
from trades.settings import TradesSettings

START_MS = 1_772_445_600_000
MINUTE_MS = 60_000
PAIRS = ("BTC/USD", "ETH/USD")
Row = tuple[int, int, str, str, str]


class VenueProcess:
    """`python -m exchanges.simulator` and its control API."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        ready = folder / "venue.json"
        ready.unlink(missing_ok=True)
        variables = {
            "SIMULATOR_PAIRS": ",".join(PAIRS),
            "SIMULATOR_HISTORY_FROM_MS": str(START_MS - 240 * MINUTE_MS),
            "SIMULATOR_LIVE_FROM_MS": str(START_MS),
            "SIMULATOR_LIVE_UNTIL_MS": str(START_MS + 20 * MINUTE_MS),
            "SIMULATOR_SPEED": "600",
            "SIMULATOR_REQUESTS_PER_SECOND": "0",
            "SIMULATOR_MESSAGES_PER_SECOND": "0",
            "SIMULATOR_READY_FILE": str(ready),
            **{f"SIMULATOR_{name.upper()}": str(value) for name, value in settings.items()},
        }
        self.process = start("exchanges.simulator", folder, **variables)
        self.urls = json.loads(str(wait_for(lambda: ready.exists() and ready.read_text(), "the simulator")))

    def control(self, path: str, body: Any = None) -> Any:
        url = f"{self.urls['control_url']}/sim/{path}"
        return (httpx.get(url) if body is None else httpx.post(url, json=body)).json()

    def truth(self, pair: str, since_ms: int = 0, until_ms: int = START_MS + 20 * MINUTE_MS) -> list[Row]:
        """Return every trade of the market, the future included."""
        answer = self.control(f"trades?pair={pair}&since_ms={since_ms}&until_ms={until_ms}")
        names = ("trade_ids", "timestamps_us", "prices", "quantities", "sides")
        return list(zip(*(answer[name] for name in names), strict=True))


class TradesProcess:
    """`python -m trades` on one log, started and killed at will."""

    def __init__(self, folder: Path, urls: dict[str, Any]) -> None:
        self.folder = folder
        self._urls = urls
        self._started: list[Running] = []
        self._asked = 0
        self.settings = TradesSettings(broker_address=f"embedded://{folder}/log", data_dir=folder)

    def start(self, **settings: Any) -> Running:
        variables = {
            "TRADES_EXCHANGE_LABEL": "simulated",
            "TRADES_PAIRS": ",".join(PAIRS),
            "TRADES_HISTORY_FROM_MS": str(START_MS - 180 * MINUTE_MS),
            "TRADES_REST_URL": self._urls["rest_url"],
            "TRADES_WEBSOCKET_URL": self._urls["websocket_url"],
            "TRADES_REQUESTS_PER_SECOND": "200",
            "TRADES_PING_INTERVAL_SECONDS": "0.1",
            "TRADES_SILENCE_SECONDS": "2",
            "TRADES_SUBSCRIPTIONS_SECONDS": "0.1",
            "TRADES_STOP_AT_MS": str(START_MS + 20 * MINUTE_MS),
            **{_variable(name): str(value) for name, value in settings.items()},
        }
        process = start_service("trades", self.settings, **variables)
        self._started.append(process)
        return process

    def go_live(self, venue: VenueProcess, **settings: Any) -> Running:
        """Start the live feed, and the market's clock once it is connected."""
        live = self.start(variant="live", **settings)
        wait_for(lambda: venue.control("status")["connections"] == 1, "the live feed to connect", of=live)
        venue.control("clock/start", {})
        return live

    def run(self, **settings: Any) -> int:
        return self.start(**settings).wait(GIVE_UP_SECONDS)

    def log(self) -> str:
        return (self.folder / "trades.log").read_text()

    def messages(self) -> list[Message]:
        return [record.message() for record in read_topic(self.settings, TRADES)]

    def frames(self, pair: str) -> list[TradeFrame]:
        return [m for m in self.messages() if isinstance(m, TradeFrame) and m.pair == pair]

    def rows(self, pair: str) -> list[Row]:
        """Return every row on the topic, in order, repeats included."""
        return [row for frame in self.frames(pair) for row in frame.rows()]

    def heartbeats(self, pair: str) -> list[int]:
        return [m.venue_time_us for m in self.messages() if isinstance(m, Heartbeat) and m.pair == pair]

    def ends(self, pair: str) -> list[EndOfHistory]:
        return [m for m in self.messages() if isinstance(m, EndOfHistory) and m.pair == pair]

    def checkpoints(self, pair: str) -> list[TradesCheckpoint]:
        found = [record.message() for record in read_topic(self.settings, TRADES_CHECKPOINTS)]
        return [c for c in found if isinstance(c, TradesCheckpoint) and c.pair == pair]

    def subscribe(self, pair: str, wanted: bool = True, *, requester: str = "operator", **fields: Any) -> None:
        """Write that `requester` wants a pair, or no longer."""
        self._asked += 1
        fields = {"exchange": "simulated", "requested_at_us": self._asked, **fields}
        with open_producer(self.settings, "test") as producer:
            request = SymbolSubscription(pair=pair, requester=requester, wanted=wanted, **fields)
            producer.produce(SYMBOL_SUBSCRIPTIONS, request)

    def dead_letters(self) -> list[Record]:
        return list(read_dead_letters(self.settings, "trades"))

    def close(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()


def _variable(name: str) -> str:
    return name.upper() if name.startswith("tradestream_") else f"TRADES_{name.upper()}"


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Callable[..., VenueProcess]]:
    """Return a function that starts a simulated venue."""
    started: list[VenueProcess] = []

    def start(**settings: Any) -> VenueProcess:
        started.append(VenueProcess(tmp_path, **settings))
        return started[-1]

    yield start
    for one in started:
        one.process.terminate()
        one.process.wait()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Callable[[VenueProcess], TradesProcess]]:
    """Return a function that makes the trades service of a venue."""
    made: list[TradesProcess] = []

    def make(of: VenueProcess) -> TradesProcess:
        made.append(TradesProcess(tmp_path, of.urls))
        return made[-1]

    yield make
    for one in made:
        one.close()
