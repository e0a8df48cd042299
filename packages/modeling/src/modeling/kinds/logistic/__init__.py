"""Logistic regression on the last bar: what every other model must beat."""

from __future__ import annotations

from modeling.kind import ModelKind

KIND = ModelKind("logistic", sequence_length=1, module=f"{__name__}.fit", taken_by="training", bar=True)
