"""Feature rows: the newest, how much of them is null, and a few of the columns."""

from __future__ import annotations

from market import chosen
from parts import EXCHANGE, INTERVAL, PAIR, Json, bars, dashboard, lines, sql, table

#: Of both sets of features, one or two of each kind.
_SHOWN = (
    "rsi_14",
    "macd_hist_12",
    "bollinger_percent_b_20",
    "natr_14",
    "realised_vol_60",
    "volume_zscore_60",
    "taker_imbalance",
)


def features() -> Json:
    """Return the dashboard of features."""
    return dashboard("features", "features", [*_rows(), *_columns()], [EXCHANGE, PAIR, INTERVAL])


def _rows() -> list[Json]:
    newest = f"""
        SELECT pair, to_timestamp(window_start_ms / 1000) AS time, feature_set, quality, revision,
            CAST(close AS DOUBLE PRECISION) AS close, {", ".join(_SHOWN)}
        FROM latest_features WHERE exchange = '$exchange' AND interval_s = $interval_s ORDER BY pair
    """
    shares = " UNION ALL ".join(
        f"SELECT '{name}' AS feature, count({name}) AS known, count(*) - count({name}) AS unknown,"
        f" (count(*) - count({name})) * 100.0 / count(*) AS null_pct"
        f" FROM technical_indicators WHERE {chosen()} HAVING count(*) > 0"
        for name in (*_SHOWN, "ema_200", "log_return_60", "vwap_60_distance")
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
            says="Null: the window it looks back on is not full yet, or part of it is unknown.",
        ),
        table("Rows by set of features and quality", sql(sets)),
    ]


def _columns() -> list[Json]:
    def shown(title: str, *columns: str) -> Json:
        values = ", ".join(
            f"CAST({name} AS DOUBLE PRECISION) AS {name}" if name == "close" else name for name in columns
        )
        query = f"SELECT to_timestamp(window_start_ms / 1000) AS time, {values} FROM technical_indicators"
        return lines(title, sql(f"{query} WHERE {chosen()} ORDER BY 1"))

    return [
        shown("Close and its bands", "close", "ema_21", "ema_60", "bollinger_upper_20", "bollinger_lower_20"),
        shown("RSI", "rsi_7", "rsi_14", "rsi_21"),
        shown("MACD", "macd_12", "macd_signal_12", "macd_hist_12"),
        shown("Volatility", "natr_14", "realised_vol_15", "realised_vol_60"),
        shown("Volume against its last hour", "volume_zscore_60"),
        shown("Who takes", "taker_imbalance", "taker_imbalance_60"),
    ]
