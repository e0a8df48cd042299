"""Prometheus metrics of the gateway."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from streaming.telemetry.loop_histogram import LoopHistogram
from streaming.telemetry.metrics import LATENCY_SECONDS

ANSWERS = Counter("tradestream_gateway_answers_total", "Orders sent, by what the venue answered", ["answer"])
SEND_SECONDS = LoopHistogram(
    "tradestream_gateway_send_seconds",
    "From sending an order to the venue's answer, or to giving up",
    LATENCY_SECONDS,
)
CALL_FAILURES = Counter(
    "tradestream_gateway_call_failures_total", "Calls that the venue refused or did not answer", ["call", "answer"]
)
SURVEYS = Counter(
    "tradestream_gateway_surveys_total", "Comparisons with the venue, by whether it answered", ["outcome"]
)
TROUBLES = Gauge(
    "tradestream_gateway_troubles", "Pairs on which the venue and we do not agree, or all of them as one"
)
PENDING = Gauge("tradestream_gateway_pending_orders", "Orders that are or may be at the venue", ["phase"])
SENDING = Gauge("tradestream_gateway_sending", "1 while orders are sent: the venue answers and agrees with us")
LISTENING = Gauge("tradestream_gateway_listening", "1 while the venue tells of executions by itself")
FILL_SECONDS = LoopHistogram(
    "tradestream_gateway_fill_seconds",
    "From an execution at the venue to its report, of those since this process began",
    LATENCY_SECONDS,
)
