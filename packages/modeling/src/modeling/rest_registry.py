"""What serving asks of an MLflow server, over its REST interface: MLflow's own client takes seconds and 160 MB."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import requests

from modeling.fetched import ARTIFACT_FOLDER, DIGEST_TAG, Files
from modeling.mlflow_model import CARD_FILE, ONNX_FILE
from modeling.registered import cause_of, digest_of, unavailable

_MODELS: Final = "/api/2.0/mlflow"
_FILES: Final = "/api/2.0/mlflow-artifacts/artifacts"
#: How the address of a run's files begins that go through the server.
_THROUGH_SERVER: Final = "mlflow-artifacts:/"
#: What MLflow answers where an alias or a name is not there.
_NOT_THERE: Final = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
#: How long a server may be silent.
_SILENT_SECONDS: Final = 20
#: MLflow's own variables, without their common beginning.
_CREDENTIALS: Final = ("TOKEN", "USERNAME", "PASSWORD")


class RestRegistry:
    """Asks an MLflow server as its client would, with the credentials that its variables say.

    Parameters
    ----------
    uri
        ``http://<server>`` or ``https://<server>``.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri.rstrip("/")

    def version_of(self, name: str, alias: str) -> int | None:
        """Return the version that `alias` points to, or None if there is none.

        Returns
        -------
        int | None
            From 1.

        Raises
        ------
        RegistryUnavailableError
            If the server cannot be asked.
        """
        found = self._asked("/registered-models/alias", {"name": name, "alias": alias})
        return None if found is None else int(found["version"])

    def files(self, name: str, version: int) -> Files | None:
        """Fetch a version's files, whole and unaltered.

        Returns
        -------
        Files | None
            None where that is not so simple: MLflow is to be asked, which says what is wrong, if anything is.

        Raises
        ------
        RegistryUnavailableError
            If the server cannot be asked, or the files do not arrive.
        """
        found = self._asked("/model-versions/get", {"name": name, "version": str(version)})
        run = None if found is None else self._asked("/runs/get", {"run_id": str(found.get("run_id"))}, "run")
        where = "" if run is None else str(run["info"]["artifact_uri"])
        if found is None or not where.startswith(_THROUGH_SERVER):
            return None
        folder = f"{where.removeprefix(_THROUGH_SERVER).strip('/')}/{ARTIFACT_FOLDER}"
        got = [self._got(f"{_FILES}/{quote(f'{folder}/{file}')}", {}) for file in (ONNX_FILE, CARD_FILE)]
        if not all(each.ok for each in got):
            return None
        onnx, card = (each.content for each in got)
        files = Files(onnx, card.decode(errors="replace"))
        tags = {each.get("key"): each.get("value") for each in found.get("tags", ())}
        return files if tags.get(DIGEST_TAG) == digest_of(*files) else None

    def _asked(self, path: str, about: Mapping[str, str], what: str = "model_version") -> dict[str, Any] | None:
        response = self._got(_MODELS + path, about)
        try:
            said = response.json()
            if response.ok:
                found: dict[str, Any] = said[what]
                return found
            if said.get("error_code") in _NOT_THERE:
                return None
            words = f"{response.status_code} {said.get('error_code')}: {said.get('message')}"
        except (ValueError, LookupError, TypeError, AttributeError):
            words = f"{response.status_code} {response.text}"
        raise unavailable(self._uri, words)

    def _got(self, path: str, about: Mapping[str, str]) -> requests.Response:
        variables = os.environ  # noqa: TID251 - what MLflow's client reads there
        token, user, password = (variables.get(f"MLFLOW_TRACKING_{what}") for what in _CREDENTIALS)
        seconds = float(variables.get("MLFLOW_HTTP_REQUEST_TIMEOUT", _SILENT_SECONDS))
        try:
            return requests.get(
                self._uri + path,
                params=dict(about),
                headers={"Authorization": f"Bearer {token}"} if token else {},
                auth=(user, password or "") if user and not token else None,
                timeout=seconds,
            )
        except requests.RequestException as error:
            raise unavailable(self._uri, cause_of(error)) from error
