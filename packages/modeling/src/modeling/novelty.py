"""How far a row is from what a model was trained on: a second output of its graph, whatever its kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from threadpoolctl import threadpool_limits

from modeling.dataset import Samples
from modeling.facts import NOVELTY_DIGITS
from modeling.kind import Fitted, Scaling
from modeling.onnx_interface import NOVELTY

Floats = NDArray[np.float64]

#: Centres at most, and how many training rows each stands for at least.
CENTRES, ROWS_OF_CENTRE = 64, 16
#: Rows that centres are looked for in; more of them find the same ones, later.
_MOST_ROWS = 8_192
#: Of the search; more change nothing that counts.
_ROUNDS = 15
#: Deviations beyond which an input is no farther: its square must stay a number.
_REACH = 1e4
#: A row is unfamiliar if it is twice as far as all but one in a thousand of the training rows.
QUANTILE, MARGIN = 0.999, 2.0


@dataclass(frozen=True, slots=True)
class Novelty:
    """Distance of a sequence to training rows: ``min over centres |z - centre| / unit``, the greatest of its bars.

    ``z`` are the standardised inputs of a bar. It is the dissimilarity index with centres (k-means) in place of all
    training rows, so that it fits in the graph and costs microseconds. 1 is the mean of the training rows.

    Parameters
    ----------
    scaling
        Of the training rows.
    centres
        Shape (centres, inputs), standardised.
    unit
        Mean distance of training rows to their nearest centre.

    References
    ----------
    Meyer and Pebesma, Predicting into unknown space? (2021); FreqAI calls it DI.
    """

    scaling: Scaling
    centres: Floats
    unit: float

    @classmethod
    def of(cls, samples: Samples) -> Novelty:
        """Return that of the rows at which training samples end.

        Returns
        -------
        Novelty
            The same bytes for the same rows.
        """
        scaling = Scaling.of(samples.last())
        rows = _standard(scaling, samples.last())
        some = rows[:: 1 + len(rows) // _MOST_ROWS]
        count = max(1, min(CENTRES, len(np.unique(some, axis=0)) // ROWS_OF_CENTRE))
        with threadpool_limits(limits=1):  # the order of sums depends on the number of threads
            centres = _centres(some, count)
            mean = float(_nearest(rows, centres).mean())
        return cls(scaling, centres, mean if mean > 1e-9 else 1.0)

    def distances(self, x: NDArray[np.float32]) -> Floats:
        """Return how far sequences of shape (samples, bars, inputs) are.

        Returns
        -------
        Floats
            Shape (samples,); what the graph says.
        """
        farthest: Floats = _nearest(_standard(self.scaling, x), self.centres).max(axis=1)
        return farthest / self.unit

    def threshold(self, samples: Samples) -> float:
        """Return what is unfamiliar when above it, by the quantile of the training samples.

        Returns
        -------
        float
            Rounded as served distances are.
        """
        of_bar = _nearest(_standard(self.scaling, samples.bars), self.centres) / self.unit
        offsets = np.arange(1 - samples.length, 1)
        seen = of_bar[samples.ends[:, None] + offsets].max(axis=1)
        return round(MARGIN * float(np.quantile(seen, QUANTILE)), NOVELTY_DIGITS)


def _centres(rows: Floats, count: int) -> Floats:
    """Return the means of `count` groups of rows that are near to one another.

    Lloyd's algorithm from rows at equal distances in time; by hand, because serving's package must not train with a
    library and this says all of it. A group that nobody is nearest to keeps its place.
    """
    centres = rows[np.linspace(0, len(rows) - 1, count).astype(np.int64)].copy()
    for _ in range(_ROUNDS):
        nearest = _squares(rows, centres).argmin(axis=1)
        sizes = np.bincount(nearest, minlength=count)
        for column in range(rows.shape[1]):
            sums = np.bincount(nearest, weights=rows[:, column], minlength=count)
            centres[sizes > 0, column] = sums[sizes > 0] / sizes[sizes > 0]
    return centres


def with_novelty(fitted: Fitted, novelty: Novelty) -> Fitted:
    """Return `fitted` with a second output ``novelty`` beside what it says.

    Returns
    -------
    Fitted
        It says the same probabilities.
    """
    model = onnx.load_from_string(fitted.onnx)
    graph = model.graph
    for name, value in _constants(novelty).items():
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), f"novelty_{name}"))
    graph.node.extend(_nodes(graph.input[0].name))
    graph.output.append(helper.make_tensor_value_info(NOVELTY, TensorProto.FLOAT, ["samples"]))
    onnx.checker.check_model(model, full_check=True)
    params = {**fitted.params, "novelty_centres": len(novelty.centres)}
    return Fitted(bytes(model.SerializeToString(deterministic=True)), fitted.native, params, fitted.learned)


def _constants(novelty: Novelty) -> dict[str, Floats]:
    """Return what the nodes need, in double precision: a distance is a small difference of large squares."""
    return {
        "mean": novelty.scaling.mean.astype(np.float64),
        "deviation": novelty.scaling.deviation.astype(np.float64),
        "lowest": np.array(-_REACH),
        "highest": np.array(_REACH),
        "toward": -2 * novelty.centres.T,
        "squares": np.sum(novelty.centres**2, axis=1),
        "unit": np.array(novelty.unit),
    }


def _nodes(source: str) -> list[onnx.NodeProto]:
    """Return nodes from the model's input, shape (samples, bars, inputs), to the output."""
    steps: tuple[tuple[str, tuple[str, ...], str, dict[str, Any]], ...] = (
        ("Cast", (source,), "x", {"to": TensorProto.DOUBLE}),
        ("Sub", ("x", "mean"), "centred", {}),
        ("Div", ("centred", "deviation"), "scaled", {}),
        ("Clip", ("scaled", "lowest", "highest"), "z", {}),
        ("ReduceSumSquare", ("z",), "length", {"axes": [2], "keepdims": 1}),
        ("MatMul", ("z", "toward"), "product", {}),
        ("Add", ("product", "squares"), "partly", {}),
        ("Add", ("partly", "length"), "every", {}),
        ("ReduceMin", ("every",), "nearest", {"axes": [2], "keepdims": 0}),
        ("ReduceMax", ("nearest",), "farthest", {"axes": [1], "keepdims": 0}),
        ("Relu", ("farthest",), "square", {}),
        ("Sqrt", ("square",), "distance", {}),
        ("Div", ("distance", "unit"), "units", {}),
    )
    nodes = [
        helper.make_node(
            operator,
            [each if each == source else f"novelty_{each}" for each in taken],
            [f"novelty_{given}"],
            **attributes,
        )
        for operator, taken, given, attributes in steps
    ]
    return [*nodes, helper.make_node("Cast", ["novelty_units"], [NOVELTY], to=TensorProto.FLOAT)]


def _standard(scaling: Scaling, x: NDArray[np.float32]) -> Floats:
    deviations = (x.astype(np.float64) - scaling.mean) / scaling.deviation
    standard: Floats = np.clip(deviations, -_REACH, _REACH)
    return standard


def _nearest(z: Floats, centres: Floats) -> Floats:
    nearest: Floats = np.sqrt(np.maximum(_squares(z, centres).min(axis=-1), 0.0))
    return nearest


def _squares(z: Floats, centres: Floats) -> Floats:
    squares: Floats = np.sum(z**2, axis=-1, keepdims=True) - 2 * z @ centres.T + np.sum(centres**2, axis=1)
    return squares
