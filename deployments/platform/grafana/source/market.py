"""Candles, and what is known of them."""

from __future__ import annotations

from board import dashboard, mark
from choices import ACCOUNT, EXCHANGE, INTERVAL, PAIR, chosen, which
from links import AROUND, AT_POINT, around, of_row, to
from parts import QUALITIES, Json, bars, column, hidden, lines, panel, row, sql, table

#: Of the accounts chosen, the fills of the pairs chosen.
_FILLS = mark(
    "Fills",
    "purple",
    sql("""
        SELECT to_timestamp(filled_at_ms / 1000) AS time, concat(side, ' ', pair) AS title,
            concat(account, ' ', quantity, ' at ', price) AS text
        FROM fills WHERE exchange IN ($exchange) AND pair IN ($pair) AND account IN ($account)
            AND filled_at_ms BETWEEN $__from AND $__to
    """),
)


def market() -> Json:
    """Return the dashboard of market data."""
    return dashboard(
        "market",
        "market",
        "event-time",
        [*_candles(), *_flow(), *_quality()],
        [EXCHANGE, PAIR, INTERVAL, ACCOUNT],
        says="Final candles, what accounts did on them, who traded, and which of it is known for sure.",
        marks=[_FILLS],
        data=("candles", "window_start_ms"),
    )


def _candles() -> list[Json]:
    # A fill belongs to the candle of each interval that it falls into; a decision is the candle's own.
    of_intervals = f"(SELECT DISTINCT exchange, pair, interval_s FROM candles WHERE {chosen()})"
    fills = f"""
        SELECT f.exchange, f.pair, i.interval_s,
            f.filled_at_ms - f.filled_at_ms % (i.interval_s * 1000) AS window_start_ms,
            avg(CASE WHEN f.side = 'buy' THEN f.price END) AS bought,
            avg(CASE WHEN f.side = 'sell' THEN f.price END) AS sold
        FROM fills AS f JOIN {of_intervals} AS i ON f.exchange = i.exchange AND f.pair = i.pair
        WHERE f.account IN ($account) AND f.filled_at_ms BETWEEN $__from AND $__to
        GROUP BY f.exchange, f.pair, i.interval_s, f.filled_at_ms - f.filled_at_ms % (i.interval_s * 1000)
    """
    decisions = f"""
        SELECT exchange, pair, interval_s, window_start_ms,
            max(CASE WHEN decision = 'buy' AND before <> 'buy' THEN mark_close END) AS decides_to_buy,
            max(CASE WHEN decision = 'sell' AND before <> 'sell' THEN mark_close END) AS decides_to_sell
        FROM (
            SELECT exchange, pair, interval_s, window_start_ms, decision, mark_close,
                coalesce(lag(decision) OVER (
                    PARTITION BY account, exchange, pair, interval_s ORDER BY window_start_ms), 'none') AS before
            FROM signals WHERE account IN ($account) AND {chosen()}
        ) AS said
        WHERE decision <> before GROUP BY exchange, pair, interval_s, window_start_ms
    """
    prices = ("c.open", "c.high", "c.low", "c.close", "c.volume", "f.bought", "f.sold")
    columns = ", ".join(f"CAST({name} AS DOUBLE PRECISION) AS {name.partition('.')[2]}" for name in prices)
    decided = ", ".join(f"CAST(d.{name} AS DOUBLE PRECISION) AS {name}" for name in _DECIDED)
    same = " AND ".join(f"c.{key} = {{0}}.{key}" for key in ("exchange", "pair", "interval_s", "window_start_ms"))
    query = f"""
        SELECT to_timestamp(c.window_start_ms / 1000) AS time, {columns}, {decided} FROM candles AS c
        LEFT JOIN ({fills}) AS f ON {same.format("f")}
        LEFT JOIN ({decisions}) AS d ON {same.format("d")}
        WHERE {chosen("c.")} ORDER BY 1
    """
    options = {
        "mode": "candles+volume",
        "candleStyle": "candles",
        "colorStrategy": "open-close",
        "colors": {"up": "green", "down": "red"},
        "fields": {name: name for name in ("open", "high", "low", "close", "volume")},
        "includeAllFields": True,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
    }
    return [
        row("Candles of ${interval_s:csv} s", repeat="interval_s"),
        panel(
            "Candles of $pair",
            "candlestick",
            sql(query),
            says="Final candles, UTC. Full points: fills of the accounts chosen. Small ones: where their strategies "
            "turn to buy or sell. Click one for what the model said then.",
            unit="none",
            width=12,
            height=13,
            options=options,
            repeat="pair",
            columns=[*_points()],
            links=[
                to("predictions", "What the model said", span=AT_POINT, pair="${pair}", exchange="${exchange}"),
                to("trading", "What accounts did", span=AT_POINT, pair="${pair}", account="${account}"),
            ],
        ),
    ]


_DECIDED = ("decides_to_buy", "decides_to_sell")


def _points() -> list[Json]:
    """Return how fills and decisions are drawn on the candles."""
    looks = {
        "bought": ("green", 12),
        "sold": ("red", 12),
        "decides_to_buy": ("blue", 5),
        "decides_to_sell": ("orange", 5),
    }
    return [
        column(
            name,
            custom__drawStyle="points",
            custom__pointSize=size,
            color={"mode": "fixed", "fixedColor": colour},
            displayName=name.replace("_", " "),
        )
        for name, (colour, size) in looks.items()
    ]


def _flow() -> list[Json]:
    flow = f"""
        SELECT to_timestamp(window_start_ms / 1000) AS time,
            CAST(taker_buy_volume * close AS DOUBLE PRECISION) AS bought,
            CAST((taker_buy_volume - volume) * close AS DOUBLE PRECISION) AS sold, {which()}
        FROM candles WHERE {chosen()} ORDER BY 1
    """
    count = f"""
        SELECT to_timestamp(window_start_ms / 1000) AS time, trade_count AS trades, {which()}
        FROM candles WHERE {chosen()} ORDER BY 1
    """
    return [
        row("Flow"),
        lines(
            "Volume by the side of its taker",
            sql(flow, series=True),
            unit="short",
            says="In quote currency: what takers bought, and below zero what they sold, in each candle.",
        ),
        lines(
            "Trades of each candle",
            sql(count, series=True),
            unit="short",
            says="How many trades a candle is made of: a silent market and a dead feed look alike here, see quality.",
        ),
    ]


def _quality() -> list[Json]:
    days = """
        SELECT to_timestamp(day_start_ms / 1000) AS day, exchange, pair, interval_s, windows, complete, empty, gap,
            unverified, revised, coverage_pct, day_start_ms AS from_ms, day_start_ms + 86400000 AS to_ms
        FROM data_quality
        WHERE exchange IN ($exchange) AND pair IN ($pair) AND interval_s IN (${interval_s:csv})
            AND day_start_ms BETWEEN $__from - 86400000 AND $__to
        ORDER BY day_start_ms DESC, pair, interval_s
    """
    continuity = """
        SELECT exchange, pair, interval_s, to_timestamp(first_window_ms / 1000) AS first,
            to_timestamp(last_window_ms / 1000) AS last, windows, missing_windows,
            first_window_ms AS from_ms, last_window_ms AS to_ms
        FROM candle_continuity
        WHERE exchange IN ($exchange) AND pair IN ($pair) AND interval_s IN (${interval_s:csv})
        ORDER BY pair, interval_s
    """
    flawed = f"""
        SELECT to_timestamp(window_start_ms / 1000) AS time, exchange, pair, interval_s, quality, revision,
            {around("window_start_ms")}
        FROM candles WHERE {chosen()} AND (quality IN ('gap', 'unverified') OR revision > 0)
        ORDER BY window_start_ms DESC LIMIT 200
    """
    shares = f"""
        SELECT quality, count(*) AS windows FROM candles WHERE {chosen()} GROUP BY quality ORDER BY windows DESC
    """
    there = to("market", "This time", span=AROUND, pair=of_row("pair"), interval_s=of_row("interval_s"))
    hid = (hidden("from_ms"), hidden("to_ms"))
    return [
        row("Quality"),
        table(
            "Quality of each day's candles",
            sql(days),
            says="empty: nothing was traded. gap: the venue did not give all. unverified: nobody can say. The first "
            "and the last day are rarely whole.",
            width=24,
            columns=[column("day", links=[there]), _coverage(), *hid],
        ),
        table(
            "Continuity: windows without a candle",
            sql(continuity),
            says="Of all time: windows between the first and the last candle for which there is none. A click on the "
            "last shows the range of the data.",
            width=24,
            height=6,
            columns=[column("missing_windows", thresholds=_ANY, **_TEXT), column("last", links=[there]), *hid],
        ),
        bars(
            "Windows by quality",
            sql(shares),
            "quality",
            unit="short",
            says="Of the time range. Only complete and empty windows are known for sure.",
            width=8,
        ),
        table(
            "Gaps and corrections",
            sql(flawed),
            says="Windows that are not known for sure, or were corrected by late trades; decisions were made on "
            "revision 0. The newest 200.",
            width=16,
            columns=[column("time", links=[there]), column("quality", words=QUALITIES), *hid],
        ),
    ]


_TEXT = {"custom__cellOptions": {"type": "color-text"}}
_ANY = {"mode": "absolute", "steps": [{"value": None, "color": "green"}, {"value": 1, "color": "orange"}]}


def _coverage() -> Json:
    steps = [(None, "red"), (99, "orange"), (100, "green")]
    marks = {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in steps]}
    return column("coverage_pct", unit="percent", decimals=1, thresholds=marks, **_TEXT)
