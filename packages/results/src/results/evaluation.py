"""Predicted against realised: what the model said, and what the market then did."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from contracts.units import MS_PER_SECOND

_BINS = 10
_WINDOW = ["exchange", "pair", "interval_s"]


@dataclass(frozen=True)
class Accuracy:
    """How often the predicted side came true.

    Parameters
    ----------
    judged
        Predictions whose horizon has passed and whose close has moved.
    accuracy
        Share of them that named the side that came.
    base_rate
        Share of the more frequent side: what always saying the same would have scored.
    brier
        Mean squared error of the probability; 0.25 is what "one half" scores, less is better.
    """

    judged: int
    accuracy: float | None
    base_rate: float | None
    brier: float | None

    def as_json(self) -> dict[str, Any]:
        """Return it with numbers rounded for people."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


def judged_predictions(predictions: pl.DataFrame, candles: pl.DataFrame) -> pl.DataFrame:
    """Return the predictions that spoke and whose horizon has passed, with `went_up` (1 or 0).

    A close that did not move is left out, as in the definition of `probability_up`.
    """
    spoke = predictions.filter(pl.col("probability_up").is_not_null())
    closes = candles.filter(pl.col("revision") == 0).select(
        *_WINDOW, judged_at_ms="window_start_ms", later_close=pl.col("close").cast(pl.Float64)
    )
    horizon_ms = pl.col("horizon_bars") * pl.col("interval_s") * MS_PER_SECOND
    return (
        spoke.with_columns(judged_at_ms=pl.col("window_start_ms") + horizon_ms)
        .join(closes, on=[*_WINDOW, "judged_at_ms"], how="inner")
        .with_columns(move=pl.col("later_close") - pl.col("mark_close").cast(pl.Float64))
        .filter(pl.col("move") != 0)
        .with_columns(went_up=(pl.col("move") > 0).cast(pl.Int64))
        .sort("window_start_ms", "pair")
    )


def accuracy_of(judged: pl.DataFrame) -> Accuracy:
    """Return the accuracy of `judged_predictions`."""
    sided = judged.filter(pl.col("direction") != 0)
    if sided.is_empty():
        return Accuracy(0, None, None, None)
    up_share = float(sided["went_up"].mean())  # type: ignore[arg-type]
    right = ((sided["direction"] > 0).cast(pl.Int64) == sided["went_up"]).mean()
    brier = ((sided["probability_up"] - sided["went_up"]) ** 2).mean()
    return Accuracy(sided.height, float(right), max(up_share, 1 - up_share), float(brier))  # type: ignore[arg-type]


def calibration(judged: pl.DataFrame, bins: int = _BINS) -> pl.DataFrame:
    """Return, per bin of `probability_up`, how often the price did rise.

    Returns
    -------
    polars.DataFrame
        `low`, `high`, `count`, `predicted` (mean probability) and `realised` (share that rose); empty bins left out.
    """
    number = (pl.col("probability_up") * bins).floor().clip(0, bins - 1).cast(pl.Int64)
    return (
        judged.group_by(number.alias("bin"))
        .agg(count=pl.len(), predicted=pl.col("probability_up").mean(), realised=pl.col("went_up").mean())
        .sort("bin")
        .select(pl.col("bin") / bins, "count", "predicted", "realised")
        .rename({"bin": "low"})
        .with_columns(high=pl.col("low") + 1 / bins)
    )
