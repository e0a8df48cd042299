"""Prometheus metrics that every service has."""

from __future__ import annotations

from typing import get_args

from prometheus_client import Counter, Gauge

from contracts.service_health import ServiceState
from streaming.telemetry.loop_histogram import LoopHistogram

_FAST_SECONDS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
_LAG_SECONDS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 60.0, 600.0, 3_600.0)
#: With bounds at the targets: signal and order 10 ms, features 20, inference 30, ingest 50, end to end 150.
LATENCY_SECONDS = (
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.03,
    0.05,
    0.075,
    0.1,
    0.15,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    60.0,
    600.0,
)

MESSAGES_CONSUMED = Counter("tradestream_messages_consumed_total", "Messages decoded", ["topic"])
MESSAGES_PRODUCED = Counter("tradestream_messages_produced_total", "Messages published", ["topic"])
PROCESSING_ERRORS = Counter("tradestream_processing_errors_total", "Errors while processing", ["stage", "kind"])
DEAD_LETTERS = Counter("tradestream_dead_letters_total", "Messages set aside", ["topic", "reason"])
PROCESSING_DURATION = LoopHistogram(
    "tradestream_processing_duration_seconds", "Time to process a message", _FAST_SECONDS
)
EVENT_LAG = LoopHistogram("tradestream_event_lag_seconds", "Now minus the event's time", _LAG_SECONDS)
INGEST_LATENCY = LoopHistogram(
    "tradestream_ingest_latency_seconds", "Now minus the time the data entered the chain", _LAG_SECONDS
)
STAGE_LATENCY = LoopHistogram(
    "tradestream_stage_latency_seconds",
    "From the input's writing to this stage's output",
    LATENCY_SECONDS,
    label="stage",
)
FROM_INGEST_LATENCY = LoopHistogram(
    "tradestream_from_ingest_latency_seconds",
    "From the data's arrival in the system to this stage's output",
    LATENCY_SECONDS,
    label="stage",
)
LAST_EVENT = Gauge("tradestream_last_event_timestamp_seconds", "Time of the newest event", ["topic"])
LAG_MESSAGES = Gauge("tradestream_consumer_lag_messages", "Messages of the input that wait", ["topic", "partition"])
LAG_SECONDS = Gauge(
    "tradestream_consumer_lag_seconds", "Age of the message in hand; 0 where nothing waits", ["topic"]
)
REBALANCES = Counter("tradestream_rebalances_total", "Assignments of partitions, the first one not counted")
CHECKPOINT_DURATION = LoopHistogram(
    "tradestream_checkpoint_duration_seconds", "Time to commit a checkpoint that is not empty", _FAST_SECONDS
)
STATE_BYTES = Gauge("tradestream_state_bytes", "Size of the state stores on disk")
RESTARTS = Gauge("tradestream_restarts", "How often this instance was started again in its state folder")
SERVICE_STATE = Gauge("tradestream_service_state", "1 for the state this process is in, 0 for every other", ["state"])
LOG_AWAY_SECONDS = Gauge("tradestream_log_away_seconds", "For how long Kafka has taken nothing; 0 while it does")
LOG_RESUMES = Counter("tradestream_log_resumes_total", "Times the service began again because Kafka was away")
REPORT_FAILURES = Counter("tradestream_report_failures_total", "Reports that did not reach the log")

#: What a feed may do to its readers; `kind` is one of the four below, the last of them is indicators' to count.
DATA_FLAWS = Counter("tradestream_data_flaws_total", "Flaws of the market data, as candles sees them", ["kind"])
GAP, LATE, DUPLICATE, NO_REFERENCE = "gap", "late", "duplicate", "no_reference"


def total(counter: Counter | Gauge, **labels: str) -> float:
    """Return the sum of a counter's series, of those with these labels."""
    return sum(
        sample.value
        for metric in counter.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created") and labels.items() <= sample.labels.items()
    )


def show_state(state: ServiceState) -> None:
    """Set the gauge of states: 1 for `state`, 0 for every other."""
    for name in get_args(ServiceState):
        SERVICE_STATE.labels(state=name).set(name == state)


def newest_event_ms() -> int | None:
    """Return the event time of the newest message this process has read or written, milliseconds."""
    times = [sample.value for metric in LAST_EVENT.collect() for sample in metric.samples]
    newest_seconds = max(times, default=0.0)  # 0 of a topic of which nothing has come
    return round(newest_seconds * 1_000) if newest_seconds > 0 else None
