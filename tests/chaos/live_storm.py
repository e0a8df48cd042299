"""A storm from the trades on: the simulated venue's market through all services, and orders back to it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar

import httpx
from tests.chaos.order_storm import Storm
from tests.support.fork_server import start
from tests.support.processes import free_port, run
from tests.support.waiting import wait_for

from contracts.candle import Candle
from contracts.fill import Fill
from contracts.message import Message
from contracts.services import FLOW_NAMES, INPUTS, service
from contracts.topics import CANDLES, FILLS
from featurestore import open_store
from featurestore.explained import explain
from streaming.clients import lag, read_topic
from streaming.exit_codes import EXIT_FAILED
from streaming.record import Record

M = TypeVar("M", bound=Message)
#: A strategy that changes its mind with every bar or two, as the price does.
STRATEGY = '''"""Long while the price has risen since the bar before; what has risen by a hair is sold before."""

from strategies import Exits, Strategy, above, close, lag


class Restless(Strategy):
    """Wants something else every few bars."""

    exits = Exits(stop_pct=20, target_pct=0.01)

    def target(self):
        return above(close, lag(close, 1))
'''
#: Who is in it, whoever reads started before whoever writes. Nobody asks for predictions.
SERVICES = ("gateway", *(name for name in reversed(FLOW_NAMES) if name != "predictions"))
PRELOADED = tuple(f"{name}.app" for name in SERVICES)
#: A gateway that ends with a traceback; after all others, since there is one gateway at a time.
BROKEN = "tests.chaos.gateway_broken"
_GIVE_UP_SECONDS = 120.0


@dataclass(frozen=True)
class Explanations:
    """How far fills could be explained.

    Attributes
    ----------
    fills
        How many there are.
    missing
        By fill, what is not there between it and its trades.
    slowest_seconds
        How long the slowest took.
    """

    fills: int
    missing: Mapping[str, tuple[str, ...]]
    slowest_seconds: float

    def __str__(self) -> str:
        led = self.fills - len(self.missing)
        return (
            f"{self.fills} fills, {led} explained down to their trades, the slowest in {self.slowest_seconds:.3f} s"
        )


@dataclass
class LiveStorm(Storm):
    """One run, whose decisions follow from the venue's own trades; halted in the end.

    Parameters
    ----------
    seconds
        How long the accounts trade.
    bar_seconds
        How long a bar is, for the market is as fast as a real one: deadlines are.
    store
        Address of an empty database; SQLite in `folder` without.
    scraped
        What the gateway said at /metrics and /health, after the storm.
    """

    seconds: float = 15.0
    bar_seconds: int = 2
    scraped: str = ""
    store: str = ""

    @property
    def services(self) -> tuple[str, ...]:
        return SERVICES

    @property
    def store_url(self) -> str:
        """Where the services keep what SQL asks for."""
        return self.store or f"sqlite:///{self.folder}/store.sqlite"

    @property
    def _accounts(self) -> list[dict[str, Any]]:
        file = self.folder / "restless.py"
        file.write_text(STRATEGY, encoding="utf-8")
        return [{**each, "strategy": str(file)} for each in super()._accounts]

    def _told(self, url: str) -> dict[str, str]:
        urls = json.loads((self.folder / "venue.json").read_text(encoding="utf-8"))
        return {
            **super()._told(url),
            "TRADESTREAM_STORE_URL": self.store_url,
            "TRADES_PAIRS": ",".join(self.pairs),
            "TRADES_REST_URL": url,
            "TRADES_EXCHANGE": self.venue,
            "TRADES_WEBSOCKET_URL": urls["websocket_urls"][self.venue],
            "TRADES_REQUESTS_PER_SECOND": "40",
            "CANDLES_INTERVALS_S": f"[{self.bar_seconds}]",
            "SIGNALS_INTERVAL_S": str(self.bar_seconds),
        }

    def _own(self, name: str) -> dict[str, str]:
        if name != "gateway":
            return {}
        return {"TRADESTREAM_METRICS_PORT": str(self._port), "TRADESTREAM_LOG_LEVEL": "DEBUG"}

    @cached_property
    def _port(self) -> int:
        return free_port()

    def _blow(self, url: str) -> None:
        """Let the accounts trade for a while, and kill meanwhile; then halt them."""
        wait_for(lambda: any(True for _ in read_topic(self.settings, FILLS)), "a first fill", _GIVE_UP_SECONDS)
        began = time.monotonic()
        killed = [name for name in ("execution", "gateway") for _ in range(self.kills)]
        moments = sorted((began + self._dice.uniform(0.1, 0.9) * self.seconds, name) for name in killed)

        def over() -> bool:
            if moments and moments[0][0] <= time.monotonic():
                self._kill(moments.pop(0)[1])
                self.break_stream(url, len(moments))
            self._look_after()
            return not moments and time.monotonic() - began >= self.seconds

        wait_for(over, "the storm", self.seconds + _GIVE_UP_SECONDS)
        self.halt()

    def _end(self) -> None:
        """Let the candles go on until the last fill is in one; then stop one service after another, all read."""
        filled_ms = max((fill.filled_at_ms for fill in _of(read_topic(self.settings, FILLS), Fill)), default=0)

        def seen() -> bool:
            self._look_after()
            ends: dict[str, int] = {}
            for candle in _of(read_topic(self.settings, CANDLES), Candle):
                ends[candle.pair] = candle.window_start_ms + candle.interval_s * 1_000
            return ends.keys() == set(self.pairs) and min(ends.values()) > filled_ms

        wait_for(seen, "the candles of the last fills", _GIVE_UP_SECONDS, poll_seconds=0.5)
        asked = [httpx.get(f"http://127.0.0.1:{self._port}/{name}", timeout=60) for name in ("metrics", "health")]
        self.scraped = "\n".join(f"{answer.headers}\n{answer.text}" for answer in asked)
        for name in reversed(self.services):
            if name in INPUTS:
                wait_for(partial(self._has_read, name), f"{name} to read all", _GIVE_UP_SECONDS)
            self.processes[name].terminate()
            self.processes[name].join(_GIVE_UP_SECONDS)
            assert self.processes[name].exitcode == 0, (self.folder / f"{name}.log").read_text()[-3_000:]
        broken = start(BROKEN, self.variables, str(self.folder / "broken.log"))
        broken.join(_GIVE_UP_SECONDS)
        assert broken.exitcode == EXIT_FAILED

    @cached_property
    def verified(self) -> subprocess.CompletedProcess[str]:
        """What comes of replaying the run's trades, and comparing."""
        return run("embedded", "verify", "--show", "5", folder=self.folder, **self.variables)

    def explained(self) -> Explanations:
        """Explain every fill."""
        missing, slowest, count = {}, 0.0, 0
        with open_store(self.store_url) as store:
            for (fill,) in store.sql("SELECT fill_id FROM fills").rows:
                begun = time.perf_counter()
                found = explain(store, fill)
                slowest, count = max(slowest, time.perf_counter() - begun), count + 1
                missing |= {fill: found.missing} if found.missing else {}
        return Explanations(count, missing, slowest)

    def _has_read(self, name: str) -> bool:
        return all(lag(self.settings, self.settings.group_for(name), spec) == 0 for spec in service(name).inputs)


def _of(records: Iterable[Record], kind: type[M]) -> Iterator[M]:
    return (message for record in records if isinstance(message := record.message(), kind))
