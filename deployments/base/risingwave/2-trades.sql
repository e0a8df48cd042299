-- Written by `python -m featurestore.ddl write`: change packages/featurestore, not this file.
-- ${ENVIRONMENT}, ${BOOTSTRAP_SERVERS} and ${PROPERTIES} are filled in by `python -m featurestore.ddl apply`.

-- what is on the topic of trades, read by the view below and not kept
CREATE SOURCE IF NOT EXISTS trade_messages (
    "type" VARCHAR,
    "exchange" VARCHAR,
    "pair" VARCHAR,
    "consecutive_ids" BOOLEAN,
    "trade_ids" BIGINT[],
    "timestamps_us" BIGINT[],
    "prices" NUMERIC[],
    "quantities" NUMERIC[],
    "sides" VARCHAR[]
)
WITH (
    connector = 'kafka',
    topic = 'trades-${ENVIRONMENT}',
    properties.bootstrap.server = '${BOOTSTRAP_SERVERS}',
    group.id.prefix = 'risingwave-${ENVIRONMENT}',
    scan.startup.mode = 'earliest'${PROPERTIES}
) FORMAT PLAIN ENCODE JSON;

-- each trade once, taken out of the frames it arrived in; frames that repeat and overlap give the same rows
CREATE MATERIALIZED VIEW IF NOT EXISTS trades AS
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
GROUP BY exchange, pair, trade_id;
