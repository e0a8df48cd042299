"""Accounts: money, positions, orders, limits, in the market's time."""

from __future__ import annotations

from board import dashboard
from choices import ACCOUNT, EXCHANGE, PAIR, STRATEGY
from dealings import OF_PNL, decisions, how_well, orders
from links import AROUND, AT_POINT, of_row, to
from parts import TRADING_STATES, Json, bars, column, figure, hidden, lines, row, sql, table

#: As the alert AccountDrawdown has it.
DRAWDOWN_RATIO = 0.05
_NEWEST = "(SELECT account, max(time_ms) AS time_ms FROM pnl WHERE account IN ($account) GROUP BY account)"


def trading() -> Json:
    """Return the dashboard of accounts."""
    return dashboard(
        "trading",
        "trading",
        "event-time",
        [*_now(), *_books(), *how_well(), *orders(), *decisions()],
        [ACCOUNT, EXCHANGE, PAIR, STRATEGY],
        says="Accounts, one, several or all at once: money, risk, how well they trade, orders, fills and decisions.",
        data=("pnl", "time_ms"),
    )


def _of_newest(what: str) -> str:
    return f"""
        SELECT p.account, {what} FROM pnl AS p JOIN {_NEWEST} AS newest
            ON p.account = newest.account AND p.time_ms = newest.time_ms
        WHERE p.account IN ($account) ORDER BY p.account
    """


def _now() -> list[Json]:
    equity = _of_newest("CAST(p.equity AS DOUBLE PRECISION) AS equity")
    below = _of_newest(
        "CAST(p.drawdown_quote / nullif(p.equity + p.drawdown_quote, 0) AS DOUBLE PRECISION) AS drawdown_ratio"
    )
    accounts = _of_newest("""
        p.trading_state, to_timestamp(p.time_ms / 1000) AS time, p.equity AS equity_quote,
        p.balance AS balance_quote, p.drawdown_quote, p.daily_loss_quote, p.exposure_quote,
        p.unrealised_quote, p.realised_quote, p.fees_quote, p.time_ms - 86400000 AS from_ms, p.time_ms AS to_ms
    """)
    alerts = """
        SELECT count(*) AS alerts FROM risk_alerts
        WHERE account IN ($account) AND (pair IS NULL OR pair IN ($pair))
            AND time_ms BETWEEN $__from AND $__to AND severity <> 'INFO'
    """
    its_day = to("trading", "Its last day", span=AROUND, account=of_row("account"))
    return [
        row("Now"),
        figure(
            "Equity", sql(equity), unit="none", decimals=2, width=8, says="Of each account's newest minute, quote."
        ),
        figure(
            "Below its highest",
            sql(below),
            unit="percentunit",
            decimals=2,
            width=8,
            limits=(DRAWDOWN_RATIO,),
            says="Share of the highest equity that is lost, at the newest minute; 5 % is an alert.",
        ),
        figure(
            "Risk alerts",
            sql(alerts),
            unit="short",
            width=8,
            limits=(1,),
            says="Warnings and worse of the time range, of all accounts chosen; they are listed below.",
        ),
        table(
            "All accounts",
            sql(accounts),
            width=24,
            height=6,
            says="Each account chosen, as of its newest minute, whatever the time range.",
            columns=[
                column("trading_state", words=TRADING_STATES),
                column("account", links=[its_day]),
                hidden("from_ms"),
                hidden("to_ms"),
            ],
        ),
    ]


def _of_pnl(*columns: str) -> Json:
    chosen = ", ".join(f"CAST({column} AS DOUBLE PRECISION) AS {name}" for column, name in map(_named, columns))
    return sql(
        f"SELECT to_timestamp(time_ms / 1000) AS time, {chosen}, account FROM pnl WHERE {OF_PNL} ORDER BY 1",
        series=True,
    )


def _named(column: str) -> tuple[str, str]:
    return column, column.removesuffix("_quote")


def _books() -> list[Json]:
    pairs = "coalesce(c.close, p.average_price)"
    exposure = f"""
        SELECT concat(p.account, ' ', p.pair) AS held,
            CAST(p.quantity * {pairs} AS DOUBLE PRECISION) AS exposure_quote
        FROM positions AS p LEFT JOIN ({_newest_closes()}) AS c ON c.exchange = p.exchange AND c.pair = p.pair
        WHERE p.account IN ($account) AND p.exchange IN ($exchange) AND p.pair IN ($pair) AND p.quantity <> 0
        ORDER BY held
    """
    days = """
        SELECT to_timestamp(day_start_ms / 1000) AS day, account, balance AS balance_quote, equity AS equity_quote,
            pnl_quote, fees_quote, max_drawdown_quote, max_daily_loss_quote, minutes,
            day_start_ms AS from_ms, day_start_ms + 86400000 AS to_ms
        FROM pnl_daily WHERE account IN ($account) AND day_start_ms BETWEEN $__from - 86400000 AND $__to
        ORDER BY day_start_ms DESC, account
    """
    market = [to("market", "The market then", span=AT_POINT)]
    that_day = to("trading", "That day", span=AROUND, account=of_row("account"))
    return [
        row("Money and risk"),
        lines(
            "Equity and balance",
            _of_pnl("equity", "balance"),
            unit="none",
            links=market,
            says="Of each minute, quote currency; balance leaves out what is not realised yet.",
        ),
        lines(
            "Drawdown and loss of the day",
            _of_pnl("drawdown_quote", "daily_loss_quote"),
            unit="none",
            links=market,
            says="How far equity is below its highest, and below the balance of the last midnight, quote currency.",
        ),
        lines(
            "Exposure",
            _of_pnl("exposure_quote"),
            unit="none",
            width=8,
            says="Marked value of what is held, quote currency.",
        ),
        bars(
            "Exposure by pair",
            sql(exposure),
            "held",
            unit="none",
            width=8,
            says="What is held now at the newest close, quote currency, whatever the time range.",
        ),
        lines(
            "Realised, unrealised, fees",
            _of_pnl("realised_quote", "unrealised_quote", "fees_quote"),
            unit="none",
            width=8,
            says="Since each account's start, quote currency.",
        ),
        table(
            "Days",
            sql(days),
            width=24,
            height=7,
            says="UTC days; pnl is against the equity at the end of the day before.",
            columns=[column("day", links=[that_day]), hidden("from_ms"), hidden("to_ms")],
        ),
    ]


def _newest_closes() -> str:
    """Return the newest close of each pair: of its shortest candles."""
    return """
        SELECT n.exchange, n.pair, max(n.close) AS close FROM candles AS n JOIN (
            SELECT exchange, pair, min(interval_s) AS interval_s, max(window_start_ms + interval_s * 1000) AS end_ms
            FROM candles WHERE exchange IN ($exchange) AND pair IN ($pair) GROUP BY exchange, pair
        ) AS newest ON n.exchange = newest.exchange AND n.pair = newest.pair AND n.interval_s = newest.interval_s
            AND n.window_start_ms + n.interval_s * 1000 = newest.end_ms
        GROUP BY n.exchange, n.pair
    """
