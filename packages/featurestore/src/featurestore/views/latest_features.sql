-- the newest feature row of each pair and interval
SELECT ${feature_row}
FROM (
    SELECT *, row_number() OVER (PARTITION BY exchange, pair, interval_s ORDER BY window_start_ms DESC) AS newest_first
    FROM technical_indicators
) AS ranked
WHERE newest_first = 1
