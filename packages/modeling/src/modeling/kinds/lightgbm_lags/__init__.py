"""Boosted trees on the last bars, so that an effect of a bar some time ago can be seen."""

from __future__ import annotations

from modeling.kind import ModelKind
from modeling.kinds.lightgbm.openmp import OPENMP
from modeling.kinds.lightgbm.search_space import SEARCH_SPACE

KIND = ModelKind(
    "lightgbm_lags",
    sequence_length=6,
    module="modeling.kinds.lightgbm.fit",
    system_library=OPENMP,
    library="LightGBM",
    hyperparameters=SEARCH_SPACE,
)
