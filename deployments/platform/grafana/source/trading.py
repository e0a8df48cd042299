"""Accounts: money, positions, orders, limits."""

from __future__ import annotations

from parts import ACCOUNT, Json, bars, dashboard, figure, lines, panel, prom, sql, table

_OF_CLOSING_FILLS = "Of fills that closed something, in the time range: win rate, and profit over loss."


def trading() -> Json:
    """Return the dashboard of accounts."""
    return dashboard("trading", "trading", [*_now(), *_books(), *_orders()], [ACCOUNT])


def _now() -> list[Json]:
    used = 'max by (rule) (tradestream_account_limit_used_ratio{account="$account"})'
    alerts = 'sum(tradestream_risk_alerts_total{account="$account"}) or vector(0)'
    state = """
        SELECT trading_state FROM pnl WHERE account = '$account' ORDER BY time_ms DESC LIMIT 1
    """
    limits = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "orientation": "auto",
        "showThresholdLabels": False,
        "showThresholdMarkers": True,
    }
    return [
        figure(
            "Equity",
            prom('max(tradestream_account_equity_quote{account="$account"})', "equity"),
            unit="none",
            decimals=2,
        ),
        figure(
            "Below its highest",
            prom('max(tradestream_account_drawdown_ratio{account="$account"})', "drawdown"),
            unit="percentunit",
            limits=(0.05,),
        ),
        panel(
            "Loss limits used",
            "gauge",
            prom(used, "{{rule}}"),
            width=6,
            height=4,
            unit="percentunit",
            options=limits,
            says="At closes; execution itself judges at the minute's low.",
            min=0,
            max=1,
            limits=(0.8, 1),
        ),
        table(
            "Trading state",
            sql(state),
            width=3,
            height=4,
            says="ACTIVE, or the limit that stopped it.",
            words={"ACTIVE": ("ACTIVE", "green")},
        ),
        figure("Risk alerts since the start", prom(alerts, "alerts"), unit="short", width=3, limits=(1,)),
    ]


def _books() -> list[Json]:
    def of_pnl(*columns: str) -> Json:
        chosen = ", ".join(f"CAST({column} AS DOUBLE PRECISION) AS {column}" for column in columns)
        return sql(f"""
            SELECT to_timestamp(time_ms / 1000) AS time, {chosen} FROM pnl
            WHERE account = '$account' AND time_ms BETWEEN $__from AND $__to ORDER BY 1
        """)

    exposure = """
        SELECT pair, CAST(quantity * average_price AS DOUBLE PRECISION) AS exposure_quote FROM positions
        WHERE account = '$account' AND quantity <> 0 ORDER BY pair
    """
    closing = "account = '$account' AND realised_pnl_quote <> 0 AND filled_at_ms BETWEEN $__from AND $__to"
    ratios = f"""
        SELECT count(*) AS closed, avg(CASE WHEN realised_pnl_quote > 0 THEN 1.0 ELSE 0.0 END) AS win_rate,
            sum(greatest(realised_pnl_quote, 0)) / nullif(-sum(least(realised_pnl_quote, 0)), 0) AS profit_factor,
            sum(realised_pnl_quote) AS realised_quote, sum(fee_quote) AS fees_quote,
            max(realised_pnl_quote) AS best_quote, min(realised_pnl_quote) AS worst_quote
        FROM fills WHERE {closing}
    """
    accounts = """
        SELECT p.account, p.trading_state, p.equity, p.balance, p.drawdown_quote, p.daily_loss_quote,
            p.exposure_quote, p.realised_quote, p.fees_quote
        FROM pnl AS p
        JOIN (SELECT account, max(time_ms) AS newest_ms FROM pnl GROUP BY account) AS newest
            ON p.account = newest.account AND p.time_ms = newest.newest_ms
        ORDER BY p.account
    """
    days = """
        SELECT to_timestamp(day_start_ms / 1000) AS day, balance, equity, pnl_quote, fees_quote, max_drawdown_quote,
            max_daily_loss_quote, minutes
        FROM pnl_daily WHERE account = '$account' ORDER BY day_start_ms DESC
    """
    return [
        lines("Equity and balance", of_pnl("equity", "balance"), unit="none"),
        lines("Drawdown and loss of the day", of_pnl("drawdown_quote", "daily_loss_quote"), unit="none"),
        lines("Exposure", of_pnl("exposure_quote"), unit="none", width=8),
        bars("Exposure by pair", sql(exposure), "pair", unit="none", width=8),
        lines(
            "Realised, unrealised, fees",
            of_pnl("realised_quote", "unrealised_quote", "fees_quote"),
            unit="none",
            width=8,
        ),
        table("How it trades", sql(ratios), height=6, says=_OF_CLOSING_FILLS),
        table("All accounts", sql(accounts), height=6, says="Whichever is chosen above; as of the newest minute."),
        table("Days", sql(days), width=24, height=6),
    ]


def _orders() -> list[Json]:
    positions = """
        SELECT pair, quantity, average_price, action, realised_pnl_quote, fees_quote,
            to_timestamp(updated_at_ms / 1000) AS updated
        FROM positions WHERE account = '$account' ORDER BY pair
    """
    orders = """
        SELECT status, coalesce(reason, '') AS reason, side, count(*) AS orders FROM orders
        WHERE account = '$account' AND decided_at_ms BETWEEN $__from AND $__to
        GROUP BY status, coalesce(reason, ''), side ORDER BY orders DESC
    """
    fills = """
        SELECT to_timestamp(filled_at_ms / 1000) AS time, pair, side, quantity, price, reference_price, fee_quote,
            realised_pnl_quote, model_version
        FROM fills WHERE account = '$account' AND filled_at_ms BETWEEN $__from AND $__to
        ORDER BY filled_at_ms DESC LIMIT 200
    """
    alerts = """
        SELECT to_timestamp(time_ms / 1000) AS time, severity, rule, pair, value, "limit", message FROM risk_alerts
        WHERE account = '$account' AND time_ms BETWEEN $__from AND $__to ORDER BY time_ms DESC LIMIT 200
    """
    decisions = """
        SELECT reason, count(*) AS signals FROM signals
        WHERE account = '$account' AND window_start_ms BETWEEN $__from AND $__to GROUP BY reason ORDER BY signals DESC
    """
    changes = 'sum by (status) (increase(tradestream_orders_total{account="$account"}[5m]))'
    return [
        table("Positions", sql(positions)),
        table("Orders", sql(orders)),
        lines("Changes of orders in 5 minutes", prom(changes, "{{status}}"), unit="short"),
        bars("Decisions by reason", sql(decisions), "reason", unit="short"),
        table("Fills", sql(fills)),
        table("Risk alerts", sql(alerts)),
    ]
