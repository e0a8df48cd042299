"""Several nets that speak with one voice: one version, one graph."""

from __future__ import annotations

from modeling.hyperparameter import Hyperparameter
from modeling.kind import ModelKind
from modeling.kinds.lstm import KIND as LSTM
from modeling.kinds.transformer import KIND as TRANSFORMER

#: Names of its hyperparameters.
LSTM_WEIGHT, INNER_FOLDS = "lstm_weight", "inner_folds"

#: In this order; the first has the weight of the hyperparameter, the second the rest.
MEMBERS = (LSTM, TRANSFORMER)

KIND = ModelKind(
    "ensemble",
    sequence_length=60,
    module=f"{__name__}.fit",
    extra="torch",
    library="PyTorch",
    hyperparameters={
        LSTM_WEIGHT: Hyperparameter(0.6, 0.0, 1.0),
        # Without any the weight is as told; with some it is learned, and what is told does not matter.
        INNER_FOLDS: Hyperparameter(0, 0, 5, searched=False),
    },
    learns=f"{__name__}.weights",
)
