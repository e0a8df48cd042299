"""Prometheus metrics of the strategies that are followed."""

from __future__ import annotations

from prometheus_client import Gauge

REFUSED = Gauge(
    "tradestream_strategy_refused",
    "1 while a strategy's file fails its checks and is not loaded: the last good version decides, or none",
    ["strategy"],
)
