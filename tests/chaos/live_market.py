"""The market of a run: the simulated venue as a process of its own, and every trade it is going to make."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from tests.kafka.six_services import accounts
from tests.support.waiting import wait_for

from contracts.units import MS_PER_MINUTE
from exchanges.simulator.instruments import instrument
from exchanges.simulator.market import Market

EXCHANGE = "simulator"
SEED = 7
PAIRS = ("BTC/USD", "ETH/USD", "SOL/USD")
#: Midnight, where features are anchored; rows are warm from here on with the half day before it.
LIVE_FROM_MS = 1_772_582_400_000
WARM_UP_HOURS = 12
#: A model wants a day of warm rows more.
TRAINING_HOURS = WARM_UP_HOURS + 24
_MS_PER_HOUR = 60 * MS_PER_MINUTE
_MARKET_FROM_MS = LIVE_FROM_MS - TRAINING_HOURS * _MS_PER_HOUR

#: (pair, trade id) -> (timestamp_us, price, quantity, side), numbers as messages write them.
TrueTrades = dict[tuple[str, int], tuple[int, str, str, str]]


@dataclass
class LiveMarket:
    """Three pairs: history, then `minutes` of live market at `speed` times real time.

    Parameters
    ----------
    folder
        Of its ready file and its log.
    faults
        What the venue does to its clients, as its control API takes it.
    history_hours
        How much of the past the trades service is to write.
    """

    folder: Path
    minutes: float
    speed: float
    faults: Sequence[dict[str, Any]] = ()
    history_hours: int = WARM_UP_HOURS
    _urls: dict[str, Any] = field(default_factory=dict)

    @property
    def history_from_ms(self) -> int:
        """Event time of the first trade that is written."""
        return LIVE_FROM_MS - self.history_hours * _MS_PER_HOUR

    @property
    def live_until_ms(self) -> int:
        """Event time at which it stands still for good."""
        return LIVE_FROM_MS + round(self.minutes * MS_PER_MINUTE)

    @property
    def live_seconds(self) -> float:
        """How long it is live, in real time."""
        return self.minutes * 60 / self.speed

    @contextmanager
    def open(self) -> Iterator[LiveMarket]:
        """Let the venue run in the block; its clock stands until `start`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        ready = self.folder / "venue-ready.json"
        ready.unlink(missing_ok=True)
        settings = {
            "SEED": SEED,
            "PAIRS": ",".join(PAIRS),
            "HISTORY_FROM_MS": _MARKET_FROM_MS,
            "LIVE_FROM_MS": LIVE_FROM_MS,
            "LIVE_UNTIL_MS": self.live_until_ms,
            "SPEED": self.speed,
            "FAULTS": json.dumps(list(self.faults)),
            "READY_FILE": ready,
        }
        environment = {f"SIMULATOR_{name}": str(value) for name, value in settings.items()}
        with (self.folder / "venue.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "exchanges.simulator"],
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
            )
        try:
            wait_for(ready.exists, "the simulated venue to listen", 300)
            self._urls = json.loads(ready.read_text(encoding="utf-8"))
            yield self
        finally:
            process.terminate()
            process.wait(10)

    def settings(self) -> dict[str, str]:
        """Return what the services of a run are told of it; the account trades what its model is half sure of."""
        return {
            "TRADES_EXCHANGE": "kraken",
            "TRADES_EXCHANGE_LABEL": EXCHANGE,
            "TRADES_PAIRS": ",".join(PAIRS),
            "TRADES_REQUESTS_PER_SECOND": "40",
            "TRADES_SILENCE_SECONDS": "2",
            # What counts as an outage is a matter of the wall clock, and its candles would be gaps.
            "TRADES_OUTAGE_SECONDS": "0",
            "TRADES_HISTORY_FROM_MS": str(self.history_from_ms),
            "TRADES_STOP_AT_MS": str(self.live_until_ms),
            "TRADES_REST_URL": self._urls["rest_url"],
            "TRADES_WEBSOCKET_URL": self._urls["websocket_url"],
            **accounts(("chaos", PAIRS)),
        }

    def start(self) -> float:
        """Let its clock run; return when that was, on the monotonic clock."""
        self._post("clock/start")
        return time.monotonic()

    def strike(self, **fault: Any) -> None:
        """Ask for a fault now, or at its `at_ms`."""
        self._post("faults", fault)

    def status(self) -> dict[str, Any]:
        """Return what the venue says of itself."""
        return dict(httpx.get(f"{self._urls['control_url']}/sim/status", timeout=10).raise_for_status().json())

    def _post(self, what: str, body: Any = None) -> None:
        httpx.post(f"{self._urls['control_url']}/sim/{what}", json=body, timeout=10).raise_for_status()

    @cached_property
    def true_trades(self) -> TrueTrades:
        """Every trade that the topic has to hold in the end: the market made anew, from its seed."""
        return {
            (pair, market.first_trade_id + index): row
            for pair, market in self._markets.items()
            for index, row in self._rows(market)
        }

    @cached_property
    def _markets(self) -> dict[str, Market]:
        until_us = self.live_until_ms * 1_000
        markets = {pair: Market(instrument(pair), SEED, _MARKET_FROM_MS, until_us) for pair in PAIRS}
        for market in markets.values():
            market.make_until(until_us)
        return markets

    def _rows(self, market: Market) -> Iterator[tuple[int, tuple[int, str, str, str]]]:
        made, trades = market.instrument, market.trades
        for index in range(market.index_at(self.history_from_ms * 1_000), len(trades)):
            yield (
                index,
                (
                    int(trades.timestamps_us[index]),
                    _decimal(int(trades.ticks[index]), made.price_decimals),
                    _decimal(int(trades.lots[index]), made.lot_decimals),
                    "buy" if trades.buys[index] else "sell",
                ),
            )

    def mid_minute_runs(self, pair: str, count: int) -> list[int]:
        """Return event times (ms) from which `count` trades and one more of `pair` fall well inside one live minute.

        Held back or sent late they delay no candle's close: only a trade that nothing follows within its minute can
        be withheld unnoticed, which no client can know.
        """
        times_us = self._markets[pair].trades.timestamps_us
        found = []
        for minute_ms in range(LIVE_FROM_MS, self.live_until_ms - MS_PER_MINUTE, MS_PER_MINUTE):
            from_ms = minute_ms + 5_000
            first = self._markets[pair].index_at(from_ms * 1_000)
            if times_us[first + count] < (minute_ms + 45_000) * 1_000:
                found.append(from_ms)
        return found


def _decimal(units: int, decimals: int) -> str:
    """Return whole `units` of 10^-`decimals` as plain text without zeros at the end."""
    text = f"{units // 10**decimals}.{units % 10**decimals:0{decimals}d}"
    return text.rstrip("0").rstrip(".")
