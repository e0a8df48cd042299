"""LSTM on sequences of bars."""

from __future__ import annotations

from modeling.kind import ModelKind

KIND = ModelKind("lstm", sequence_length=60, module=f"{__name__}.fit", extra="torch", library="PyTorch")
