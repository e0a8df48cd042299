"""Prometheus metrics of the feed."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

CONNECTED = Gauge("tradestream_trades_websocket_connected", "1 while the WebSocket stands")
FEED_EVENTS = Counter(
    "tradestream_trades_feed_events_total",
    "Connections made and lost, gaps seen, repaired and passed over, trades that came twice or late, rate limits",
    ["kind", "pair"],
)
TRADES = Counter("tradestream_trades_written_total", "Trades written", ["pair"])
BAD_ROWS = Counter("tradestream_trades_bad_rows_total", "Trades that could not be read", ["pair"])
VENUE_TIME = Gauge("tradestream_trades_covered_to_seconds", "Event time up to which a pair is complete", ["pair"])
