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
LOST = Counter("tradestream_trades_lost_total", "Trades set aside because their ids start again", ["pair"])
BAD_ROWS = Counter("tradestream_trades_bad_rows_total", "Trades that could not be read", ["pair"])
VENUE_TIME = Gauge("tradestream_trades_covered_to_seconds", "Event time up to which a pair is complete", ["pair"])
WAITING = Gauge("tradestream_trades_waiting", "Trades that wait for the log to take them")
PAUSED = Gauge("tradestream_trades_paused", "1 while nothing is read because the log does not take it")
OUTAGES = Counter("tradestream_trades_outages_total", "Times a pair's trades were unknown for too long", ["pair"])
STREAMING = Gauge("tradestream_trades_pairs", "Pairs that stream")
REFUSED = Gauge(
    "tradestream_trades_refused_pairs", "1 for a pair that is asked for and cannot stream", ["pair", "reason"]
)
HISTORY_DONE = Gauge("tradestream_trades_history_done_percent", "How much of a pair's history is written", ["pair"])
HISTORY_LEFT = Gauge("tradestream_trades_history_left_hours", "Market time that is left to write", ["pair"])
HISTORY_LEFT_SECONDS = Gauge(
    "tradestream_trades_history_left_seconds", "Wall time that is left at the rate of the last minute", ["pair"]
)
HISTORY_TRADES = Gauge("tradestream_trades_history_trades", "Trades of history written by this process", ["pair"])
