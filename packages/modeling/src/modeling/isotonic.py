"""Isotonic calibration: any shape that never falls, where there are samples enough to see one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from scipy.optimize import isotonic_regression

Floats = NDArray[np.float64]


#: Of which an end of the shape is the mean, at least.
END_SAMPLES = 50


def _ends(ordered: Floats) -> tuple[float, float]:
    """Return how often it was so among the least and the most that the model said."""
    count = min(max(END_SAMPLES, len(ordered) // 100), max(len(ordered) // 2, 1))
    return (ordered[:count].sum() + 1) / (count + 2), (ordered[-count:].sum() + 1) / (count + 2)


@dataclass(frozen=True, slots=True)
class Isotonic:
    """A probability by straight lines between points; beyond them that of the nearest one.

    Parameters
    ----------
    said, came
        Of the points, what the model says, ascending, and how often it was so, never falling.

    References
    ----------
    Zadrozny and Elkan, Transforming Classifier Scores into Accurate Multiclass Probability Estimates (2002).
    """

    said: tuple[float, ...]
    came: tuple[float, ...]

    @classmethod
    def fit(cls, y: Floats, probabilities: Floats) -> Isotonic | None:
        """Return the isotonic regression of outcomes on forecasts, as scikit-learn has it; None where it is flat.

        At its ends a handful of samples that happened to go one way would be called certain, and whatever a later
        model says more boldly with them: so it goes no farther than the lowest and the highest hundredth, at least
        `END_SAMPLES`, went together, with one more sample of either side.

        Returns
        -------
        Isotonic | None
            The same points for the same samples.
        """
        lowest, highest = _ends(y[np.argsort(probabilities, kind="stable")])
        if highest <= lowest:
            return None
        said, place, counts = np.unique(probabilities, return_inverse=True, return_counts=True)
        rates = np.bincount(place, weights=y) / counts
        came = np.clip(isotonic_regression(rates, weights=counts).x, lowest, highest)
        if came[-1] <= came[0]:
            return None
        steps = np.diff(came) != 0  # of a level part the points at its ends say all
        needed = np.concatenate([[True], steps[1:] | steps[:-1], [True]])
        return cls(tuple(said[needed].tolist()), tuple(came[needed].tolist()))

    @property
    def params(self) -> dict[str, str | int | float]:
        """What is recorded of it."""
        return {"calibration": "isotonic", "calibration_points": len(self.said)}

    def apply(self, probabilities: Floats) -> Floats:
        """Return calibrated probabilities.

        Returns
        -------
        Floats
            NaN where there was none.
        """
        calibrated: Floats = np.interp(probabilities, self.said, self.came)
        return calibrated

    def insert(self, graph: onnx.GraphProto, sigmoid: onnx.NodeProto) -> None:
        """Stand behind the sigmoid of a graph, in double precision.

        Each line is a share of the way from its first point to its second, from 0 to 1, times what it rises.
        """
        raw, place = sigmoid.output[0], list(graph.node).index(sigmoid) + 1
        for node in graph.node:
            node.input[:] = ["isotonic" if name == raw else name for name in node.input]
        said, came = np.array(self.said), np.array(self.came)
        constants = {
            "isotonic_from": said[:-1],
            "isotonic_width": np.diff(said),
            "isotonic_none": np.array(0.0),
            "isotonic_all": np.array(1.0),
            "isotonic_rise": np.diff(came)[:, None],
            "isotonic_first": came[:1],
        }
        steps = (
            ("Sub", ["isotonic_said", "isotonic_from"], "isotonic_beyond"),
            ("Div", ["isotonic_beyond", "isotonic_width"], "isotonic_way"),
            ("Clip", ["isotonic_way", "isotonic_none", "isotonic_all"], "isotonic_share"),
            ("MatMul", ["isotonic_share", "isotonic_rise"], "isotonic_risen"),
            ("Add", ["isotonic_risen", "isotonic_first"], "isotonic_came"),
        )
        nodes = [
            helper.make_node("Cast", [raw], ["isotonic_said"], to=TensorProto.DOUBLE),
            *(helper.make_node(operator, taken, [given]) for operator, taken, given in steps),
            helper.make_node("Cast", ["isotonic_came"], ["isotonic"], to=TensorProto.FLOAT),
        ]
        for offset, node in enumerate(nodes):
            graph.node.insert(place + offset, node)
        graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
