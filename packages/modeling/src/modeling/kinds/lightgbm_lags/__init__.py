"""Boosted trees on the last bars, so that an effect of a bar some time ago can be seen."""

from __future__ import annotations

from modeling.kind import ModelKind
from modeling.kinds.lightgbm.openmp import OPENMP

KIND = ModelKind(
    "lightgbm_lags",
    sequence_length=6,
    module="modeling.kinds.lightgbm.fit",
    system_library=OPENMP,
    library="LightGBM",
)
