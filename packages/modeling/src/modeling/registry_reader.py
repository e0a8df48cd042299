"""Looks up and fetches versions of models without MLflow in this process, which costs it 160 MB and seconds."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from contracts.errors import without_credentials
from modeling.database_address import database_file
from modeling.fetch_process import ANSWER, RAISED, READY
from modeling.fetched import DIGEST_TAG, Files
from modeling.mlflow_model import CARD_FILE, ONNX_FILE
from modeling.model_card import ModelCard
from modeling.patience import Asked, within
from modeling.registered import NoModelError, RegistryUnavailableError, StoredModel, cause_of, digest_of, unavailable
from modeling.rest_registry import RestRegistry
from modeling.stored_versions import stored_source, stored_versions

_LOOK_SECONDS = 0.02
#: How long a process may take to load MLflow, on a machine that is busy with other things.
_START_SECONDS = 120.0


class RegistryReader:
    """Answers for what serving asks of a registry.

    A database file of this machine is read, and so are the files that it names; a server is asked over HTTP. All
    else, and whatever is not as it should be, is MLflow's to say, in a process of its own.

    Parameters
    ----------
    uri
        MLflow's tracking and registry address: ``sqlite:///<file>`` or ``http://<server>``. Nothing is made there.
    patience_seconds
        How long an answer of a server is waited for; None for as long as MLflow does. One that is a file here is
        asked as long as it takes.
    """

    def __init__(self, uri: str, patience_seconds: float | None = None) -> None:
        self._uri = uri
        self._file = database_file(uri)
        self._patience = patience_seconds if self._file is None else None
        self._server = RestRegistry(uri) if uri.startswith(("http://", "https://")) else None

    @property
    def exists(self) -> bool:
        """Whether there is anything yet; true of any registry that is no file."""
        return self._file is None or self._file.exists()

    def version_of(self, name: str, alias: str) -> int | None:
        """Return the version that `alias` points to, or None if there is none.

        Returns
        -------
        int | None
            From 1.

        Raises
        ------
        RegistryUnavailableError
            If the registry cannot be asked, or does not answer in time.
        """
        if not self.exists:
            return None
        if self._file is not None and (found := stored_versions(self._file, name)) is not None:
            return next((each.version for each in found if alias in each.aliases), None)
        if (server := self._server) is not None:
            return self._patiently(lambda: server.version_of(name, alias))
        version: int | None = self._told("version_of", name, alias)["version"]
        return version

    def load(self, name: str, version: int) -> StoredModel:
        """Fetch a version's files.

        Returns
        -------
        StoredModel
            With its card and ONNX file.

        Raises
        ------
        NoModelError
            If there is no such version, or its files are not where the registry says.
        RegistryUnavailableError
            If the registry cannot be asked, or the files do not arrive, or not in time.
        BadInputError
            If they are not what was registered.
        """
        if not self.exists:
            raise NoModelError(f"there is no registry at {self._uri}")
        files: Files | None = None
        if self._file is not None:
            files = _files_here(self._file, name, version)
        elif (server := self._server) is not None:
            files = self._patiently(lambda: server.files(name, version))
        if files is None:
            told = self._told("load", name, version)
            files = Files(told["onnx"], told["card"])
        return StoredModel(version, ModelCard.read(files.card), files.onnx)

    def _patiently(self, ask: Callable[[], Asked]) -> Asked:
        return ask() if self._patience is None else within(self._patience, ask, self._whom)

    @property
    def _whom(self) -> str:
        return f"the model registry at {without_credentials(self._uri)}"

    def _told(self, question: str, *about: str | int) -> dict[str, Any]:
        """Ask MLflow in a process of its own."""
        try:
            return self._asked_elsewhere(question, about)
        except OSError as error:
            raise unavailable(self._uri, cause_of(error)) from error

    def _asked_elsewhere(self, question: str, about: Sequence[str | int]) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="tradestream-") as folder:
            place = Path(folder)
            complaint = place / "complaint"
            command = [sys.executable, "-m", "modeling.fetch_process", folder]
            with (
                complaint.open("wb") as errors,
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=errors, stderr=errors) as process,
            ):
                try:
                    if process.stdin is not None:
                        process.stdin.write(json.dumps([self._uri, question, *about]).encode())
                        process.stdin.close()
                    self._wait_for(process, place / READY)
                finally:
                    process.kill()
            try:
                answer: dict[str, Any] = json.loads((place / ANSWER).read_text(encoding="utf-8"))
            except (OSError, ValueError):
                last = complaint.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
                ended = f"the process that asks it ended with {process.returncode}"
                raise unavailable(self._uri, f"{ended}: {last}" if last else ended) from None
            if "raised" in answer:
                raise RAISED[answer["raised"]](*answer["arguments"])
            if question == "load":
                answer["onnx"] = (place / ONNX_FILE).read_bytes()
            return answer

    def _wait_for(self, process: subprocess.Popen[bytes], ready: Path) -> None:
        """Return when it has ended; whom it asks is not waited for longer than one can, from when it asks."""
        began = time.monotonic()
        asks_since: float | None = None
        while process.poll() is None:
            now = time.monotonic()
            if asks_since is None and ready.exists():
                asks_since = now
            if asks_since is None and now - began > _START_SECONDS:
                raise RegistryUnavailableError(f"{self._whom}: MLflow was not there after {_START_SECONDS:g} s")
            if asks_since is not None and self._patience is not None and now - asks_since > self._patience:
                raise RegistryUnavailableError(f"{self._whom} did not answer within {self._patience:g} s")
            time.sleep(_LOOK_SECONDS)


def _files_here(file: Path, name: str, version: int) -> Files | None:
    """Return what was registered where it can be read here, whole; None of all else, of which MLflow says more."""
    found = stored_source(file, name, version)
    if found is None:
        return None
    folder = Path(found.source.removeprefix("file://"))
    try:
        onnx, card = (folder / ONNX_FILE).read_bytes(), (folder / CARD_FILE).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    return Files(onnx, card) if digest_of(onnx, card) == found.tags.get(DIGEST_TAG) else None
