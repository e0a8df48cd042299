"""A model as it is served: an ONNX file in ONNX Runtime, on one thread, so that equal inputs give equal outputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.errors import BadInputError
from modeling.facts import Answer
from modeling.model_card import OutputKind
from modeling.onnx_interface import NOVELTY, Interface, Tensor, far, far_of_one, up, up_of_one
from modeling.quiet_imports import import_onnxruntime


class OnnxModel:
    """Probability of a higher close from sequences of inputs.

    Parameters
    ----------
    onnx
        The file's bytes.
    output
        What its output says.

    Attributes
    ----------
    interface
        What it takes and gives.

    Raises
    ------
    BadInputError
        If it is no ONNX model that this version of ONNX Runtime runs, or none with one input and one probability.
    """

    def __init__(self, onnx: bytes, output: OutputKind = "probability") -> None:
        onnxruntime = import_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors have no base but this, and no list
            expected = f"a model that ONNX Runtime {onnxruntime.__version__} runs"
            raise BadInputError("ONNX file", expected, str(error)) from error
        self.interface = Interface.of(_tensors(self._session.get_inputs()), _tensors(self._session.get_outputs()))
        self._output = output
        novelty = self.interface.novelty
        self._asked = [self.interface.output.name, *(() if novelty is None else (novelty.name,))]
        self._this_output = onnxruntime.RunOptions()
        self._this_output.only_execute_path_to_fetches = True  # thousands of samples: not what is not asked for

    def predict(self, sequence: Sequence[Sequence[float]] | NDArray[np.float64]) -> float:
        """Return the probability for one sequence, oldest bar first.

        Returns
        -------
        float
            Probability that the close is higher at the horizon.

        Raises
        ------
        BadInputError
            If the shape is not the model's, an input is NaN or infinite, or what comes out is no probability.
        """
        return self.answer(sequence).probability_up

    def answer(self, sequence: Sequence[Sequence[float]] | NDArray[np.floating]) -> Answer:
        """Return what it says of one sequence, oldest bar first, in one run.

        Returns
        -------
        Answer
            With a novelty if it says one.

        Raises
        ------
        BadInputError
            If the shape is not the model's, an input is NaN or infinite, or what comes out is no probability.
        """
        interface = self.interface
        one = sequence if isinstance(sequence, np.ndarray) else np.array(sequence, dtype=np.float64)
        raw = self._session.run(self._asked, {interface.input.name: interface.shaped(one[None])})
        probability_up = up_of_one(raw[0], interface.output, self._output)
        if interface.novelty is None:
            return Answer(probability_up)
        return Answer(probability_up, far_of_one(raw[1], interface.novelty))

    def predict_many(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the probabilities of sequences of shape (samples, sequence length, inputs).

        Returns
        -------
        NDArray[np.float64]
            Shape (samples,).

        Raises
        ------
        BadInputError
            If the shape is not the model's, an input is NaN or infinite, or what comes out is no probability.
        """
        interface = self.interface
        fed = interface.shaped(x)
        raw = self._session.run([interface.output.name], {interface.input.name: fed}, self._this_output)[0]
        return up(raw, len(fed), interface.output, self._output)

    def novelty_many(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return how far sequences of shape (samples, sequence length, inputs) are from what it was trained on.

        Returns
        -------
        NDArray[np.float64]
            Shape (samples,).

        Raises
        ------
        BadInputError
            If it does not say, or the shape is not the model's.
        """
        interface = self.interface
        if interface.novelty is None:
            raise BadInputError("ONNX output", f"one called {NOVELTY}", str(interface.output))
        fed = interface.shaped(x)
        raw = self._session.run([interface.novelty.name], {interface.input.name: fed}, self._this_output)[0]
        return far(raw, len(fed), interface.novelty)


def _tensors(described: Iterable[Any]) -> list[Tensor]:
    return [Tensor(each.name, each.type, tuple(each.shape)) for each in described]
