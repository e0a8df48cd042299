"""A tree in single precision takes the branch that it takes in double."""

from __future__ import annotations

import numpy as np
import pytest

from modeling.kinds.lightgbm.graph import _not_above


@pytest.mark.parametrize("threshold", [0.1, -0.1, 1 / 3, 1e-35, -7.3e-5, 0.5, 123456.789])
def test_a_threshold_is_rounded_down(threshold: float) -> None:
    rounded = np.float32(_not_above(threshold))
    assert float(rounded) <= threshold < float(np.nextafter(rounded, np.float32(np.inf)))
