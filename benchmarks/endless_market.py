"""Trades without end, as fast as the services take them: `python -m benchmarks.endless_market <address> <pairs>`."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from itertools import count, cycle

from benchmarks.market import EXCHANGE, START_MS, make_trades, pair_names
from contracts.heartbeat import Heartbeat
from contracts.message import Message
from contracts.services import INPUTS
from contracts.topics import TRADES
from contracts.trade_frame import TradeFrame
from contracts.units import MS_PER_MINUTE, US_PER_MS
from streaming.clients import committed_offsets, end_offsets
from streaming.producer import MessageProducer, open_producer
from streaming.settings import ServiceSettings

TRADES_PER_MINUTE = 20
#: Frames as a busy feed has them: many small ones, some large.
_FRAME_SIZES = (1, 4, 15)
_BLOCK_MINUTES = 60
_BATCH_SECONDS = 0.2
_PAUSE_SECONDS = 0.1
#: The source waits while a service has more than this to read: what an operator's alarm would be set to.
MOST_LAG = 5_000


def endless(pairs: int) -> Iterator[Message]:
    """Return heartbeats with which each pair begins, then frames in time order."""
    first_ids = dict.fromkeys(pair_names(pairs), 1)
    for pair in first_ids:
        yield Heartbeat(exchange=EXCHANGE, pair=pair, venue_time_us=START_MS * US_PER_MS)
    for block in count():
        frames: list[TradeFrame] = []
        for pair, first_id in first_ids.items():
            frames += _block(pair, block, first_id)
            first_ids[pair] = frames[-1].trade_ids[-1] + 1
        frames.sort(key=lambda frame: frame.timestamps_us[0])
        yield from frames


def _block(pair: str, block: int, first_id: int) -> Iterator[TradeFrame]:
    start_ms = START_MS + block * _BLOCK_MINUTES * MS_PER_MINUTE
    end_us = (start_ms + _BLOCK_MINUTES * MS_PER_MINUTE) * US_PER_MS
    made = make_trades(pair, _BLOCK_MINUTES * TRADES_PER_MINUTE, TRADES_PER_MINUTE, seed=block, start_ms=start_ms)
    made = made.part(0, int((made.timestamps_us < end_us).sum())).numbered_from(first_id)
    begin, sizes = 0, cycle(_FRAME_SIZES)
    while begin < len(made):
        size = next(sizes)
        yield made.part(begin, begin + size).frame()
        begin += size


def lags(settings: ServiceSettings) -> dict[str, int]:
    """Return per service how many messages of its input it has not committed yet."""
    found = {}
    for name, spec in INPUTS.items():
        committed = committed_offsets(settings, settings.group_for(name), spec)
        found[name] = sum(end - committed.get(part, 0) for part, end in end_offsets(settings, spec).items())
    return found


def main(broker_address: str, pairs: str) -> int:
    settings = ServiceSettings(broker_address=broker_address)
    going = True

    def stop(*_: object) -> None:
        nonlocal going
        going = False

    signal.signal(signal.SIGTERM, stop)
    messages = endless(int(pairs))
    with open_producer(settings, "trades") as producer:
        while going:
            if max(lags(settings).values()) < MOST_LAG:
                _write_batch(producer, messages)
            else:
                time.sleep(_PAUSE_SECONDS)
    return 0


def _write_batch(producer: MessageProducer, messages: Iterator[Message]) -> None:
    until = time.perf_counter() + _BATCH_SECONDS
    while time.perf_counter() < until:
        producer.produce(TRADES, next(messages))
    producer.flush()


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
