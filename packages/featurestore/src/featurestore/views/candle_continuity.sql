-- of each pair and interval: first and last window, how many there are and how many are missing between them
SELECT
    exchange, pair, interval_s,
    min(window_start_ms) AS first_window_ms,
    max(window_start_ms) AS last_window_ms,
    count(*) AS windows,
    (max(window_start_ms) - min(window_start_ms)) / (interval_s * 1000) + 1 - count(*) AS missing_windows
FROM candles
GROUP BY exchange, pair, interval_s
