"""Calibration: probabilities that are too bold or too timid are brought to what happened, inside the graph."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from modeling.isotonic import Isotonic
from modeling.judging.evidence import evidence, long_run_variance, per_window
from modeling.kind import Fitted
from modeling.metrics import log_losses, log_odds
from modeling.onnx_model import OnnxModel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Twice the gain in log likelihood that two numbers reach by luck in one case of a hundred (chi-square, 2).
LEAST_GAIN = 9.21
#: Samples from which on a shape is asked for beside the two numbers, and by how many standard errors it must be
#: better (luck does that in one case of a hundred).
ISOTONIC_SAMPLES: Final = 5_000
LEAST_ERRORS = 2.33
#: Parts of the time, each calibrated by the others, which say whether it is.
_PARTS = 5
#: Of Newton's method; it has arrived long before.
_STEPS = 25


@dataclass(frozen=True, slots=True)
class Platt:
    """``logit' = slope * logit + intercept``.

    References
    ----------
    Platt, Probabilistic Outputs for Support Vector Machines (1999).
    """

    slope: float
    intercept: float

    @classmethod
    def fit(cls, y: Floats, probabilities: Floats) -> Platt:
        """Return the most likely one.

        Returns
        -------
        Platt
            By Newton's method.
        """
        logits = log_odds(probabilities)
        inputs = np.column_stack([logits, np.ones(len(logits))])
        weights = np.array([1.0, 0.0])
        for _ in range(_STEPS):
            said = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
            gradient = inputs.T @ (said - y)
            curvature = (inputs * (said * (1 - said))[:, None]).T @ inputs + 1e-9 * np.eye(2)
            step = np.linalg.solve(curvature, gradient)
            before = _surprise(inputs @ weights, y)
            while _surprise(inputs @ (weights - step), y) > before * (
                1 + 1e-9
            ):  # of very bold logits it goes too far
                step /= 2
            weights = weights - step
        return cls(float(weights[0]), float(weights[1]))

    @property
    def params(self) -> dict[str, str | int | float]:
        """What is recorded of it."""
        return {
            "calibration": "platt",
            "calibration_slope": self.slope,
            "calibration_intercept": self.intercept,
        }

    def apply(self, probabilities: Floats) -> Floats:
        """Return calibrated probabilities.

        Returns
        -------
        Floats
            NaN where there was none.
        """
        logits = self.slope * log_odds(probabilities) + self.intercept
        calibrated: Floats = 1 / (1 + np.exp(-logits))
        return calibrated

    def insert(self, graph: onnx.GraphProto, sigmoid: onnx.NodeProto) -> None:
        """Stand before the sigmoid of a graph."""
        place, raw = list(graph.node).index(sigmoid), sigmoid.input[0]
        sigmoid.input[0] = "calibrated_logit"
        for offset, (operator, source, constant, value, target) in enumerate(
            (
                ("Mul", raw, "slope", self.slope, "scaled_logit"),
                ("Add", "scaled_logit", "intercept", self.intercept, "calibrated_logit"),
            )
        ):
            graph.node.insert(place + offset, helper.make_node(operator, [source, constant], [target]))
            graph.initializer.append(numpy_helper.from_array(np.array(value, dtype=np.float32), constant))


def _surprise(logits: Floats, y: Floats) -> float:
    """Return the sum of the log losses of logits."""
    return float(np.sum(np.logaddexp(0.0, logits) - y * logits))


Calibrator: TypeAlias = Platt | Isotonic


def fit_calibrator(times_ms: Integers, y: Floats, probabilities: Floats, horizon_bars: int) -> Calibrator | None:
    """Return what brings forecasts out of sample to what happened; None unless they are surely off.

    Two numbers fitted to little say more of chance than of the recipe: a recipe of noise stays as it is. A shape has
    many, so it is asked of `ISOTONIC_SAMPLES` only, and taken if it is surely better than the two (or none, if they
    are not needed) on samples that it was not fitted on: of logits that are only too bold two numbers say all.

    Parameters
    ----------
    times_ms, y, probabilities
        Window, outcome and forecast of each sample; none of them may have shaped who forecast it.
    horizon_bars
        How far labels overlap.

    Returns
    -------
    Calibrator | None
        Of the same samples always the same one.
    """
    if len(y) < 100 or np.ptp(log_odds(probabilities)) < 1e-9:
        return None
    two = _surely(times_ms, y, probabilities, horizon_bars)
    if len(y) < ISOTONIC_SAMPLES:
        return two
    of_two, of_shape = _out_of_part(times_ms, y, probabilities, horizon_bars, calibrates=two is not None)
    gains = per_window(times_ms, log_losses(y, of_two) - log_losses(y, of_shape))
    error = np.sqrt(long_run_variance(gains, 2 * horizon_bars) / len(gains))
    shape = Isotonic.fit(y, probabilities) if gains.mean() > LEAST_ERRORS * error else None
    return two if shape is None else shape


def _surely(times_ms: Integers, y: Floats, probabilities: Floats, horizon_bars: int) -> Platt | None:
    found = Platt.fit(y, probabilities)
    gains = per_window(times_ms, log_losses(y, probabilities) - log_losses(y, found.apply(probabilities)))
    surely = evidence(gains, horizon_bars)
    return found if found.slope > 0 and 2 * surely.effective_samples * surely.mean > LEAST_GAIN else None


def _out_of_part(
    times_ms: Integers, y: Floats, probabilities: Floats, horizon_bars: int, *, calibrates: bool
) -> tuple[Floats, Floats]:
    """Return what two numbers and a shape make of each part of the time, fitted on the others.

    The others end two horizons before the part and begin as far behind it: labels overlap.
    """
    windows = np.unique(times_ms, return_inverse=True)[1]
    borders = np.linspace(0, windows.max() + 1, _PARTS + 1).astype(np.int64)
    of_two, of_shape = probabilities.copy(), probabilities.copy()
    for begin, end in pairwise(borders.tolist()):
        part = (windows >= begin) & (windows < end)
        others = (windows < begin - 2 * horizon_bars) | (windows >= end + 2 * horizon_bars)
        if calibrates:
            of_two[part] = Platt.fit(y[others], probabilities[others]).apply(probabilities[part])
        if (shape := Isotonic.fit(y[others], probabilities[others])) is not None:
            of_shape[part] = shape.apply(probabilities[part])
    return of_two, of_shape


def calibrated(fitted: Fitted, calibrator: Calibrator | None) -> Fitted:
    """Return `fitted` with the calibrator inside its graph, at the sigmoid behind the tensor ``logit``.

    Returns
    -------
    Fitted
        The same if there is nothing to calibrate, or its graph has no such tensor. Its native model says what the
        calibrator makes of the graph without it: a shape may be steep, and what was the last digit in another library
        would be a step of it.
    """
    if calibrator is None:
        return fitted
    model = onnx.load_from_string(fitted.onnx)
    sigmoids = [node for node in model.graph.node if node.op_type == "Sigmoid" and list(node.input) == ["logit"]]
    if len(sigmoids) != 1:
        return fitted
    calibrator.insert(model.graph, sigmoids[0])
    onnx.checker.check_model(model, full_check=True)
    params = {**fitted.params, **calibrator.params}
    plain = OnnxModel(fitted.onnx)

    def native(x: NDArray[np.float32]) -> Floats:
        return calibrator.apply(plain.predict_many(x))

    return Fitted(bytes(model.SerializeToString(deterministic=True)), native, params, fitted.learned)
