"""Feature rows: the newest, how much of them is null, and a few of the columns."""

from __future__ import annotations

from board import dashboard
from choices import EXCHANGE, INTERVAL, PAIR, chosen, which
from links import AROUND, around, of_row, to
from parts import QUALITIES, Json, bars, column, hidden, lines, row, sql, table

#: Of the set `core`, and what only the set `full` has.
_CORE = ("rsi_14", "macd_hist_7", "ema_60", "atr_14", "bollinger_upper_20", "obv")
_FULL = (
    "bollinger_percent_b_20",
    "realised_vol_60",
    "volume_zscore_60",
    "taker_imbalance",
    "ema_200",
    "log_return_60",
)
_FULL_ONLY = "Empty unless INDICATORS_FEATURE_SET is full."


def features() -> Json:
    """Return the dashboard of features."""
    return dashboard(
        "features",
        "features",
        "event-time",
        [*_rows(), *_of_prices(), *_comparable()],
        [EXCHANGE, PAIR, INTERVAL],
        says="What models are given: the newest feature rows, how much of them is null, and a few columns over time.",
        data=("technical_indicators", "window_start_ms"),
    )


def _rows() -> list[Json]:
    newest = f"""
        SELECT exchange, pair, interval_s, to_timestamp(window_start_ms / 1000) AS time, feature_set, quality,
            revision, CAST(close AS DOUBLE PRECISION) AS close, {", ".join(_CORE)}, {around("window_start_ms")}
        FROM latest_features
        WHERE exchange IN ($exchange) AND pair IN ($pair) AND interval_s IN (${{interval_s:csv}})
        ORDER BY pair, interval_s
    """
    shares = " UNION ALL ".join(
        f"SELECT '{name}' AS feature, (count(*) - count({name})) * 100.0 / nullif(count(*), 0) AS null_pct"
        f" FROM technical_indicators WHERE {chosen()}"
        for name in (*_CORE, *_FULL)
    )
    sets = f"""
        SELECT exchange, pair, interval_s, feature_set, quality, count(*) AS windows,
            count(*) FILTER (WHERE revision > 0) AS revised
        FROM technical_indicators WHERE {chosen()}
        GROUP BY exchange, pair, interval_s, feature_set, quality ORDER BY pair, interval_s, windows DESC
    """
    there = to("market", "Its candle", span=AROUND, pair=of_row("pair"), interval_s=of_row("interval_s"))
    return [
        row("Rows"),
        table(
            "Newest row of each pair",
            sql(newest),
            says="Whatever the time range: the row a model would be given now, with the columns of the set core.",
            width=24,
            height=6,
            decimals=4,
            columns=[
                column("time", links=[there]),
                column("quality", words=QUALITIES),
                column("rsi_14", min=0, max=100, decimals=1),
                column("/^(interval_s|revision)$/", decimals=0),
                hidden("from_ms"),
                hidden("to_ms"),
            ],
        ),
        bars(
            "Null share",
            sql(f"SELECT feature, null_pct FROM ({shares}) AS shares ORDER BY null_pct DESC, feature"),
            "feature",
            unit="percent",
            limits=(20, 80),
            says="Null: its window is not full yet, part of it is unknown, or the set of features lacks it.",
            min=0,
            max=100,
        ),
        table(
            "Rows by set of features and quality",
            sql(sets),
            says="How many rows of the time range were made with which set, on candles of which quality.",
            columns=[column("quality", words=QUALITIES)],
        ),
    ]


def _lines(title: str, *columns: str, says: str, **more: object) -> Json:
    values = ", ".join(f"CAST({name} AS DOUBLE PRECISION) AS {name}" if name == "close" else name for name in columns)
    query = f"""
        SELECT to_timestamp(window_start_ms / 1000) AS time, {values}, {which()} FROM technical_indicators
        WHERE {chosen()} ORDER BY 1
    """
    return lines(title, sql(query, series=True), unit="none", says=says, **more)


def _of_prices() -> list[Json]:
    """Return what has the price's own scale, so that pairs do not share an axis."""
    bands = ("close", "ema_21", "ema_60", "bollinger_upper_20", "bollinger_lower_20")
    return [
        row("In units of the price, a column for each pair"),
        _lines(
            "Close and its bands of $pair",
            *bands,
            says="Bollinger's bands of 20 bars and two averages.",
            repeat="pair",
        ),
        _lines(
            "MACD of $pair", "macd_7", "macd_signal_7", "macd_hist_7", says="Fast less slow average.", repeat="pair"
        ),
        _lines("Average true range of $pair", "atr_14", says="How far a bar goes, of 14 bars.", repeat="pair"),
    ]


def _comparable() -> list[Json]:
    return [
        row("Comparable between pairs"),
        _lines(
            "RSI",
            "rsi_14",
            says="Above 70 it is called overbought, below 30 oversold.",
            limits=(30, 70),
            min=0,
            max=100,
        ),
        _lines("Volatility", "realised_vol_60", says=f"Of an hour's bars, as a share. {_FULL_ONLY}"),
        _lines(
            "Who takes",
            "taker_imbalance_60",
            says=f"Bought less sold by takers, share of volume. {_FULL_ONLY}",
            width=24,
        ),
    ]
