-- each run of windows that has no candle: from (inclusive), to (exclusive), how many
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
WHERE next_window_ms > window_start_ms + (interval_s * 1000)
