"""Imports of libraries that would otherwise report to their makers over the network.

ONNX Runtime (since 1.29 on Linux too) and MLflow send telemetry unless an environment variable forbids it, and read
it once, while they are loaded. Both are imported through here and nowhere else.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from modeling.database_address import plain_address

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


def import_onnxruntime() -> Any:
    """Return the module `onnxruntime`, with its telemetry off."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # noqa: TID251 - the only way to say it
    import onnxruntime

    return onnxruntime


def open_mlflow(uri: str) -> MlflowClient:
    """Return a client of the MLflow server or database at `uri`, with telemetry off and narration at warnings.

    Files go through the server. It would name its own S3 store to its clients, which cannot reach it, nor should.
    """
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # noqa: TID251 - the only way to say it
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # noqa: TID251
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")  # noqa: TID251
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # noqa: TID251
    os.environ.setdefault("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "false")  # noqa: TID251
    os.environ.setdefault("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "false")  # noqa: TID251
    # Seven retries of two minutes each would be six minutes of silence before anybody hears that it is down.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")  # noqa: TID251
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")  # noqa: TID251
    from mlflow.tracking import MlflowClient

    logging.getLogger("alembic").setLevel(logging.WARNING)
    address = plain_address(uri)
    return MlflowClient(tracking_uri=address, registry_uri=address)
