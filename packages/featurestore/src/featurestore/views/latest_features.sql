-- the newest feature row of each pair and interval
SELECT ${feature_row}
FROM technical_indicators
JOIN (
    SELECT exchange AS of_exchange, pair AS of_pair, interval_s AS of_interval_s, max(window_start_ms) AS newest_ms
    FROM technical_indicators
    GROUP BY exchange, pair, interval_s
) AS newest
ON exchange = of_exchange AND pair = of_pair AND interval_s = of_interval_s AND window_start_ms = newest_ms
