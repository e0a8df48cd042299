-- each trade once, taken out of the frames it arrived in; frames that repeat and overlap give the same rows
SELECT
    exchange, pair, trade_id,
    min(timestamp_us) AS timestamp_us,
    min(price) AS price,
    CAST(min(price) AS VARCHAR) AS price_text,
    min(quantity) AS quantity,
    CAST(min(quantity) AS VARCHAR) AS quantity_text,
    min(side) AS side
FROM (
    SELECT exchange, pair, unnest(trade_ids) AS trade_id, unnest(timestamps_us) AS timestamp_us,
        unnest(prices) AS price, unnest(quantities) AS quantity, unnest(sides) AS side
    FROM trade_messages
    WHERE type = 'trades'
) AS frames
GROUP BY exchange, pair, trade_id
