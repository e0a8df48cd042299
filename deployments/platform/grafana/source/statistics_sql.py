"""How well accounts trade, in SQL that PostgreSQL and RisingWave both read."""

from __future__ import annotations

#: A market without a close has so many minutes in a year.
MINUTES_PER_YEAR = 525_600
_WINDOW_MINUTES, _LEAST_MINUTES = 1_440, 60


def of_fills(by: str, where: str) -> str:
    """Return win rate, profit factor and costs of fills.

    Parameters
    ----------
    by
        Columns of `fills` that a row is for.
    where
        Which fills.
    """
    return f"""
        SELECT {by}, count(*) AS fills, count(*) FILTER (WHERE realised_pnl_quote <> 0) AS closed,
            avg(CASE WHEN realised_pnl_quote > 0 THEN 1.0 WHEN realised_pnl_quote < 0 THEN 0.0 END) AS win_rate,
            sum(greatest(realised_pnl_quote, 0)) / nullif(-sum(least(realised_pnl_quote, 0)), 0) AS profit_factor,
            sum(realised_pnl_quote) AS realised_quote, sum(fee_quote) AS fees_quote,
            sum(abs(price - reference_price) * quantity) AS slippage_quote,
            max(realised_pnl_quote) AS best_quote, min(realised_pnl_quote) AS worst_quote
        FROM fills WHERE {where} GROUP BY {by} ORDER BY {by}
    """


def rolling_sharpe(where: str) -> str:
    """Return the Sharpe ratio of each account's last 1,440 minutes, by minute.

    Mean over deviation of the returns of equity, times the root of the minutes of a year. The deviation is written as
    the root of mean square less squared mean: not every store has `stddev` over a window of rows.

    Parameters
    ----------
    where
        Which rows of `pnl`.
    """
    frame = f"""
        OVER (PARTITION BY account ORDER BY time_ms
            ROWS BETWEEN {_WINDOW_MINUTES - 1} PRECEDING AND CURRENT ROW)
    """
    returns = f"""
        SELECT account, time_ms, CAST(equity AS DOUBLE PRECISION) / nullif(CAST(
            lag(equity) OVER (PARTITION BY account ORDER BY time_ms) AS DOUBLE PRECISION), 0) - 1 AS gain
        FROM pnl WHERE {where}
    """
    moments = f"""
        SELECT account, time_ms, avg(gain) {frame} AS mean, avg(gain * gain) {frame} AS square,
            count(gain) {frame} AS minutes
        FROM ({returns}) AS returns
    """
    return f"""
        SELECT to_timestamp(time_ms / 1000) AS time, CASE WHEN minutes >= {_LEAST_MINUTES}
            THEN mean / nullif(sqrt(greatest(square - mean * mean, 0)), 0) * sqrt({MINUTES_PER_YEAR}) END AS sharpe,
            account
        FROM ({moments}) AS moments ORDER BY 1
    """


def against_open(where: str, which: str) -> str:
    """Return SQL of fills of orders at the market: how much worse each was than the open of its candle, basis points.

    That open is what paper takes, and adds its slippage to.

    Parameters
    ----------
    where, which
        Which fills, and of which signals.
    """
    return f"""
        SELECT to_timestamp(f.filled_at_ms / 1000) AS time, CAST(10000 * (f.price / s.mark_open - 1)
            * CASE f.side WHEN 'buy' THEN 1 ELSE -1 END AS DOUBLE PRECISION) AS worse_bps, f.account
        FROM (SELECT * FROM fills WHERE {where}) AS f
        JOIN signals AS s ON s.account = f.account AND s.exchange = f.exchange AND s.pair = f.pair
            AND s.window_start_ms = f.candle_window_start_ms
        JOIN orders AS o ON o.account = f.account AND o.order_id = f.order_id AND o.order_type = 'market'
        WHERE s.mark_open > 0 AND {which} ORDER BY 1
    """
