"""A simulated market for `tradestream run`: it begins once in a folder, and stands still between two runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from contracts.account import Account
from contracts.clock import Clock
from contracts.errors import BadInputError
from contracts.timestamps import iso_utc_ms
from contracts.topics import TRADES_CHECKPOINTS
from contracts.trades_checkpoint import TradesCheckpoint
from contracts.units import MS_PER_DAY, MS_PER_MINUTE, US_PER_MS
from embedded.environment import ENVIRONMENT
from embedded.pipeline import Pipeline
from embedded.process import ProcessSpec
from exchanges.simulator.dialects import SOCKETS
from exchanges.simulator.instruments import INSTRUMENTS
from exchanges.simulator.settings import SimulatorSettings
from exchanges.venues import VENUES
from results.run_folder import RunFolder
from streaming.clients import read_topic
from streaming.settings import ServiceSettings, environment_of

EXCHANGE = "simulator"
SPEED = 30.0
#: Whose wire format it speaks unless told otherwise.
DEFAULT_VENUE = next(iter(SOCKETS))
#: More than what a run backfills.
_RUN_DAYS, _MORE_DAYS = 2.5, 0.5


@dataclass(frozen=True)
class SimulatedMarket:
    """One market: the same trades whenever it is asked for, in any process.

    Parameters
    ----------
    seed
        Of all its trades.
    history_from_ms
        Its first minute, event time in milliseconds.
    live_from_ms
        Where its time goes on from.
    speaks
        Whose wire format it is read in.
    goes_on
        Whether it has been live before.
    """

    seed: int
    history_from_ms: int
    live_from_ms: int
    speaks: str
    goes_on: bool = False

    def opened(self, pipeline: Pipeline, speed: float) -> dict[str, str]:
        """Start the venue and return where `trades` finds it, once it listens; say if it goes on from before."""
        if self.goes_on:
            since = iso_utc_ms(self.live_from_ms)
            pipeline.record.notes.append(
                f"The simulated market went on at {since}, where the run before had stopped."
            )
        ready = pipeline.run_folder.file("simulator-ready.json")
        ready.unlink(missing_ok=True)
        pipeline.start(self._process(ready, speed))
        pipeline.supervisor.wait_until(ready.exists)
        told = json.loads(ready.read_text(encoding="utf-8"))
        return {"rest_url": told["rest_url"], "websocket_url": told["websocket_urls"][self.speaks]}

    def _process(self, ready: Path, speed: float) -> ProcessSpec:
        """It lists every pair it knows, so that any can be subscribed."""
        environment = environment_of(
            SimulatorSettings,
            seed=self.seed,
            pairs=",".join(INSTRUMENTS),
            history_from_ms=self.history_from_ms,
            live_from_ms=self.live_from_ms,
            speed=speed,
            auto_start=True,
            ready_file=ready,
        )
        return ProcessSpec("simulator", ("exchanges.simulator",), environment, restartable=False)

    def in_words(self, speed: float) -> str:
        """Return what it is, as part of a title."""
        return f"a simulated market, {speed:g} times as fast, seed {self.seed}"

    def trades(self) -> dict[str, Any]:
        """Return the settings with which `trades` reads it."""
        return {"exchange": self.speaks, "exchange_label": EXCHANGE, "requests_per_second": 40}


def market_of(
    place: RunFolder, seed: int, speaks: str | None, clock: Clock, days: float = _RUN_DAYS
) -> SimulatedMarket:
    """Return the market of a run's folder: a new one, or the one before, from where its trades on the log end.

    A new one has a little more than `days` of history.

    Raises
    ------
    BadInputError
        If the folder has trades of another exchange, or its market speaks another venue's format.
    """
    file = place.file("simulated-market.json")
    reached_ms = _reached_ms(place)
    if not file.exists() and reached_ms is not None:
        raise BadInputError("--data", "a folder of its own for a simulated market", str(place.out))
    if file.exists():
        kept = SimulatedMarket(**json.loads(file.read_text(encoding="utf-8")))
        if speaks not in (None, kept.speaks):
            raise BadInputError("--speaks", f"{kept.speaks!r}, as the market in {place.out} does", speaks)
        return replace(kept, live_from_ms=max(kept.live_from_ms, reached_ms or 0), goes_on=reached_ms is not None)
    now_ms = clock.now_us() // US_PER_MS // MS_PER_MINUTE * MS_PER_MINUTE
    history_ms = round((days + _MORE_DAYS) * MS_PER_DAY)
    market = SimulatedMarket(seed, now_ms - history_ms, now_ms, speaks or DEFAULT_VENUE)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(asdict(market)), encoding="utf-8")
    return market


def _reached_ms(place: RunFolder) -> int | None:
    """Return the event time up to which the log's trades reach; None if it has none."""
    if not place.log.is_dir():
        return None
    settings = ServiceSettings(broker_address=place.broker_address, environment=ENVIRONMENT)
    found = [record.readable_message() for record in read_topic(settings, TRADES_CHECKPOINTS)]
    times_us = [m.covered_to_us for m in found if isinstance(m, TradesCheckpoint)]
    return max(times_us) // US_PER_MS if times_us else None


def require_listed(pairs: Sequence[str]) -> None:
    """Refuse a pair that no simulated market has.

    Raises
    ------
    BadInputError
        With those it has.
    """
    for pair in pairs:
        if pair not in INSTRUMENTS:
            raise BadInputError("--pairs", f"pairs of the simulated market, {', '.join(INSTRUMENTS)}", pair)


def require_paper(accounts: Sequence[Account]) -> None:
    """Refuse an account that would trade real money on made-up prices.

    Raises
    ------
    BadInputError
        Naming it.
    """
    for account in accounts:
        if account.broker == "venue":
            expected = "accounts on paper in a simulated market: its prices are made up, and a venue's money is not"
            raise BadInputError("TRADESTREAM_ACCOUNTS", expected, account.name)


def require_exchange(exchange: str, speed: float | None, speaks: str | None) -> bool:
    """Return whether `exchange` is the simulated one, whose options the other two are.

    Raises
    ------
    BadInputError
        If there is no such exchange, or it has no such option.
    """
    names = [*sorted(VENUES), EXCHANGE]
    if exchange not in names:
        raise BadInputError("--exchange", f"one of {', '.join(names)}", exchange)
    if speaks is not None and speaks not in SOCKETS:
        raise BadInputError("--speaks", f"one of {', '.join(sorted(SOCKETS))}", speaks)
    for name, value in (("--speed", speed), ("--speaks", speaks)):
        if value is not None and exchange != EXCHANGE:
            raise BadInputError(name, f"--exchange {EXCHANGE} with it: a real market is as fast as it is", exchange)
    return exchange == EXCHANGE
