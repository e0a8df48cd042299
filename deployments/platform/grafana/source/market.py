"""Candles, and what is known of them."""

from __future__ import annotations

from parts import EXCHANGE, INTERVAL, PAIR, Json, dashboard, figure, lines, mark, panel, prom, sql, table


def chosen(of: str = "") -> str:
    """Return what the time range and the three choices mean in a table of windows, `of` being its name and a dot."""
    return f"""
        {of}exchange = '$exchange' AND {of}pair = '$pair' AND {of}interval_s = $interval_s
        AND {of}window_start_ms BETWEEN $__from AND $__to
    """


#: Every account's fills of the pair, where its candles are.
_FILLS = mark(
    "Fills",
    "purple",
    sql("""
        SELECT to_timestamp(filled_at_ms / 1000) AS time, side AS title,
            concat(account, ' ', quantity, ' at ', price) AS text
        FROM fills WHERE exchange = '$exchange' AND pair = '$pair' AND filled_at_ms BETWEEN $__from AND $__to
    """),
)


def market() -> Json:
    """Return the dashboard of market data."""
    return dashboard(
        "market", "market", [*_candles(), *_quality(), *_feed()], [EXCHANGE, PAIR, INTERVAL], marks=[_FILLS]
    )


def _candles() -> list[Json]:
    columns = ", ".join(
        f"CAST({column} AS DOUBLE PRECISION) AS {column}" for column in ("open", "high", "low", "close", "volume")
    )
    query = f"SELECT to_timestamp(window_start_ms / 1000) AS time, {columns} FROM candles WHERE {chosen()} ORDER BY 1"
    options = {"mode": "candles+volume", "candleStyle": "candles", "colorStrategy": "open-close"}
    flow = f"""
        SELECT to_timestamp(window_start_ms / 1000) AS time,
            CAST(taker_buy_volume AS DOUBLE PRECISION) AS bought,
            CAST(volume - taker_buy_volume AS DOUBLE PRECISION) AS sold
        FROM candles WHERE {chosen()} ORDER BY 1
    """
    count = f"""
        SELECT to_timestamp(window_start_ms / 1000) AS time, trade_count AS trades
        FROM candles WHERE {chosen()} ORDER BY 1
    """
    return [
        panel(
            "Candles",
            "candlestick",
            sql(query),
            unit="none",
            width=24,
            height=12,
            options=options,
            says="Final candles, UTC.",
        ),
        lines("Volume by the side of its taker", sql(flow), unit="none"),
        lines("Trades of each candle", sql(count), unit="short"),
    ]


def _quality() -> list[Json]:
    days = """
        SELECT to_timestamp(day_start_ms / 1000) AS day, pair, windows, complete, empty, gap, unverified, revised,
            coverage_pct
        FROM data_quality
        WHERE exchange = '$exchange' AND interval_s = $interval_s
            AND day_start_ms BETWEEN $__from - 86400000 AND $__to
        ORDER BY day_start_ms DESC, pair
    """
    continuity = """
        SELECT pair, interval_s, to_timestamp(first_window_ms / 1000) AS first,
            to_timestamp(last_window_ms / 1000) AS last, windows, missing_windows
        FROM candle_continuity WHERE exchange = '$exchange' ORDER BY pair, interval_s
    """
    return [
        table(
            "Quality of each day's candles",
            sql(days),
            says="empty: nothing was traded. gap: the venue did not give all. unverified: nobody can say.",
        ),
        table("Continuity: windows without a candle", sql(continuity)),
    ]


def _feed() -> list[Json]:
    known = "max by (pair) (tradestream_trades_covered_to_seconds)"
    return [
        lines(
            "Trades written",
            prom("sum by (pair) (rate(tradestream_trades_written_total[1m]))", "{{pair}}"),
            unit="cps",
        ),
        lines(
            "Flaws as candles sees them, in 5 minutes",
            prom("sum by (kind) (increase(tradestream_data_flaws_total[5m]))", "{{kind}}"),
            unit="short",
        ),
        figure(
            "Time up to which a pair is complete", prom(f"{known} * 1000", "{{pair}}"), unit="dateTimeAsIso", width=12
        ),
        figure("Pairs that stream", prom("sum(tradestream_trades_pairs)", "pairs"), unit="short"),
        figure(
            "Connected",
            prom("max by (app) (tradestream_trades_websocket_connected)"),
            unit="none",
            words={"0": ("no", "red"), "1": ("yes", "green")},
        ),
    ]
