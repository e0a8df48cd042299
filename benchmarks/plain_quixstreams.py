"""The peer: trades to 1-minute candles as QuixStreams' documentation writes it, one trade a message."""

from __future__ import annotations

from typing import Any

from quixstreams import Application
from quixstreams.dataframe.windows import First, Last, Max, Min, Sum

from benchmarks.contestant import Result, Task, report
from benchmarks.stopwatch import run_timed
from streaming.broker_address import is_embedded
from streaming.quix.embedded import EmbeddedApplication


def run(task: Task) -> Result:
    """Read single trades from the task's source and write candles to its target."""
    kind = EmbeddedApplication if is_embedded(task.broker_address) else Application
    app = kind(
        task.broker_address,
        consumer_group=task.group,
        auto_offset_reset="earliest",
        state_dir=task.folder,
        loglevel="WARNING",
    )
    trades = app.topic(task.source, value_deserializer="json", timestamp_extractor=_event_time_ms)
    candles = app.topic(task.target, value_serializer="json")
    (
        app.dataframe(trades)
        .tumbling_window(60_000)
        .agg(open=First("price"), high=Max("price"), low=Min("price"), close=Last("price"), volume=Sum("quantity"))
        .final()
        .to_topic(candles)
    )
    return report(run_timed(app, task.messages))


def _event_time_ms(value: Any, _headers: Any, _timestamp: float, _type: Any) -> int:
    time_ms: int = value["timestamp_ms"]
    return time_ms
