-- of each account and UTC day: the books at its end, what the day earned, the worst of it
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
) AS closes
