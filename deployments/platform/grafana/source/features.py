"""Feature rows: the newest, how much of them is null, and a few of the columns."""

from __future__ import annotations

from market import chosen
from parts import EXCHANGE, INTERVAL, PAIR, Json, bars, dashboard, lines, sql, table

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
    return dashboard("features", "features", [*_rows(), *_columns()], [EXCHANGE, PAIR, INTERVAL])


def _rows() -> list[Json]:
    newest = f"""
        SELECT pair, to_timestamp(window_start_ms / 1000) AS time, feature_set, quality, revision,
            CAST(close AS DOUBLE PRECISION) AS close, {", ".join(_CORE)}
        FROM latest_features WHERE exchange = '$exchange' AND interval_s = $interval_s ORDER BY pair
    """
    shares = " UNION ALL ".join(
        f"SELECT '{name}' AS feature, (count(*) - count({name})) * 100.0 / nullif(count(*), 0) AS null_pct"
        f" FROM technical_indicators WHERE {chosen()}"
        for name in (*_CORE, *_FULL)
    )
    sets = f"""
        SELECT feature_set, quality, count(*) AS windows, count(*) FILTER (WHERE revision > 0) AS revised
        FROM technical_indicators WHERE {chosen()} GROUP BY feature_set, quality ORDER BY windows DESC
    """
    return [
        table("Newest row of each pair", sql(newest), width=24, height=6),
        bars(
            "Null share",
            sql(f"SELECT feature, null_pct FROM ({shares}) AS shares ORDER BY null_pct DESC, feature"),
            "feature",
            unit="percent",
            limits=(20, 80),
            says="Null: its window is not full yet, part of it is unknown, or the set of features lacks it.",
        ),
        table("Rows by set of features and quality", sql(sets)),
    ]


def _columns() -> list[Json]:
    def shown(title: str, *columns: str, says: str = "") -> Json:
        values = ", ".join(
            f"CAST({name} AS DOUBLE PRECISION) AS {name}" if name == "close" else name for name in columns
        )
        query = f"SELECT to_timestamp(window_start_ms / 1000) AS time, {values} FROM technical_indicators"
        return lines(title, sql(f"{query} WHERE {chosen()} ORDER BY 1"), unit="none", says=says)

    return [
        shown("Close and its bands", "close", "ema_21", "ema_60", "bollinger_upper_20", "bollinger_lower_20"),
        shown("RSI", "rsi_14"),
        shown("MACD", "macd_7", "macd_signal_7", "macd_hist_7"),
        shown("Average true range", "atr_14"),
        shown("Volatility", "realised_vol_15", "realised_vol_60", "realised_vol_240", says=_FULL_ONLY),
        shown("Who takes", "taker_imbalance", "taker_imbalance_60", says=_FULL_ONLY),
    ]
