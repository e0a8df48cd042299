"""Prometheus metrics of the gateway."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

ANSWERS = Counter("tradestream_gateway_answers_total", "Orders sent, by what the venue answered", ["answer"])
PENDING = Gauge("tradestream_gateway_pending_orders", "Orders that are or may be at the venue", ["phase"])
SENDING = Gauge("tradestream_gateway_sending", "1 while orders are sent: the venue answers and agrees with us")
