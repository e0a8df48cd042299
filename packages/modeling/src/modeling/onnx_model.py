"""A model as it is served: an ONNX file in ONNX Runtime, on one thread, so that equal inputs give equal outputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from contracts.errors import BadInputError
from modeling.model_card import INPUT, OUTPUT
from modeling.quiet_imports import import_onnxruntime


class OnnxModel:
    """Probability of a higher close from sequences of inputs.

    Parameters
    ----------
    onnx
        The file's bytes.
    """

    def __init__(self, onnx: bytes) -> None:
        onnxruntime = import_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        _, self.sequence_length, self.input_count = self._session.get_inputs()[0].shape

    def predict(self, sequence: Sequence[Sequence[float]]) -> float:
        """Return the probability for one sequence, oldest bar first.

        Returns
        -------
        float
            Probability that the close is higher at the horizon.

        Raises
        ------
        BadInputError
            If the shape is not the model's, or an input is NaN or infinite.
        """
        return float(self.predict_many(np.array([sequence], dtype=np.float32))[0])

    def predict_many(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the probabilities of sequences of shape (samples, sequence length, inputs).

        Returns
        -------
        NDArray[np.float64]
            Shape (samples,).

        Raises
        ------
        BadInputError
            If the shape is not the model's, or an input is NaN or infinite.
        """
        if x.ndim != 3 or x.shape[1:] != (self.sequence_length, self.input_count):
            raise BadInputError(INPUT, f"shape (n, {self.sequence_length}, {self.input_count})", x.shape)
        if not np.isfinite(x).all():
            raise BadInputError(INPUT, "finite numbers", "NaN or infinity")
        probabilities: NDArray[np.float64] = self._session.run([OUTPUT], {INPUT: x})[0].astype(np.float64)
        return probabilities
