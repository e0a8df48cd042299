"""Prometheus metrics that every service has."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from streaming.loop_histogram import LoopHistogram

_FAST_SECONDS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
_LAG_SECONDS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 60.0, 600.0, 3_600.0)

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
LAST_EVENT = Gauge("tradestream_last_event_timestamp_seconds", "Time of the newest event", ["topic"])
