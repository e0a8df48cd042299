-- of each pair, interval and UTC day: candles by quality, corrected ones, share of the day that is known
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
GROUP BY exchange, pair, interval_s, window_start_ms / 86400000 * 86400000
