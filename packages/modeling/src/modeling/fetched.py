"""The files of a registered version, fetched: what is not there for good is told apart from what did not arrive."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from contracts.errors import BadInputError
from modeling.mlflow_model import CARD_FILE, ONNX_FILE
from modeling.registered import NoModelError, RegistryUnavailableError, cause_of, digest_of

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

#: Of a run: where its model's files are.
ARTIFACT_FOLDER: Final = "model"
#: Of a version: the SHA-256 of its files.
DIGEST_TAG: Final = "sha256"


class Files(NamedTuple):
    """What was registered.

    Attributes
    ----------
    onnx
        The model.
    card
        Text of `model.json`.
    """

    onnx: bytes
    card: str


def fetch_files(client: MlflowClient, version: Any, name: str) -> Files:
    """Fetch what a version of the model `name` was registered with, whole and unaltered.

    Returns
    -------
    Files
        What its digest was made of.

    Raises
    ------
    NoModelError
        If the files are not where the registry says.
    RegistryUnavailableError
        If they are and did not arrive whole: a connection that broke off, a disk that is full. Another time they may.
    BadInputError
        If they are not what was registered.
    """
    what = f"{name} version {version.version}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = Path(client.download_artifacts(version.run_id or "", ARTIFACT_FOLDER, folder))
            onnx, card = (found / ONNX_FILE).read_bytes(), (found / CARD_FILE).read_bytes()
    except Exception as error:  # each kind of store has errors of its own
        _require_there(client, version, what, error)
        raise RegistryUnavailableError(f"the files of model {what} did not arrive: {cause_of(error)}") from error
    files = Files(onnx, card.decode(errors="replace"))
    registered, arrived = version.tags.get(DIGEST_TAG), digest_of(*files)
    if registered is not None and registered != arrived:
        _require_whole(client, version, what, {ONNX_FILE: len(onnx), CARD_FILE: len(card)})
        field = f"{ONNX_FILE} or {CARD_FILE} of {what}"
        raise BadInputError(field, f"what was registered, sha256 {registered} (register it again)", arrived)
    return files


def _require_there(client: MlflowClient, version: Any, what: str, error: Exception) -> None:
    """Refuse a version that lacks a file for good: the store answers, and does not list it."""
    sizes = _sizes(client, version)
    missing = [file for file in (ONNX_FILE, CARD_FILE) if file not in sizes]
    if not sizes:
        raise NoModelError(
            f"model {what} is registered, but its folder {version.source} cannot be read: {cause_of(error)}"
        ) from error
    if missing:
        raise NoModelError(
            f"model {what} is registered, but {' and '.join(missing)} is not in its folder {version.source} "
            f"(was: {', '.join(sorted(sizes))})"
        ) from error


def _require_whole(client: MlflowClient, version: Any, what: str, arrived: Mapping[str, int]) -> None:
    """Tell what broke off on its way from what was altered: only the former is shorter than the store says."""
    sizes = _sizes(client, version)
    for file, count in arrived.items():
        size = sizes.get(file)
        if size is not None and count < size:
            raise RegistryUnavailableError(f"{file} of model {what} broke off: {count} of {size} bytes arrived")


def _sizes(client: MlflowClient, version: Any) -> Mapping[str, int | None]:
    """Return what the store lists of a version: sizes by file name."""
    try:
        listed = client.list_artifacts(version.run_id or "", ARTIFACT_FOLDER)
    except Exception as error:  # each kind of store has errors of its own
        where = f"the folder {version.source} of version {version.version}"
        raise RegistryUnavailableError(f"{where} cannot be listed: {cause_of(error)}") from error
    return {Path(each.path).name: each.file_size for each in listed}
