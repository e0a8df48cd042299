"""The files that make a registered model one of MLflow's: `mlflow.pyfunc` and `mlflow.onnx` load it too.

Written by hand, because MLflow's own writer needs pandas and onnx, and serving nor a laptop has either.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modeling.model_card import ModelCard
from modeling.onnx_interface import Interface, Tensor

ONNX_FILE = "model.onnx"
CARD_FILE = "model.json"
_EXAMPLE_FILE, _REQUEST_FILE = "input_example.json", "serving_input_example.json"
_REQUIREMENTS_FILE, _PYTHON_FILE = "requirements.txt", "python_env.yaml"
_DTYPES = {"tensor(float)": "float32", "tensor(double)": "float64"}


def files_of(
    card: ModelCard, onnx: bytes, interface: Interface, example: NDArray[np.floating], identity: Mapping[str, str]
) -> dict[str, bytes]:
    """Return the files of a model's folder by name.

    Parameters
    ----------
    card, onnx
        The model.
    interface
        What the ONNX file takes and gives.
    example
        Some samples, shape (samples, bars, inputs).
    identity
        More facts of `MLmodel`, such as the run.

    Returns
    -------
    dict[str, bytes]
        The ONNX file and the card among them.
    """
    fed = interface.shaped(example).tolist()
    return {
        ONNX_FILE: onnx,
        CARD_FILE: card.to_json().encode(),
        "MLmodel": _json({**_description(card, interface), **identity}),  # JSON is YAML
        _EXAMPLE_FILE: _json(fed),
        _REQUEST_FILE: _json({"inputs": fed}),
        _REQUIREMENTS_FILE: "".join(f"{line}\n" for line in _requirements()).encode(),
        _PYTHON_FILE: _json({"python": platform.python_version(), "dependencies": [f"-r {_REQUIREMENTS_FILE}"]}),
    }


def _description(card: ModelCard, interface: Interface) -> dict[str, Any]:
    return {
        "flavors": {
            "onnx": {"data": ONNX_FILE, "providers": ["CPUExecutionProvider"], "code": None},
            "python_function": {
                "loader_module": "mlflow.onnx",
                "data": ONNX_FILE,
                "env": {"virtualenv": _PYTHON_FILE},
                "python_version": platform.python_version(),
            },
        },
        "signature": {
            "inputs": json.dumps([_tensor(interface.input)]),
            "outputs": json.dumps([_tensor(interface.output, name=interface.output.name)])
            if _is_tensor(interface)
            else None,
            "params": None,
        },
        "saved_input_example_info": {
            "artifact_path": _EXAMPLE_FILE,
            "serving_input_path": _REQUEST_FILE,
            "type": "ndarray",
        },
        "metadata": {"inputs": list(card.input_names), "sequence_length": card.sequence_length, "kind": card.kind},
        "mlflow_version": version("mlflow-skinny"),
    }


def _is_tensor(interface: Interface) -> bool:
    return interface.output.type in _DTYPES


def _tensor(tensor: Tensor, **name: str) -> dict[str, Any]:
    """Return MLflow's words for a tensor; an input has no name in them, so that it is given as an array."""
    shape = [-1, *(size if isinstance(size, int) else -1 for size in tensor.shape[1:])]
    return {"type": "tensor", "tensor-spec": {"dtype": _DTYPES[tensor.type], "shape": shape}, **name}


def _requirements() -> list[str]:
    return [f"mlflow=={version('mlflow-skinny')}", "onnx>=1.18", f"onnxruntime=={version('onnxruntime')}"]


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()
