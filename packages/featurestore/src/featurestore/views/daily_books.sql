-- of each account, strategy, pair and UTC day with a fill: what was realised before fees, those, and what is left
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
GROUP BY account, strategy, pair, filled_at_ms / 86400000 * 86400000
