"""How well accounts trade, their orders, fills and decisions: panels of the dashboard `trading`."""

from __future__ import annotations

from links import AROUND, DAY, HERE, around, of_row, to
from parts import SEVERITIES, SIDES, Json, bars, column, hidden, lines, row, sql, table
from statistics_sql import against_open, of_fills, rolling_sharpe

#: Of which minutes of which accounts, and of which of their pairs, is asked.
OF_PNL = "account IN ($account) AND time_ms BETWEEN $__from AND $__to"
OF_PAIRS = "account IN ($account) AND exchange IN ($exchange) AND pair IN ($pair)"


def how_well() -> list[Json]:
    """Return win rate, profit factor, costs and the rolling Sharpe ratio."""
    closing = f"{OF_PAIRS} AND filled_at_ms BETWEEN $__from AND $__to"
    so_far = "(PARTITION BY account ORDER BY filled_at_ms, fill_id)"
    costs = f"""
        SELECT to_timestamp(filled_at_ms / 1000) AS time,
            CAST(sum(fee_quote) OVER {so_far} AS DOUBLE PRECISION) AS fees,
            CAST(sum(abs(price - reference_price) * quantity) OVER {so_far} AS DOUBLE PRECISION) AS slippage, account
        FROM fills WHERE {closing} ORDER BY 1
    """
    return [
        row("How well it trades"),
        table(
            "Win rate, profit factor, costs",
            sql(of_fills("account", closing)),
            width=24,
            height=6,
            says="Of fills of the time range. Win rate and profit factor are of fills that closed something; "
            "a profit factor above 1 earns before fees. Slippage is what was paid off the reference price.",
            columns=[column("profit_factor", decimals=2, thresholds=_ABOVE_ONE), *_GAINS],
        ),
        table(
            "By pair",
            sql(of_fills("account, pair", closing)),
            height=8,
            says="The same by account and pair.",
            columns=[column("profit_factor", decimals=2, thresholds=_ABOVE_ONE), *_GAINS],
        ),
        lines(
            "Costs",
            sql(costs, series=True),
            unit="none",
            says="Fees, and what was paid off the reference price, summed over the time range, quote currency.",
        ),
        lines(
            "Fills against the open of their candle",
            sql(against_open(closing, _OF_STRATEGIES), series=True),
            unit="none",
            decimals=1,
            width=24,
            limits=(_FAR_BPS,),
            says="Of orders at the market: how much worse for the trader, basis points. On paper that is its "
            "slippage; at a venue what it was. The mean beside paper, of all orders, is on *live*.",
        ),
        lines(
            "Rolling Sharpe ratio, a day",
            sql(rolling_sharpe(OF_PNL), series=True),
            unit="none",
            decimals=1,
            width=24,
            says="Of the minutes of the last 24 hours, a year being 525,600, without interest; nothing before an "
            "hour of minutes. A day is short: it swings far, and says little of the next one.",
        ),
    ]


#: As the alert VenueSlippage has it.
_FAR_BPS = 20
_OF_STRATEGIES = "coalesce(s.strategy, 'model') IN ($strategy)"
_ABOVE_ONE = {"mode": "absolute", "steps": [{"value": None, "color": "red"}, {"value": 1, "color": "green"}]}
_SIGN = {"mode": "absolute", "steps": [{"value": None, "color": "red"}, {"value": 0, "color": "green"}]}
_GAINS = (
    column("realised_quote", unit="none", decimals=2, thresholds=_SIGN, custom__cellOptions={"type": "color-text"}),
)


def orders() -> list[Json]:
    """Return positions, orders, fills and what limits and operators said."""
    positions = f"""
        SELECT account, exchange, pair, quantity, average_price, action, realised_pnl_quote, fees_quote,
            to_timestamp(updated_at_ms / 1000) AS updated, {around("updated_at_ms")}
        FROM positions WHERE {OF_PAIRS} ORDER BY account, pair
    """
    orders = f"""
        SELECT account, pair, status, coalesce(reason, '') AS reason, side, count(*) AS orders FROM orders
        WHERE {OF_PAIRS} AND decided_at_ms BETWEEN $__from AND $__to
        GROUP BY account, pair, status, coalesce(reason, ''), side ORDER BY orders DESC
    """
    fills = f"""
        SELECT to_timestamp(filled_at_ms / 1000) AS time, account, exchange, pair, side, quantity, price,
            reference_price, fee_quote, realised_pnl_quote, model_name, model_version, order_id,
            {around("filled_at_ms")}
        FROM fills WHERE {OF_PAIRS} AND filled_at_ms BETWEEN $__from AND $__to ORDER BY filled_at_ms DESC LIMIT 200
    """
    alerts = f"""
        SELECT to_timestamp(time_ms / 1000) AS time, account, severity, rule, coalesce(pair, 'all') AS pair, value,
            "limit", message, {around("time_ms")}
        FROM risk_alerts WHERE account IN ($account) AND (pair IS NULL OR pair IN ($pair))
            AND time_ms BETWEEN $__from AND $__to ORDER BY time_ms DESC LIMIT 200
    """
    market = to(
        "market",
        "Its candles",
        span=AROUND,
        pair=of_row("pair"),
        exchange=of_row("exchange"),
        account=of_row("account"),
    )
    model = to(
        "predictions", "What this model said then", span=AROUND, pair=of_row("pair"), model=of_row("model_name")
    )
    logs = to("system", "Logs that name the order, a day", span=DAY, search=of_row("order_id"))
    then = to("system", "Logs of that time", span=AROUND, search="")
    hid = (hidden("from_ms"), hidden("to_ms"))
    return [
        row("Positions, orders, fills"),
        table(
            "Positions",
            sql(positions),
            says="What each account holds now, and what the last fill did to it.",
            columns=[column("updated", links=[market]), *hid],
        ),
        table(
            "Orders",
            sql(orders),
            says="Orders decided in the time range, by how they stand and why.",
            columns=[column("side", words=SIDES), column("status", words=_STATUSES)],
        ),
        table(
            "Fills",
            sql(fills),
            width=24,
            height=9,
            says="The newest 200. The time leads to its candles, the version to what it said, the order to its logs.",
            columns=[
                column("time", links=[market, then]),
                column("side", words=SIDES),
                column("model_version", links=[model]),
                column("order_id", links=[logs]),
                *hid,
            ],
        ),
        table(
            "Alerts of risk and operators",
            sql(alerts),
            width=24,
            says="Limits approached, met or broken, and commands of operators (rule OPERATOR). The newest 200.",
            columns=[column("time", links=[then]), column("severity", words=SEVERITIES), *hid],
        ),
    ]


_STATUSES = {
    "FILLED": ("filled", "green"),
    "PARTIALLY_FILLED": ("partly filled", "green"),
    "PLACED": ("placed", "blue"),
    "ACCEPTED": ("accepted", "blue"),
    "CANCELLED": ("cancelled", "text"),
    "EXPIRED": ("expired", "text"),
    "REJECTED": ("rejected by the venue", "orange"),
    "DENIED": ("denied by a limit", "orange"),
    "UNRESOLVED": ("unresolved", "red"),
}


def decisions() -> list[Json]:
    """Return what strategies decided, and why."""
    of_strategies = (
        f"{OF_PAIRS} AND coalesce(strategy, 'model') IN ($strategy) AND window_start_ms BETWEEN $__from AND $__to"
    )
    strategies = f"""
        SELECT account, coalesce(strategy, 'model') AS strategy, coalesce(strategy_hash, '') AS strategy_hash,
            count(*) AS decisions, count(*) FILTER (WHERE decision = 'buy') AS buys,
            count(*) FILTER (WHERE decision = 'sell') AS sells, to_timestamp(min(window_start_ms) / 1000) AS first,
            to_timestamp(max(window_start_ms) / 1000) AS last
        FROM signals WHERE {of_strategies}
        GROUP BY account, coalesce(strategy, 'model'), coalesce(strategy_hash, '') ORDER BY account, last DESC
    """
    reasons = f"""
        SELECT reason, count(*) AS signals FROM signals WHERE {of_strategies} GROUP BY reason ORDER BY signals DESC
    """
    return [
        row("Decisions"),
        table(
            "Strategies by account",
            sql(strategies),
            says="Which strategy decided for whom, and by which hash of its file and parameters.",
            columns=[column("account", links=[to("market", "On the candles", span=HERE, account=of_row("account"))])],
        ),
        bars(
            "Decisions by reason",
            sql(reasons),
            "reason",
            unit="short",
            says="Why each decision was what it was: confident, or what held it back.",
        ),
    ]
