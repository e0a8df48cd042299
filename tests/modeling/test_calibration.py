"""Calibration brings back what is off, leaves alone what is not, and stands inside the graph."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper

from modeling.calibration import Calibrator, calibrated, fit_calibrator
from modeling.kind import Fitted
from modeling.metrics import brier
from modeling.onnx_graph import INPUT, head_nodes, model_bytes
from modeling.onnx_model import OnnxModel


def _market(count: int, boldness: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Windows, outcomes, forecasts whose logits are `boldness` times the truth's, and the truth."""
    random = np.random.default_rng(2)
    logits = random.normal(0, 0.6, count)
    truth = 1 / (1 + np.exp(-logits))
    y = (random.random(count) < truth).astype(float)
    return np.arange(count, dtype=np.int64), y, 1 / (1 + np.exp(-boldness * logits)), truth


def _expected_calibration_error(y: np.ndarray, p: np.ndarray) -> float:
    place = np.minimum((p * 20).astype(int), 19)
    return sum(abs(float((y - p)[place == each].sum())) for each in range(20)) / len(y)


@pytest.mark.parametrize("boldness", [2.0, 0.5])
def test_logits_that_are_off_are_brought_back(boldness: float) -> None:
    found = fit_calibrator(*_market(6_000, boldness)[:3], 1)
    assert found is not None and found.slope == pytest.approx(1 / boldness, rel=0.15)
    times, y, said, truth = _market(50_000, boldness)
    after = found.apply(said)
    assert _expected_calibration_error(y, after) <= 0.02 < _expected_calibration_error(y, said)
    assert brier(y, after) <= 1.01 * brier(y, truth)
    assert times[-1] == 49_999


def test_what_is_not_off_stays() -> None:
    assert fit_calibrator(*_market(6_000, 1.0)[:3], 1) is None


def test_noise_is_not_calibrated() -> None:
    random = np.random.default_rng(3)
    times = np.arange(2_000, dtype=np.int64)
    y = random.integers(0, 2, 2_000).astype(float)
    assert fit_calibrator(times, y, np.full(2_000, 0.51), 5) is None
    assert fit_calibrator(times[:50], y[:50], random.random(50), 5) is None


def test_it_stands_inside_the_graph() -> None:
    nodes, constants = head_nodes(INPUT, np.array([[1.0]], dtype=np.float32), np.zeros(1, dtype=np.float32))
    nodes[0].input[0] = "row"
    graph = [helper.make_node("Reshape", [INPUT, "row_shape"], ["row"]), *nodes]
    constants["row_shape"] = np.array([-1, 1], dtype=np.int64)

    def native(x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-x[:, -1, 0].astype(np.float64)))

    plain = Fitted(model_bytes(graph, constants, 1, 1), native, {})
    assert calibrated(plain, None) is plain
    fitted = calibrated(plain, Calibrator(0.5, 0.1))
    x = np.linspace(-4, 4, 50, dtype=np.float32).reshape(-1, 1, 1)
    wanted = 1 / (1 + np.exp(-(0.5 * x[:, 0, 0].astype(float) + 0.1)))
    assert OnnxModel(fitted.onnx).predict_many(x) == pytest.approx(wanted, abs=1e-6)
    assert fitted.native(x) == pytest.approx(wanted, abs=1e-6)
    assert fitted.params == {"calibration_slope": 0.5, "calibration_intercept": 0.1}
    assert calibrated(plain, Calibrator(0.5, 0.1)).onnx == fitted.onnx
