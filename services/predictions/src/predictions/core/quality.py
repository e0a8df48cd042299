"""How a version does on a pair, counted over windows of predictions: a fold, with the counts in the pair's state."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.feature_row import FeatureRow
from contracts.model_quality import DriftAlarm, ModelQuality, ModelRole
from contracts.prediction import AnyPrediction
from contracts.state import State
from modeling.labels import LabelRule
from modeling.sequence import Run
from predictions.core.outcomes import Outcome, await_outcome, outcomes
from predictions.core.shift import Seen, counted, shift

#: Predictions of a window: judged, or unlike the training data.
WINDOW = 200
#: Standard errors by which losses of two windows may be above what the probabilities led to expect. If those are
#: right, a normal variable is beyond that once in 31,574 windows.
SURPRISE = 4.0
#: Share of a window that may be unlike the training data, of which not one row in a thousand is.
UNFAMILIAR = 0.05
#: Upper ends of the bins of confidence, by the name they have in the message; the last one is open.
BINS: Mapping[str, float] = {"below_52": 0.52, "to_55": 0.55, "to_60": 0.6, "above_60": math.inf}

_COUNTS = "quality"
_DIGITS = 6
_EDGE = 1e-6

Counts = dict[str, Any]


def watch(
    state: State,
    row: FeatureRow,
    predictions: Sequence[AnyPrediction],
    foresees: LabelRule | None,
    before: Run,
    role: ModelRole = "champion",
    seen: Seen | None = None,
) -> list[ModelQuality]:
    """Take a row and what was said of it; return what is to be told once a window is full.

    Parameters
    ----------
    state
        Of the row's pair; changed in place.
    row
        One that was not there before: it judges what waits for it, its horizon or its barriers.
    predictions
        Of the row. Another version than before begins a window of its own.
    foresees
        What the version that speaks foresees; of one of which that is not known, only what is unlike the training
        data is counted.
    before
        The run of bars before the row.
    role
        Of the version that speaks.
    seen
        What it saw of the row and said; None where it could see nothing, or does not know how it was in training.
    """
    came = outcomes(state, row, before)
    if not predictions:
        return []
    spoke = predictions[-1]
    kept: Counts | None = state.get(_COUNTS)
    counts = kept if kept is not None and kept["version"] == spoke.model_version else _none(spoke)
    for each in came:
        if each.version == spoke.model_version:
            _count(counts, each, spoke.horizon_bars)
    if spoke.reason == "unfamiliar":
        counts["unfamiliar"] += 1
    if seen is not None:
        counts["seen"] = counted(counts.get("seen"), seen)
    if foresees is not None:
        await_outcome(state, row, spoke, foresees, before)
    full = counts["judged"] + counts["unfamiliar"] >= WINDOW
    state.set(_COUNTS, _next(spoke, row.window_end_ms, counts) if full else counts)
    return [_quality(spoke, counts, row.window_end_ms, role, seen)] if full else []


def _next(spoke: AnyPrediction, from_ms: int, counts: Counts) -> Counts:
    above = counts["loss"] - counts["expected_loss"]
    known = {"seen_before": counts["seen"]} if "seen" in counts else {}
    return _none(spoke) | {"from_ms": from_ms, "before": [above, counts["variance"]], **known}


def _none(spoke: AnyPrediction) -> Counts:
    return {
        "version": spoke.model_version,
        "from_ms": spoke.window_start_ms,
        "before": [0.0, 0.0],
        "judged": 0,
        "unfamiliar": 0,
        "hits": 0,
        "confidence": 0.0,
        "loss": 0.0,
        "expected_loss": 0.0,
        "variance": 0.0,
        "bins": [[0, 0, 0.0] for _ in BINS],
    }


def _count(counts: Counts, came: Outcome, horizon_bars: int) -> None:
    """Add an outcome; the variance is of a loss whose probability is right, `horizon_bars` of which overlap."""
    up = min(max(came.probability_up, _EDGE), 1 - _EDGE)
    confidence, hit = max(up, 1 - up), int((up > 0.5) == came.up)
    counts["judged"] += 1
    counts["hits"] += hit
    counts["confidence"] += confidence
    counts["loss"] -= math.log(up if came.up else 1 - up)
    counts["expected_loss"] -= up * math.log(up) + (1 - up) * math.log(1 - up)
    counts["variance"] += horizon_bars * up * (1 - up) * math.log(up / (1 - up)) ** 2
    of_bin = counts["bins"][next(place for place, upper in enumerate(BINS.values()) if confidence < upper)]
    of_bin[0] += 1
    of_bin[1] += hit
    of_bin[2] += confidence


def _quality(spoke: AnyPrediction, counts: Counts, to_ms: int, role: ModelRole, seen: Seen | None) -> ModelQuality:
    judged, unfamiliar = counts["judged"], counts["unfamiliar"]
    share = unfamiliar / (judged + unfamiliar)
    surprise = _surprise(counts)
    alarm: DriftAlarm | None = None
    if share > UNFAMILIAR:
        alarm = "unfamiliar"
    if surprise is not None and surprise > SURPRISE:
        alarm = "loss"
    return ModelQuality(
        model_name=spoke.model_name,
        model_version=spoke.model_version,
        exchange=spoke.exchange,
        pair=spoke.pair,
        interval_s=spoke.interval_s,
        from_ms=counts["from_ms"],
        to_ms=to_ms,
        predictions=judged + unfamiliar,
        judged=judged,
        unfamiliar_share=round(share, _DIGITS),
        surprise=surprise,
        alarm=alarm,
        role=role,
        **(_means(counts) if judged else {}),
        **_shift(counts, seen),
    )


def _shift(counts: Counts, seen: Seen | None) -> dict[str, Any]:
    """Return how far this window and the one before it are from the training data; nothing before there are two."""
    before, now = counts.get("seen_before"), counts.get("seen")
    return {} if seen is None or before is None or now is None else shift(seen.spreads, before, now, WINDOW)


def _surprise(counts: Counts) -> float | None:
    """Return by how many standard errors losses of this window and the one before are too high.

    None where the probabilities promised nothing: losses of a coin cannot disappoint.
    """
    above_before, variance_before = counts["before"]
    variance = variance_before + counts["variance"]
    if variance <= 0:
        return None
    above: float = above_before + counts["loss"] - counts["expected_loss"]
    return round(above / math.sqrt(variance), _DIGITS)


def _means(counts: Counts) -> dict[str, Any]:
    judged = counts["judged"]
    found: dict[str, float] = {
        "log_loss": counts["loss"] / judged,
        "loss_to_coin": counts["loss"] / judged - math.log(2),
        "hit_rate": counts["hits"] / judged,
        "expected_hit_rate": counts["confidence"] / judged,
        "calibration_error": sum(abs(hits - said) for _, hits, said in counts["bins"]) / judged,
    }
    by_bin = list(zip(BINS, counts["bins"], strict=True))
    rates = {f"hit_rate_{name}": hits / count for name, (count, hits, _) in by_bin if count}
    sizes = {f"judged_{name}": count for name, (count, _, _) in by_bin}
    return {**{name: round(value, _DIGITS) for name, value in (found | rates).items()}, **sizes}
