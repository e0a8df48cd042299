"""The peer: a Bytewax windowed fold, one trade a message; Bytewax's own Kafka source and sink, or memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, TumblingWindower, fold_window
from bytewax.testing import TestingSink, TestingSource, run_main

from benchmarks.contestant import Result, Task, report
from benchmarks.stopwatch import Stopwatch
from streaming.broker_address import is_embedded

_BATCH = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


def run(task: Task) -> Result:
    """Read single trades from the task's source and write candles to its target.

    On the embedded log Bytewax has no source: there `source` and `target` are files, one message a line, read before
    the clock starts and written after it stops.
    """
    watch = Stopwatch()
    if is_embedded(task.broker_address):
        written: list[KafkaSinkMessage[Any, Any]] = []
        lines = Path(task.source).read_bytes().splitlines()
        flow = _flow(TestingSource(lines, batch_size=_BATCH), TestingSink(written), watch, lambda line: line)
        run_main(flow)
        watch.stop()
        Path(task.target).write_bytes(b"\n".join(message.value for message in written))
        return report(watch)
    brokers = [task.broker_address]
    source = KafkaSource(brokers, [task.source], tail=False, batch_size=_BATCH)
    run_main(_flow(source, KafkaSink(brokers, task.target), watch, lambda message: message.value))
    watch.stop()
    return report(watch)


def _flow(source: Any, sink: Any, watch: Stopwatch, value_of: Any) -> Dataflow:
    def decode(batch: list[Any]) -> list[tuple[str, Any]]:
        if not watch.started:
            watch.start()
        trades = [orjson.loads(value_of(item)) for item in batch]
        return [(trade["pair"], trade) for trade in trades]

    # A shorter wait than ten seconds lets Bytewax drop trades as late when it replays: its watermark moves with the
    # wall clock between events.
    clock = EventClock(ts_getter=_event_time, wait_for_system_duration=timedelta(seconds=10))
    windower = TumblingWindower(length=_MINUTE, align_to=_EPOCH)
    flow = Dataflow("candles")
    trades = op.flat_map_batch("decode", op.input("trades", flow, source), decode)
    candles = fold_window("minute", trades, clock, windower, list, _fold, _merge)
    op.output("candles", op.map("encode", candles.down, _encode), sink)
    return flow


def _event_time(trade: Any) -> datetime:
    return datetime.fromtimestamp(trade["timestamp_ms"] / 1_000, UTC)


def _fold(candle: list[float], trade: Any) -> list[float]:
    price, quantity = trade["price"], trade["quantity"]
    if not candle:
        return [price, price, price, price, quantity]
    if price > candle[1]:
        candle[1] = price
    if price < candle[2]:
        candle[2] = price
    candle[3] = price
    candle[4] += quantity
    return candle


def _merge(first: list[float], second: list[float]) -> list[float]:
    return [first[0], max(first[1], second[1]), min(first[2], second[2]), second[3], first[4] + second[4]]


def _encode(item: tuple[str, tuple[int, list[float]]]) -> KafkaSinkMessage[Any, Any]:
    pair, (window, candle) = item
    names = ("open", "high", "low", "close", "volume")
    value = {"start": window * 60_000, **dict(zip(names, candle, strict=True))}
    return KafkaSinkMessage(pair.encode(), orjson.dumps(value))
