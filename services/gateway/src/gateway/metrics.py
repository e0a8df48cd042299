"""Prometheus metrics of the gateway."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

ANSWERS = Counter("tradestream_gateway_answers_total", "Orders sent, by what the venue answered", ["answer"])
PENDING = Gauge("tradestream_gateway_pending_orders", "Orders that are or may be at the venue", ["phase"])
TRUSTED = Gauge("tradestream_gateway_reconciled", "1 while the venue agrees with us since it last failed to answer")
