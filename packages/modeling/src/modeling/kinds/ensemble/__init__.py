"""Several nets that speak with one voice: one version, one graph."""

from __future__ import annotations

from modeling.hyperparameter import Hyperparameter
from modeling.kind import ModelKind
from modeling.kinds.lstm import KIND as LSTM
from modeling.kinds.transformer import KIND as TRANSFORMER

#: In this order; the first has the weight of the hyperparameter, the second the rest.
MEMBERS = (LSTM, TRANSFORMER)

KIND = ModelKind(
    "ensemble",
    sequence_length=60,
    module=f"{__name__}.fit",
    extra="torch",
    library="PyTorch",
    hyperparameters={"lstm_weight": Hyperparameter(0.6, 0.0, 1.0)},
)
