"""A market of many pairs: half a day of sparse history, then trades one by one at a given pace."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from benchmarks.market import EXCHANGE, START_MS, Trades, in_time_order, make_trades, pair_names
from contracts.heartbeat import Heartbeat
from contracts.message import Message
from contracts.topics import TRADES
from contracts.trade_frame import TradeFrame
from contracts.units import MS_PER_DAY, MS_PER_MINUTE, MS_PER_SECOND, US_PER_MS
from streaming.producer import open_producer
from streaming.settings import ServiceSettings

#: Just behind a midnight.
LIVE_MS = START_MS + MS_PER_DAY + 5 * MS_PER_MINUTE


@dataclass(frozen=True)
class Market:
    """Its size and pace.

    Parameters
    ----------
    trades_per_second
        Of wall time, over all pairs.
    event_speed
        Seconds of event time in a second of wall time.
    seconds
        Of wall time that the live part lasts.
    history_minutes
        Of event time before it. Features are anchored at midnight on the bars before it: half a day warms them.
    """

    pairs: int = 20
    trades_per_second: int = 1_000
    event_speed: int = 60
    seconds: int = 60
    history_minutes: int = 780

    @property
    def names(self) -> list[str]:
        return pair_names(self.pairs)

    def history(self) -> Iterator[Message]:
        """Return per pair a heartbeat, from which on it is complete, and a trade a minute in large frames."""
        for name in self.names:
            yield Heartbeat(exchange=EXCHANGE, pair=name, venue_time_us=self._begin_ms * US_PER_MS)
            yield from self._past(name).frames(1_000)

    def live(self) -> list[TradeFrame]:
        """Return the live trades one by one, in time order; ids go on from history."""
        per_minute = self.trades_per_second / self.pairs * 60 / self.event_speed
        count = self.trades_per_second * self.seconds // self.pairs
        return list(in_time_order([self._present(name, count, per_minute) for name in self.names]))

    @property
    def _begin_ms(self) -> int:
        return LIVE_MS - self.history_minutes * MS_PER_MINUTE

    def _past(self, name: str) -> Trades:
        made = make_trades(name, 2 * self.history_minutes, 1, start_ms=self._begin_ms)
        return made.part(0, int((made.timestamps_us < LIVE_MS * US_PER_MS).sum()))

    def _present(self, name: str, count: int, per_minute: float) -> Trades:
        made = make_trades(name, count, per_minute, start_ms=LIVE_MS)
        return made.numbered_from(len(self._past(name)) + 1)


def write_paced(settings: ServiceSettings, market: Market) -> float:
    """Write the live part as a trades service does, each frame when its time has come; return the longest delay (ms).

    Event time divided by `event_speed` is wall time.
    """
    frames = market.live()
    late_seconds = 0.0
    with open_producer(settings, "trades") as producer:
        start = time.perf_counter() + 0.1
        for frame in frames:
            event_seconds = (frame.timestamps_us[0] / US_PER_MS - LIVE_MS) / MS_PER_SECOND
            due = start + event_seconds / market.event_speed
            while (wait := due - time.perf_counter()) > 0:
                time.sleep(wait)
            late_seconds = max(late_seconds, -wait)
            producer.produce(TRADES, frame)
    return late_seconds * MS_PER_SECOND


def command(settings: ServiceSettings, market: Market) -> tuple[str, str]:
    """Return the module and argument with which `python -m` is this source."""
    told = {"broker_address": settings.broker_address, "market": asdict(market)}
    return "benchmarks.live_market", json.dumps(told)


def main(argument: str) -> int:
    given = json.loads(argument)
    delay_ms = write_paced(ServiceSettings(broker_address=given["broker_address"]), Market(**given["market"]))
    print(json.dumps({"longest_delay_ms": round(delay_ms, 1)}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
