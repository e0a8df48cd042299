"""Predicted against realised: what the model said, and what the market then did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from contracts.units import MS_PER_SECOND
from modeling.labels import RISE, LabelRule
from modeling.triple_barrier import PairBars

_BINS = 10
_WINDOW = ["exchange", "pair", "interval_s"]
_SPEAKER = ["model_version", "horizon_bars"]


@dataclass(frozen=True)
class Accuracy:
    """How often the predicted side came true.

    Parameters
    ----------
    judged
        Predictions of which one of the two things came that the model tells apart.
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


def labels_of(summary: Mapping[str, Any]) -> dict[int, LabelRule] | None:
    """Return what each version foresaw, as a run's summary has it.

    Returns
    -------
    dict[int, LabelRule] | None
        None of a run from before labels were kept.
    """
    labels = summary.get("labels")
    return None if labels is None else {int(version): LabelRule(**rule) for version, rule in labels.items()}


def judged_predictions(
    predictions: pl.DataFrame, candles: pl.DataFrame, labels: Mapping[int, LabelRule] | None = None
) -> pl.DataFrame:
    """Return the predictions that spoke and of which it is known what came, with `went_up` (1 or 0).

    One of which neither of the two things happened that its model tells apart is left out, as in the definition of
    `probability_up`: a close that did not move, a move that costs would have taken, no barrier reached.

    Parameters
    ----------
    predictions, candles
        Tables of a run; candles as they were first told judge.
    labels
        By version, what it foresees; what another one said is not judged. None: rises, all of them.
    """
    spoke = predictions.filter(pl.col("probability_up").is_not_null()).with_row_index("row")
    told = candles.filter(pl.col("revision") == 0).sort("window_start_ms").partition_by(_WINDOW, as_dict=True)
    bars = {place: _pair_bars(rows) for place, rows in told.items()}
    found: list[tuple[int, bool]] = []
    for (*place, version, horizon), rows in spoke.partition_by([*_WINDOW, *_SPEAKER], as_dict=True).items():
        rule = RISE if labels is None else labels.get(version)
        if rule is not None and tuple(place) in bars:
            came = rule.outcomes(bars[tuple(place)], horizon)
            at = rows.select("row", "window_start_ms").iter_rows()
            found += [(row, came[start_ms]) for row, start_ms in at if start_ms in came]
    judged = pl.DataFrame(found, schema={"row": pl.UInt32, "up": pl.Boolean}, orient="row")
    return (
        spoke.join(judged, on="row")
        .with_columns(went_up=pl.col("up").cast(pl.Int64))
        .drop("row", "up")
        .sort("window_start_ms", "pair")
    )


def _pair_bars(candles: pl.DataFrame) -> PairBars:
    """Return candles of one pair, in their order, as labels see them."""
    quoted = pl.col("quality") != "gap"
    prices = candles.select(
        pl.when(quoted).then(pl.col(name).cast(pl.Float64)).otherwise(float("nan"))
        for name in ("high", "low", "close")
    )
    interval_ms = int(candles["interval_s"][0]) * MS_PER_SECOND
    highs, lows, closes = (each.to_numpy() for each in prices)
    return PairBars(candles["window_start_ms"].to_numpy(), highs, lows, closes, interval_ms)


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
    """Return, per bin of `probability_up`, how often it did go up: the price rose, or what else the label calls so.

    Returns
    -------
    polars.DataFrame
        `low`, `high`, `count`, `predicted` (mean probability) and `realised` (share that went up); no empty bins.
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
