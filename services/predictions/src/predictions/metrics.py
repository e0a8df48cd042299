"""Prometheus metrics of the model that is served, and of what it says."""

from __future__ import annotations

from typing import get_args

from prometheus_client import Counter, Gauge

from contracts.model_quality import DriftAlarm, ModelQuality

MODEL_VERSION = Gauge("tradestream_model_version", "Version number that this process serves", ["model"])
MODEL_TRAINED_TO = Gauge(
    "tradestream_model_trained_to_timestamp_seconds", "Event time at which its training data ends", ["model"]
)
PREDICTIONS = Counter("tradestream_predictions_total", "Predictions published", ["model", "reason"])
PROMOTED_REFUSED = Gauge(
    "tradestream_model_refused", "1 while what is promoted cannot be served and the one before it goes on", ["model"]
)
CHALLENGER_VERSION = Gauge(
    "tradestream_model_challenger_version", "Version number that speaks in shadow, 0 for none", ["model"]
)
SHADOW_FAILURES = Counter(
    "tradestream_shadow_failures_total",
    "Times that a challenger could not be loaded, or said nothing of a row",
    ["model"],
)

_OF = ["model", "pair"]
LOSS_TO_COIN = Gauge("tradestream_model_loss_to_coin", "Log loss of its last window, less a coin's", _OF)
HIT_RATE = Gauge("tradestream_model_hit_ratio", "Share of its last window whose likelier side happened", _OF)
EXPECTED_HIT_RATE = Gauge("tradestream_model_expected_hit_ratio", "The same as its confidence led to expect", _OF)
CALIBRATION_ERROR = Gauge("tradestream_model_calibration_error_ratio", "Distance of hit rate from confidence", _OF)
UNFAMILIAR = Gauge("tradestream_model_unfamiliar_ratio", "Share of its last window unlike its training data", _OF)
PSI_EXCESS = Gauge(
    "tradestream_model_psi_excess_ratio",
    "Greatest stability index of an input over its limit",
    _OF,
)
DRIFT = Gauge("tradestream_model_drift", "1 while its last window is an alarm, by what says so", [*_OF, "alarm"])


def tell_quality(quality: ModelQuality) -> None:
    """Set the metrics that say how a model did in its last window."""
    of = {"model": quality.model_name, "pair": quality.pair}
    UNFAMILIAR.labels(**of).set(quality.unfamiliar_share)
    for gauge, value in (
        (LOSS_TO_COIN, quality.loss_to_coin),
        (HIT_RATE, quality.hit_rate),
        (EXPECTED_HIT_RATE, quality.expected_hit_rate),
        (CALIBRATION_ERROR, quality.calibration_error),
        (PSI_EXCESS, quality.psi_excess),
    ):
        if value is not None:
            gauge.labels(**of).set(value)
    for alarm in get_args(DriftAlarm):
        DRIFT.labels(**of, alarm=alarm).set(int(quality.alarm == alarm))
