"""Calibration: when a recipe's probabilities are too bold or too timid, its logits are scaled and shifted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from modeling.judging.evidence import evidence, per_window
from modeling.kind import Fitted
from modeling.metrics import log_losses, log_odds

Floats = NDArray[np.float64]

#: Twice the gain in log likelihood that two numbers reach by luck in one case of a hundred (chi-square, 2).
LEAST_GAIN = 9.21
#: Of Newton's method; it has arrived long before.
_STEPS = 25


@dataclass(frozen=True, slots=True)
class Calibrator:
    """``logit' = slope * logit + intercept``.

    References
    ----------
    Platt, Probabilistic Outputs for Support Vector Machines (1999).
    """

    slope: float
    intercept: float

    def apply(self, probabilities: Floats) -> Floats:
        """Return calibrated probabilities.

        Returns
        -------
        Floats
            NaN where there was none.
        """
        calibrated: Floats = 1 / (1 + np.exp(-(self.slope * log_odds(probabilities) + self.intercept)))
        return calibrated


def fit_calibrator(
    times_ms: NDArray[np.int64], y: Floats, probabilities: Floats, horizon_bars: int
) -> Calibrator | None:
    """Return what brings forecasts out of sample to what happened; None unless they are surely off.

    Two numbers fitted to little say more of chance than of the recipe: a recipe of noise stays as it is.

    Parameters
    ----------
    times_ms, y, probabilities
        Window, outcome and forecast of each sample; none of them may have shaped who forecast it.
    horizon_bars
        How far labels overlap.

    Returns
    -------
    Calibrator | None
        The most likely one.
    """
    logits = log_odds(probabilities)
    if len(y) < 100 or np.ptp(logits) < 1e-9:
        return None
    inputs = np.column_stack([logits, np.ones(len(logits))])
    weights = np.array([1.0, 0.0])
    for _ in range(_STEPS):
        said = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        gradient = inputs.T @ (said - y)
        curvature = (inputs * (said * (1 - said))[:, None]).T @ inputs + 1e-9 * np.eye(2)
        weights = weights - np.linalg.solve(curvature, gradient)
    found = Calibrator(float(weights[0]), float(weights[1]))
    gains = per_window(times_ms, log_losses(y, probabilities) - log_losses(y, found.apply(probabilities)))
    surely = evidence(gains, horizon_bars)
    return found if found.slope > 0 and 2 * surely.effective_samples * surely.mean > LEAST_GAIN else None


def calibrated(fitted: Fitted, calibrator: Calibrator | None) -> Fitted:
    """Return `fitted` with the calibrator inside its graph, between the tensor ``logit`` and its sigmoid.

    Returns
    -------
    Fitted
        The same if there is nothing to calibrate, or its graph has no such tensor.
    """
    if calibrator is None:
        return fitted
    model = onnx.load_from_string(fitted.onnx)
    sigmoids = [node for node in model.graph.node if node.op_type == "Sigmoid" and list(node.input) == ["logit"]]
    if len(sigmoids) != 1:
        return fitted
    place = list(model.graph.node).index(sigmoids[0])
    sigmoids[0].input[0] = "calibrated_logit"
    for offset, (operator, source, constant, value, target) in enumerate(
        (
            ("Mul", "logit", "slope", calibrator.slope, "scaled_logit"),
            ("Add", "scaled_logit", "intercept", calibrator.intercept, "calibrated_logit"),
        )
    ):
        model.graph.node.insert(place + offset, helper.make_node(operator, [source, constant], [target]))
        model.graph.initializer.append(numpy_helper.from_array(np.array(value, dtype=np.float32), constant))
    onnx.checker.check_model(model, full_check=True)
    params = {**fitted.params, "calibration_slope": calibrator.slope, "calibration_intercept": calibrator.intercept}

    def native(x: NDArray[np.float32]) -> Floats:
        return calibrator.apply(fitted.native(x))

    return Fitted(bytes(model.SerializeToString(deterministic=True)), native, params, fitted.learned)
