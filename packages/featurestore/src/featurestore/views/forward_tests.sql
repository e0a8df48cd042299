-- of each forward test: since when, until when, its books at the last minute, its trades
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
LEFT JOIN (SELECT account, count(*) AS fills FROM fills GROUP BY account) AS traded ON traded.account = tests.account
