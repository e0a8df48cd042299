"""Queries to begin with; they run as they stand on SQLite, PostgreSQL and RisingWave."""

from __future__ import annotations

#: What each shows, and its text.
EXAMPLES: tuple[tuple[str, str], ...] = (
    (
        "the newest rows",
        "SELECT pair, close, rsi_14, sma_21, macd_7, window_start_ms, to_timestamp(window_start_ms/1000) "
        "FROM technical_indicators ORDER BY window_start_ms DESC LIMIT 10;",
    ),
    (
        "how much there is",
        "SELECT count(*), count(DISTINCT pair), min(window_start_ms), max(window_start_ms) "
        "FROM technical_indicators;",
    ),
    (
        "each pair as it stands",
        "SELECT pair, interval_s, close, rsi_14, atr_14, to_timestamp(window_start_ms/1000) AS window_start "
        "FROM latest_features ORDER BY pair, interval_s;",
    ),
    (
        "how much of each day is known",
        "SELECT pair, interval_s, to_timestamp(day_start_ms/1000) AS day, complete, empty, gap, unverified, revised, "
        "coverage_pct FROM data_quality ORDER BY pair, interval_s, day_start_ms;",
    ),
    (
        "candles that are missing",
        "SELECT pair, interval_s, windows, missing_windows FROM candle_continuity ORDER BY pair, interval_s;",
    ),
    (
        "profit and loss of each day",
        "SELECT account, to_timestamp(day_start_ms/1000) AS day, equity, pnl_quote, fees_quote, max_drawdown_quote "
        "FROM pnl_daily ORDER BY account, day_start_ms;",
    ),
    (
        "what each strategy of each account has earned on each pair",
        "SELECT account, strategy, pair, sum(fills) AS fills, sum(realised_quote) AS realised_quote, "
        "sum(fees_quote) AS fees_quote, sum(net_quote) AS net_quote\n"
        "FROM daily_books GROUP BY account, strategy, pair ORDER BY account, strategy, pair;",
    ),
    (
        "from the last fills back to what the strategy and its model saw and the trades it was made of",
        "SELECT f.pair, f.side, f.price, s.strategy, s.confidence, p.model_name, p.model_version, r.rsi_14, "
        "c.first_trade_id, c.last_trade_id\n"
        "FROM fills f\n"
        "JOIN signals s ON s.message_id = f.signal_id\n"
        "LEFT JOIN predictions p ON p.message_id = s.prediction_id\n"
        "JOIN technical_indicators_history r ON r.exchange = s.exchange AND r.pair = s.pair "
        "AND r.interval_s = s.interval_s AND r.window_start_ms = s.window_start_ms AND r.revision = 0\n"
        "JOIN candles_history c ON c.message_id = r.message_id\n"
        "ORDER BY f.filled_at_ms DESC, f.fill_id LIMIT 5;",
    ),
)
