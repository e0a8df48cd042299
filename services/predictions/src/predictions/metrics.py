"""Prometheus metrics of the model that is served, and of what it says."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

MODEL_VERSION = Gauge("tradestream_model_version", "Version number that this process serves", ["model"])
MODEL_TRAINED_TO = Gauge(
    "tradestream_model_trained_to_timestamp_seconds", "Event time at which its training data ends", ["model"]
)
PREDICTIONS = Counter("tradestream_predictions_total", "Predictions published", ["model", "reason"])
