"""LSTM on sequences of bars."""

from __future__ import annotations

from modeling.hyperparameter import Hyperparameter
from modeling.kind import ModelKind
from modeling.kinds.lstm.optimiser_space import OPTIMISER_SPACE

KIND = ModelKind(
    "lstm",
    sequence_length=60,
    module=f"{__name__}.fit",
    extra="torch",
    library="PyTorch",
    hyperparameters={"hidden": Hyperparameter(32, 8, 128, log=True), **OPTIMISER_SPACE},
)
