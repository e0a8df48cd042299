"""Boosted trees on the last bar."""

from __future__ import annotations

from modeling.kind import ModelKind
from modeling.kinds.lightgbm.openmp import OPENMP
from modeling.kinds.lightgbm.search_space import SEARCH_SPACE

KIND = ModelKind(
    "lightgbm",
    sequence_length=1,
    module=f"{__name__}.fit",
    system_library=OPENMP,
    library="LightGBM",
    taken_by="demo",
    hyperparameters=SEARCH_SPACE,
)
