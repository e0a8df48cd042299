-- Written by `python -m featurestore.ddl write`: change packages/featurestore, not this file.
-- ${ENVIRONMENT}, ${BOOTSTRAP_SERVERS} and ${PROPERTIES} are filled in by `python -m featurestore.ddl apply`.

-- one decision per account, pair and final candle
CREATE MATERIALIZED VIEW IF NOT EXISTS signals AS
SELECT "exchange", "pair", "interval_s", "window_start_ms", "mark_open", "mark_open_text", "mark_high", "mark_high_text", "mark_low", "mark_low_text", "mark_close", "mark_close_text", "mark_trade_count", "mark_quality", "mark_volume", "mark_volume_text", "type", "account", "decision", "reason", "direction", "probability_up", "confidence", "expires_at_ms", "model_name", "model_version", "prediction_id", "strategy", "strategy_hash", "target", "stop_pct", "target_pct", "trailing_pct", "maximum_bars", "horizon_bars", "message_id"
FROM signal_messages
WHERE type = 'decision';

-- the newest feature row of each pair and interval
CREATE MATERIALIZED VIEW IF NOT EXISTS latest_features AS
SELECT "exchange", "pair", "interval_s", "window_start_ms", "revision", "open", "open_text", "high", "high_text", "low", "low_text", "close", "close_text", "volume", "volume_text", "trade_count", "first_trade_id", "last_trade_id", "quality", "feature_set", "taker_buy_volume", "taker_buy_volume_text", "reference_close", "session_tokyo", "session_london", "session_new_york", "session_tokyo_london", "session_london_new_york", "time_of_day_sin", "time_of_day_cos", "time_of_week_sin", "time_of_week_cos", "day_of_week", "reference_log_return_1", "reference_excess_return_1", "reference_excess_return_15", "reference_excess_return_60", "reference_correlation_60", "reference_beta_60", "rsi_7", "rsi_14", "rsi_21", "stoch_k_14", "stoch_d_14", "stochrsi_k_14", "stochrsi_d_14", "cci_20", "mfi_14", "williams_r_14", "roc_10", "momentum_10", "return_1", "return_5", "return_15", "return_60", "log_return_1", "log_return_5", "log_return_15", "log_return_60", "range_ratio", "body_ratio", "upper_shadow", "lower_shadow", "close_location", "log_return_1_5m", "range_ratio_5m", "sma_20_distance_5m", "bollinger_percent_b_20_5m", "rsi_cutler_14_5m", "log_return_1_15m", "range_ratio_15m", "sma_20_distance_15m", "bollinger_percent_b_20_15m", "rsi_cutler_14_15m", "log_return_1_1h", "range_ratio_1h", "sma_20_distance_1h", "bollinger_percent_b_20_1h", "rsi_cutler_14_1h", "sma_7", "sma_14", "sma_21", "sma_50", "sma_60", "sma_200", "ema_7", "ema_14", "ema_21", "ema_50", "ema_60", "ema_200", "sma_7_slope", "sma_14_slope", "sma_21_slope", "sma_50_slope", "sma_60_slope", "sma_200_slope", "ema_7_slope", "ema_14_slope", "ema_21_slope", "ema_50_slope", "ema_60_slope", "ema_200_slope", "sma_7_21_cross", "sma_21_60_cross", "sma_50_200_cross", "ema_7_21_cross", "ema_21_60_cross", "ema_50_200_cross", "macd_7", "macd_signal_7", "macd_hist_7", "macd_12", "macd_signal_12", "macd_hist_12", "adx_14", "plus_di_14", "minus_di_14", "supertrend_10", "supertrend_10_direction", "bollinger_upper_20", "bollinger_middle_20", "bollinger_lower_20", "bollinger_width_20", "bollinger_percent_b_20", "atr_14", "natr_14", "keltner_upper_20", "keltner_middle_20", "keltner_lower_20", "donchian_upper_20", "donchian_middle_20", "donchian_lower_20", "realised_vol_15", "realised_vol_60", "realised_vol_240", "volatility_regime", "obv", "accumulation_60", "vwap_60", "vwap_60_distance", "volume_zscore_60", "trade_count_zscore_60", "taker_imbalance", "taker_imbalance_60", "message_id"
FROM technical_indicators
JOIN (
    SELECT exchange AS of_exchange, pair AS of_pair, interval_s AS of_interval_s, max(window_start_ms) AS newest_ms
    FROM technical_indicators
    GROUP BY exchange, pair, interval_s
) AS newest
ON exchange = of_exchange AND pair = of_pair AND interval_s = of_interval_s AND window_start_ms = newest_ms;

-- feature rows as they were served (revision 0): what models train on
CREATE MATERIALIZED VIEW IF NOT EXISTS training_frame AS
SELECT "exchange", "pair", "interval_s", "window_start_ms", "revision", "open", "open_text", "high", "high_text", "low", "low_text", "close", "close_text", "volume", "volume_text", "trade_count", "first_trade_id", "last_trade_id", "quality", "feature_set", "taker_buy_volume", "taker_buy_volume_text", "reference_close", "session_tokyo", "session_london", "session_new_york", "session_tokyo_london", "session_london_new_york", "time_of_day_sin", "time_of_day_cos", "time_of_week_sin", "time_of_week_cos", "day_of_week", "reference_log_return_1", "reference_excess_return_1", "reference_excess_return_15", "reference_excess_return_60", "reference_correlation_60", "reference_beta_60", "rsi_7", "rsi_14", "rsi_21", "stoch_k_14", "stoch_d_14", "stochrsi_k_14", "stochrsi_d_14", "cci_20", "mfi_14", "williams_r_14", "roc_10", "momentum_10", "return_1", "return_5", "return_15", "return_60", "log_return_1", "log_return_5", "log_return_15", "log_return_60", "range_ratio", "body_ratio", "upper_shadow", "lower_shadow", "close_location", "log_return_1_5m", "range_ratio_5m", "sma_20_distance_5m", "bollinger_percent_b_20_5m", "rsi_cutler_14_5m", "log_return_1_15m", "range_ratio_15m", "sma_20_distance_15m", "bollinger_percent_b_20_15m", "rsi_cutler_14_15m", "log_return_1_1h", "range_ratio_1h", "sma_20_distance_1h", "bollinger_percent_b_20_1h", "rsi_cutler_14_1h", "sma_7", "sma_14", "sma_21", "sma_50", "sma_60", "sma_200", "ema_7", "ema_14", "ema_21", "ema_50", "ema_60", "ema_200", "sma_7_slope", "sma_14_slope", "sma_21_slope", "sma_50_slope", "sma_60_slope", "sma_200_slope", "ema_7_slope", "ema_14_slope", "ema_21_slope", "ema_50_slope", "ema_60_slope", "ema_200_slope", "sma_7_21_cross", "sma_21_60_cross", "sma_50_200_cross", "ema_7_21_cross", "ema_21_60_cross", "ema_50_200_cross", "macd_7", "macd_signal_7", "macd_hist_7", "macd_12", "macd_signal_12", "macd_hist_12", "adx_14", "plus_di_14", "minus_di_14", "supertrend_10", "supertrend_10_direction", "bollinger_upper_20", "bollinger_middle_20", "bollinger_lower_20", "bollinger_width_20", "bollinger_percent_b_20", "atr_14", "natr_14", "keltner_upper_20", "keltner_middle_20", "keltner_lower_20", "donchian_upper_20", "donchian_middle_20", "donchian_lower_20", "realised_vol_15", "realised_vol_60", "realised_vol_240", "volatility_regime", "obv", "accumulation_60", "vwap_60", "vwap_60_distance", "volume_zscore_60", "trade_count_zscore_60", "taker_imbalance", "taker_imbalance_60", "message_id"
FROM technical_indicators_history
WHERE revision = 0;

-- of each pair and interval: first and last window, how many there are and how many are missing between them
CREATE MATERIALIZED VIEW IF NOT EXISTS candle_continuity AS
SELECT
    exchange, pair, interval_s,
    min(window_start_ms) AS first_window_ms,
    max(window_start_ms) AS last_window_ms,
    count(*) AS windows,
    (max(window_start_ms) - min(window_start_ms)) / (interval_s * 1000) + 1 - count(*) AS missing_windows
FROM candles
GROUP BY exchange, pair, interval_s;

-- each run of windows that has no candle: from (inclusive), to (exclusive), how many
CREATE MATERIALIZED VIEW IF NOT EXISTS candle_holes AS
SELECT
    exchange, pair, interval_s,
    window_start_ms + (interval_s * 1000) AS from_ms,
    next_window_ms AS to_ms,
    (next_window_ms - window_start_ms) / (interval_s * 1000) - 1 AS missing_windows
FROM (
    SELECT exchange, pair, interval_s, window_start_ms,
        lead(window_start_ms) OVER (PARTITION BY exchange, pair, interval_s ORDER BY window_start_ms) AS next_window_ms
    FROM candles
) AS neighbours
WHERE next_window_ms > window_start_ms + (interval_s * 1000);

-- of each pair, interval and UTC day: candles by quality, corrected ones, share of the day that is known
CREATE MATERIALIZED VIEW IF NOT EXISTS data_quality AS
SELECT
    exchange, pair, interval_s,
    window_start_ms / 86400000 * 86400000 AS day_start_ms,
    count(*) AS windows,
    count(*) FILTER (WHERE quality = 'complete') AS complete,
    count(*) FILTER (WHERE quality = 'empty') AS empty,
    count(*) FILTER (WHERE quality = 'gap') AS gap,
    count(*) FILTER (WHERE quality = 'unverified') AS unverified,
    count(*) FILTER (WHERE revision > 0) AS revised,
    CAST(count(*) FILTER (WHERE quality <> 'gap') AS DOUBLE PRECISION) * 100
        / ((86400 + interval_s - 1) / interval_s) AS coverage_pct,
    min(window_start_ms) AS first_window_ms,
    max(window_start_ms) AS last_window_ms
FROM candles
GROUP BY exchange, pair, interval_s, window_start_ms / 86400000 * 86400000;

-- of each account and UTC day: the books at its end, what the day earned, the worst of it
CREATE MATERIALIZED VIEW IF NOT EXISTS pnl_daily AS
SELECT
    account, day_start_ms, last_ms, minutes, balance, equity, realised_quote, unrealised_quote, fees_quote,
    equity - coalesce(
        lag(equity) OVER (PARTITION BY account ORDER BY day_start_ms), balance - realised_quote + fees_quote
    ) AS pnl_quote,
    max_drawdown_quote, max_daily_loss_quote,
    balance_text, equity_text, realised_quote_text, unrealised_quote_text, fees_quote_text
FROM (
    SELECT days.day_start_ms, days.last_ms, days.minutes, days.max_drawdown_quote, days.max_daily_loss_quote,
        pnl.account, pnl.balance, pnl.equity, pnl.realised_quote, pnl.unrealised_quote, pnl.fees_quote,
        pnl.balance_text, pnl.equity_text, pnl.realised_quote_text, pnl.unrealised_quote_text, pnl.fees_quote_text
    FROM (
        SELECT account, (time_ms - 1) / 86400000 * 86400000 AS day_start_ms, max(time_ms) AS last_ms, count(*) AS minutes,
            max(drawdown_quote) AS max_drawdown_quote,
            max(daily_loss_quote) AS max_daily_loss_quote
        FROM pnl
        GROUP BY account, (time_ms - 1) / 86400000 * 86400000
    ) AS days
    JOIN pnl ON pnl.account = days.account AND pnl.time_ms = days.last_ms
) AS closes;

-- of each account, strategy, pair and UTC day with a fill: what was realised before fees, those, and what is left
CREATE MATERIALIZED VIEW IF NOT EXISTS daily_books AS
SELECT
    account, strategy, pair, filled_at_ms / 86400000 * 86400000 AS day_start_ms, count(*) AS fills,
    sum(realised_pnl_quote) AS realised_quote, sum(fee_quote) AS fees_quote,
    sum(realised_pnl_quote - fee_quote) AS net_quote
FROM (
    SELECT fills.account, signals.strategy, fills.pair, fills.filled_at_ms, fills.realised_pnl_quote, fills.fee_quote
    FROM fills
    LEFT JOIN signals ON signals.account = fills.account AND signals.exchange = fills.exchange
        AND signals.pair = fills.pair AND signals.message_id = fills.signal_id
) AS booked
GROUP BY account, strategy, pair, filled_at_ms / 86400000 * 86400000;

-- of each forward test: since when, until when, its books at the last minute, its trades
CREATE MATERIALIZED VIEW IF NOT EXISTS forward_tests AS
SELECT
    tests.account, tests.started_at_ms, tests.from_ms, tests.stopped_at_ms, spans.first_ms, spans.last_ms, spans.minutes,
    pnl.balance, pnl.equity, pnl.realised_quote, pnl.unrealised_quote, pnl.fees_quote, pnl.drawdown_quote,
    pnl.trading_state, coalesce(traded.fills, 0) AS fills,
    pnl.balance_text, pnl.equity_text, pnl.realised_quote_text, pnl.unrealised_quote_text, pnl.fees_quote_text,
    pnl.drawdown_quote_text
FROM (
    SELECT account, max(CASE WHEN action = 'start' THEN issued_at_ms END) AS started_at_ms,
        max(CASE WHEN action = 'start' THEN from_ms END) AS from_ms,
        max(CASE WHEN action = 'stop' THEN issued_at_ms END) AS stopped_at_ms
    FROM forward_test_events
    GROUP BY account
) AS tests
LEFT JOIN (
    SELECT account, min(time_ms) AS first_ms, max(time_ms) AS last_ms, count(*) AS minutes
    FROM pnl
    GROUP BY account
) AS spans ON spans.account = tests.account
LEFT JOIN pnl ON pnl.account = tests.account AND pnl.time_ms = spans.last_ms
LEFT JOIN (SELECT account, count(*) AS fills FROM fills GROUP BY account) AS traded ON traded.account = tests.account;

-- of each version of a strategy's file that was read to be followed: when, and whether it was loaded
CREATE MATERIALIZED VIEW IF NOT EXISTS strategy_versions AS
SELECT
    file, strategy, file_hash, min(checked_at_ms) AS first_checked_at_ms, max(checked_at_ms) AS last_checked_at_ms,
    count(*) AS checks, max(CASE WHEN passed THEN 1 ELSE 0 END) AS passed
FROM strategy_checks
WHERE loads
GROUP BY file, strategy, file_hash;
