"""Attention of the last bar to the bars before it."""

from __future__ import annotations

from modeling.hyperparameter import Hyperparameter
from modeling.kind import ModelKind
from modeling.kinds.lstm.optimiser_space import OPTIMISER_SPACE

KIND = ModelKind(
    "transformer",
    sequence_length=60,
    module=f"{__name__}.fit",
    extra="torch",
    library="PyTorch",
    hyperparameters={
        "heads": Hyperparameter(4, 1, 8, log=True),
        "head_width": Hyperparameter(8, 4, 16, log=True),
        **OPTIMISER_SPACE,
    },
)
