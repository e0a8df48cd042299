"""Asks a registry in a process that has MLflow: ``python -m modeling.fetch_process FOLDER``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from contracts.errors import BadInputError
from modeling.registered import NoModelError, RegistryUnavailableError

#: What is written into the folder: that MLflow is loaded and asked from now on, and what it said.
READY: Final = "ready"
ANSWER: Final = "answer.json"
#: Errors that are told by name, and raised again where it was asked.
RAISED: Final = {kind.__name__: kind for kind in (NoModelError, RegistryUnavailableError, BadInputError)}


def answer(folder: Path, uri: str, question: str, name: str, about: str | int) -> dict[str, Any]:
    """Ask a registry; a model's file is written into `folder`.

    Parameters
    ----------
    folder
        Where it is told that somebody is asked from now on.
    uri
        MLflow's tracking and registry address.
    question, name, about
        `version_of` a model and its alias, or `load` a version of a model.

    Returns
    -------
    dict[str, Any]
        The `version` that an alias points to, or the `card` of a version; or what was `raised`, and its `arguments`.
    """
    from modeling.mlflow_model import ONNX_FILE
    from modeling.registry import ModelRegistry

    registry = ModelRegistry(uri)
    registry.open()
    (folder / READY).touch()
    try:
        if question == "version_of":
            return {"version": registry.version_of(name, str(about))}
        stored = registry.load(name, int(about))
    except BadInputError as error:
        return {"raised": "BadInputError", "arguments": [error.field, error.expected, str(error.got)]}
    except (NoModelError, RegistryUnavailableError) as error:
        return {"raised": type(error).__name__, "arguments": [str(error)]}
    (folder / ONNX_FILE).write_bytes(stored.onnx)
    return {"card": stored.card.to_json()}


if __name__ == "__main__":
    place = Path(sys.argv[1])
    said = answer(place, *json.load(sys.stdin))
    (place / ANSWER).write_text(json.dumps(said), encoding="utf-8")
