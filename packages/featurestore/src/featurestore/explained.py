"""From a fill back to what it was decided on: order, signal, prediction, feature row, candles and their trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.errors import BadInputError
from featurestore.store import Store
from featurestore.tables import quoted_text

#: What is told of each step: of which table's alias, and which columns.
SHOWN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "fill": (
        "f",
        (
            *("fill_id", "account", "exchange", "pair", "side", "quantity_text", "price_text", "fee_quote_text"),
            *("realised_pnl_quote_text", "filled_at_ms", "model_name", "model_version", "signal_id"),
        ),
    ),
    "order": ("o", ("order_id", "purpose", "order_type", "quantity_text", "size_bound", "decided_at_ms")),
    "signal": ("s", ("message_id", "strategy", "strategy_hash", "target", "decision", "reason", "confidence")),
    "prediction": ("p", ("message_id", "model_name", "model_version", "direction", "probability_up")),
    "row": ("r", ("message_id", "feature_set", "interval_s", "window_start_ms")),
    "candle": (
        "c",
        (
            *("message_id", "window_start_ms", "open_text", "high_text", "low_text", "close_text", "volume_text"),
            *("trade_count", "quality", "first_trade_id", "last_trade_id"),
        ),
    ),
    "trade": ("t", ("trade_id", "timestamp_us", "price_text", "quantity_text", "side")),
}
#: A signal's id is that of a candle's mark where the account acted without waiting for the decision any longer.
_FROM = """
FROM fills f
LEFT JOIN orders o ON o.order_id = f.order_id
LEFT JOIN signals s ON s.account = f.account AND s.exchange = f.exchange AND s.pair = f.pair
    AND s.message_id = f.signal_id
LEFT JOIN predictions p ON p.exchange = s.exchange AND p.pair = s.pair AND p.interval_s = s.interval_s
    AND p.window_start_ms = s.window_start_ms AND p.message_id = s.prediction_id
LEFT JOIN technical_indicators_history r ON r.exchange = f.exchange AND r.pair = f.pair AND r.revision = 0
    AND ((r.interval_s = s.interval_s AND r.window_start_ms = s.window_start_ms)
        OR f.signal_id || ':0' = f.account || ':mark:' || r.message_id)
LEFT JOIN candles_history c ON c.exchange = r.exchange AND c.pair = r.pair AND c.interval_s = r.interval_s
    AND c.revision = 0 AND c.window_start_ms IN (r.window_start_ms, f.candle_window_start_ms)
LEFT JOIN trades t ON t.exchange = c.exchange AND t.pair = c.pair
    AND t.trade_id BETWEEN c.first_trade_id AND c.last_trade_id
"""
#: Of the newest fill.
NEWEST = "f.fill_id = (SELECT fill_id FROM fills ORDER BY filled_at_ms DESC, fill_id DESC LIMIT 1)"


@dataclass(frozen=True)
class SeenCandle:
    """A candle as it was first published, and its trades.

    Attributes
    ----------
    candle
        Its columns.
    trades
        All of them, in the order of their ids.
    """

    candle: Mapping[str, Any]
    trades: Sequence[Mapping[str, Any]]

    @property
    def is_whole(self) -> bool:
        """Whether all the trades that it counted are there."""
        return bool(len(self.trades) == self.candle["trade_count"])


@dataclass(frozen=True)
class Explained:
    """Why there is a fill, step by step; what the store has not is None.

    Attributes
    ----------
    fill, order, signal, prediction, row
        Columns of each as `SHOWN` has them; a strategy without a model has no prediction.
    decided_on, filled_in
        The candle that the decision was made on, and that in which it was filled.
    """

    fill: Mapping[str, Any]
    order: Mapping[str, Any] | None
    signal: Mapping[str, Any] | None
    prediction: Mapping[str, Any] | None
    row: Mapping[str, Any] | None
    decided_on: SeenCandle | None
    filled_in: SeenCandle | None

    @property
    def missing(self) -> tuple[str, ...]:
        """What should be there and is not, by name; empty if the fill is explained down to each trade."""
        names = ["order", "signal", "row", *(["prediction"] if self.fill["model_name"] else [])]
        absent = [name for name in names if getattr(self, name) is None]
        for name in ("decided_on", "filled_in"):
            candle: SeenCandle | None = getattr(self, name)
            absent += [name] if candle is None else [] if candle.is_whole else [f"trades of {name}"]
        return tuple(absent)

    def as_json(self) -> dict[str, Any]:
        """Return JSON-able data.

        Returns
        -------
        dict[str, Any]
            The attributes and `missing`; candles with their trades.
        """
        steps = {name: self._of(name) for name in ("fill", "order", "signal", "prediction", "row")}
        for name in ("decided_on", "filled_in"):
            seen: SeenCandle | None = getattr(self, name)
            steps[name] = None if seen is None else {**seen.candle, "trades": [dict(each) for each in seen.trades]}
        return {**steps, "missing": list(self.missing)}

    def _of(self, name: str) -> dict[str, Any] | None:
        found = getattr(self, name)
        return None if found is None else dict(found)


def explain(store: Store, fill_id: str | None = None) -> Explained:
    """Return why there is a fill; one query, the same on SQLite and PostgreSQL.

    Parameters
    ----------
    store
        With what the services have written.
    fill_id
        The fill's, such as ``o-4d97bd25737b8a3b:1``; None: of the newest.

    Returns
    -------
    Explained
        With what the store does not have named.

    Raises
    ------
    BadInputError
        If the store has no such fill.
    StoreError
        If the store cannot be read.
    """
    if fill_id is not None and "\0" in fill_id:
        raise BadInputError("fill", "the id of a fill", fill_id)
    asked = NEWEST if fill_id is None else f"f.fill_id = {quoted_text(fill_id)}"
    found = store.sql(f"SELECT {_selected()} {_FROM} WHERE {asked} ORDER BY c.window_start_ms, t.trade_id")
    if not found.rows:
        raise BadInputError("fill", "the id of a fill that the store has", fill_id or "none yet")
    return _told([_steps(row) for row in found.rows])


def _selected() -> str:
    return ", ".join(f"{alias}.{column}" for alias, columns in SHOWN.values() for column in columns)


def _steps(row: Sequence[Any]) -> dict[str, dict[str, Any] | None]:
    """Return what a row says of each step: None where nothing was joined, which leaves its id null."""
    values, steps = iter(row), dict[str, dict[str, Any] | None]()
    for name, (_, columns) in SHOWN.items():
        of_step = {column.removesuffix("_text"): next(values) for column in columns}
        steps[name] = None if next(iter(of_step.values())) is None else of_step
    return steps


def _told(rows: Sequence[Mapping[str, dict[str, Any] | None]]) -> Explained:
    first = rows[0]
    row, fill = first["row"], first["fill"]
    assert fill is not None
    decided_ms = None if row is None else row["window_start_ms"]
    candles = {
        each["candle"]["window_start_ms"] == decided_ms: each["candle"] for each in rows if each["candle"] is not None
    }
    seen = {
        is_decision: SeenCandle(
            candle,
            [each["trade"] for each in rows if each["trade"] is not None and each["candle"] == candle],
        )
        for is_decision, candle in candles.items()
    }
    steps = (first["order"], first["signal"], first["prediction"], row)
    return Explained(fill, *steps, decided_on=seen.get(True), filled_in=seen.get(False))
