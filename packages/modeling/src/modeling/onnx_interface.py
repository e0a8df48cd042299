"""What an ONNX model takes and gives: the shapes that scikit-learn, LightGBM and networks are exported with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from contracts.errors import BadInputError
from modeling.model_card import OutputKind

_FLOATS = {"tensor(float)": np.float32, "tensor(double)": np.float64}
#: Name of the output that says how far a sequence is from what the model was trained on.
NOVELTY = "novelty"
#: Shapes of what is said of a single sample.
_ONE = ((1,), (1, 1), (1, 2))
#: How far from 0..1 a probability may be by rounding; it is then taken for 0 or 1.
_ROUNDING = 1e-6


class Tensor(NamedTuple):
    """An input or output: its name, ONNX Runtime's name of its type, and its shape; text or None is any number."""

    name: str
    type: str
    shape: tuple[int | str | None, ...]

    def __str__(self) -> str:
        sizes = ", ".join(str(size) if isinstance(size, int) else "any" for size in self.shape)
        return f"{self.name}: {self.type} ({sizes})"


@dataclass(frozen=True, slots=True)
class Interface:
    """The one input and the outputs that are used.

    Attributes
    ----------
    input, output
        Floats of shape (any, width) or (any, bars, width) in; a probability of each sample out.
    novelty
        The output of that name beside it, where there is one.
    """

    input: Tensor
    output: Tensor
    novelty: Tensor | None = None

    @classmethod
    def of(cls, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Interface:
        """Choose the output that is no label.

        Returns
        -------
        Interface
            Of a model that can be served.

        Raises
        ------
        BadInputError
            Naming what was expected and what came.
        """
        if len(inputs) != 1:
            raise BadInputError("ONNX input", "one tensor with all inputs side by side", _listed(inputs))
        source = inputs[0]
        fixed = source.shape[1:]
        if source.type not in _FLOATS or len(fixed) not in (1, 2) or not all(isinstance(each, int) for each in fixed):
            expected = "float or double of shape (any, inputs) or (any, bars, inputs)"
            raise BadInputError("ONNX input", expected, str(source))
        if isinstance(source.shape[0], int):
            expected = "a first dimension of any size (None in initial_types, dynamic_axes or dynamic_shapes)"
            raise BadInputError("ONNX input", expected, str(source))
        said = [each for each in outputs if each.type in _FLOATS or each.type.startswith("seq(map(")]
        novelty = next((each for each in said if each.name == NOVELTY and each.type in _FLOATS), None)
        if len(said) == 1:
            return cls(source, said[0])
        said = [each for each in said if each is not novelty]
        if len(said) != 1:
            expected = f"one output with probabilities, as tensor or as maps, beside at most labels and {NOVELTY!r}"
            raise BadInputError("ONNX output", expected, _listed(outputs))
        return cls(source, said[0], novelty)

    def shaped(self, x: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return sequences of shape (samples, bars, inputs) as the model takes them.

        Returns
        -------
        NDArray[np.floating]
            Of its type; where it takes two dimensions, the bars stand one after another, oldest first.

        Raises
        ------
        BadInputError
            If the shape is another, or a number is NaN or infinite.
        """
        fixed = self.input.shape[1:]
        flat = len(fixed) == 1 and x.ndim == 3
        if x.ndim != 3 or ((x.shape[1] * x.shape[2],) if flat else x.shape[1:]) != fixed:
            sizes = ", ".join(str(size) for size in fixed)
            raise BadInputError("inputs", f"shape (n, {sizes}), which the model takes", x.shape)
        if not np.isfinite(x).all():
            raise BadInputError("inputs", "finite numbers", "NaN or infinity")
        fed = x.reshape(len(x), -1) if flat else x
        return np.ascontiguousarray(fed, dtype=_FLOATS[self.input.type])

    def require_width(self, bars: int, inputs: int) -> None:
        """Refuse a model that takes another number of inputs than its card names.

        Raises
        ------
        BadInputError
            Naming both numbers.
        """
        taken = self.input.shape[1:]
        allowed = {(bars, inputs), (bars * inputs,)}
        if taken not in allowed:
            words = " or ".join(
                f"(any, {', '.join(str(size) for size in shape)})" for shape in sorted(allowed, key=len)
            )
            expected = f"shape {words}, for {bars} bars of the {inputs} inputs that the card names"
            raise BadInputError("ONNX input", expected, str(self.input))


def up(raw: Any, samples: int, output: Tensor, kind: OutputKind) -> NDArray[np.float64]:
    """Return the probability of a rise that a model's output says, of each sample.

    Of two columns or entries of a map, that of the class that sorts last counts: 1 of 0 and 1.

    Returns
    -------
    NDArray[np.float64]
        In 0..1, shape (samples,).

    Raises
    ------
    BadInputError
        If it is no probability.
    """
    values = _column(raw, samples, output)
    if not np.isfinite(values).all():
        raise BadInputError("ONNX output", "finite numbers", f"NaN or infinity in {output}")
    if kind == "logit":
        values = 1 / (1 + np.exp(-np.clip(values, -700, 700)))
    if ((values < -_ROUNDING) | (values > 1 + _ROUNDING)).any():
        expected = f"a probability in 0..1 in {output.name} (output=logit if it gives the logarithm of odds)"
        raise BadInputError("ONNX output", expected, f"{values.min():g} to {values.max():g}")
    return np.clip(values, 0.0, 1.0)


def up_of_one(raw: Any, output: Tensor, kind: OutputKind) -> float:
    """Return the same of a single sample, which is asked row by row: the ordinary number needs no arrays.

    Parameters
    ----------
    raw
        What the model's output gives.
    output, kind
        Which output it is, and what it says.

    Returns
    -------
    float
        In 0..1.
    """
    if kind == "probability" and isinstance(raw, np.ndarray) and raw.shape in _ONE:
        said = float(raw.item(raw.size - 1))
        if 0.0 <= said <= 1.0:
            return said
    return float(up(raw, 1, output, kind)[0])


def far_of_one(raw: Any, output: Tensor) -> float:
    """Return the same of a single sample as `far` of many.

    Parameters
    ----------
    raw
        What the model's output gives.
    output
        Which output it is.

    Returns
    -------
    float
        At least 0.
    """
    if isinstance(raw, np.ndarray) and raw.shape in _ONE[:2]:
        said = float(raw.item())
        if 0.0 <= said < math.inf:
            return said
    return float(far(raw, 1, output)[0])


def far(raw: Any, samples: int, output: Tensor) -> NDArray[np.float64]:
    """Return how far each sample is from what the model was trained on, by its output for that.

    Returns
    -------
    NDArray[np.float64]
        At least 0, shape (samples,).

    Raises
    ------
    BadInputError
        If it is no such number.
    """
    values = np.asarray(raw, dtype=np.float64)
    if values.shape not in ((samples,), (samples, 1)):
        raise BadInputError("ONNX output", f"shape ({samples},) for {samples} samples", f"{values.shape} in {output}")
    if not np.isfinite(values).all() or (values < 0).any():
        raise BadInputError("ONNX output", f"finite numbers of at least 0 in {output.name}", f"{values.min():g}")
    return values.reshape(samples)


def _column(raw: Any, samples: int, output: Tensor) -> NDArray[np.float64]:
    if output.type.startswith("seq("):
        rows: Sequence[dict[Any, float]] = raw
        if any(len(row) != 2 for row in rows):
            raise BadInputError("ONNX output", "two classes, down and up", f"{sorted(rows[0])} in {output.name}")
        return np.array([row[max(row)] for row in rows], dtype=np.float64)
    values = np.asarray(raw, dtype=np.float64)
    if values.shape not in ((samples,), (samples, 1), (samples, 2)):
        expected = f"shape ({samples},), ({samples}, 1) or ({samples}, 2) for {samples} samples"
        raise BadInputError("ONNX output", expected, f"{values.shape} in {output.name}")
    column: NDArray[np.float64] = values if values.ndim == 1 else values[:, -1]
    return column


def _listed(tensors: Sequence[Tensor]) -> str:
    return "; ".join(str(each) for each in tensors) or "none"
