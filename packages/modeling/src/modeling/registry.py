"""The model registry: MLflow, on a database file of this machine or on a server."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from contracts.errors import BadInputError
from modeling.database import ensure_database
from modeling.database_address import database_file
from modeling.fetched import ARTIFACT_FOLDER, DIGEST_TAG, fetch_files
from modeling.mlflow_model import files_of
from modeling.model_card import ModelCard
from modeling.onnx_model import OnnxModel
from modeling.quiet_imports import open_mlflow
from modeling.registered import (
    NoModelError,
    RegisteredVersion,
    StoredModel,
    cause_of,
    digest_of,
    unavailable,
)
from modeling.stored_versions import stored_versions
from modeling.tries import try_tags

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

#: The alias that is served by default.
CHAMPION: Final = "champion"


def previous_alias(alias: str) -> str:
    """Return the alias of the version that `alias` pointed to before.

    Returns
    -------
    str
        ``previous`` of what is served by default, whose name others do not take.

    Examples
    --------
    >>> previous_alias("champion"), previous_alias("canary")
    ('previous', 'previous-canary')
    """
    return "previous" if alias == CHAMPION else f"previous-{alias}"


class ModelRegistry:
    """Registers, promotes and fetches models.

    Parameters
    ----------
    uri
        MLflow's tracking and registry address: ``sqlite:///<file>`` or ``http://<server>``.
    """

    def __init__(self, uri: str) -> None:
        ensure_database(uri)
        self._uri = uri

    @cached_property
    def _client(self) -> MlflowClient:
        """MLflow takes seconds to load, so it is opened when it is asked something."""
        return open_mlflow(self._uri)

    def open(self) -> None:
        """Load what asks the registry, which takes seconds; nobody is asked."""
        _ = self._client

    @staticmethod
    def exists(uri: str) -> bool:
        """Return whether there is anything at `uri` yet: looking must not create a database.

        Returns
        -------
        bool
            True of any registry that is no file.
        """
        file = database_file(uri)
        return file is None or file.exists()

    def register(
        self,
        card: ModelCard,
        onnx: bytes,
        params: Mapping[str, str | int | float],
        *,
        example: NDArray[np.floating],
        experiment: str,
        artifact_location: str | None,
    ) -> int:
        """Store a run with its files and register it as the next version of its name; return the version.

        The same model with the same card is registered once: a training that was killed after it had registered
        comes to the same version again.

        Parameters
        ----------
        card, onnx
            The model.
        params
            What it was trained with, for the run's page.
        example
            Some samples, shape (samples, bars, inputs): the version's input example.
        experiment
            The experiment the run belongs to; made if missing.
        artifact_location
            Where a new experiment keeps files; None for the server's own place.

        Returns
        -------
        int
            The version, from 1.
        """
        client = self._client
        digest = digest_of(onnx, card.to_json())
        known = self._version_with(card.model_name, digest)
        if known is not None:
            return known
        run = client.create_run(self._experiment(experiment, artifact_location), run_name=f"{card.kind}")
        run_id = run.info.run_id
        self._log(run_id, card, params)
        identity = {"run_id": run_id, "artifact_path": ARTIFACT_FOLDER, "model_uuid": digest[:32]}
        files = files_of(card, onnx, OnnxModel(onnx, card.output).interface, example, identity)
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                (Path(folder) / name).write_bytes(content)
            client.log_artifacts(run_id, folder, ARTIFACT_FOLDER)
        client.set_terminated(run_id)
        self._ensure_name(card.model_name)
        source = f"{run.info.artifact_uri}/{ARTIFACT_FOLDER}"
        tags = {
            DIGEST_TAG: digest,
            "kind": card.kind,
            "feature_set": card.feature_set,
            "trained_from_ms": str(card.trained_from_ms),
            "trained_to_ms": str(card.trained_to_ms),
            **({"validation_log_loss": f"{card.metrics['log_loss']:.6f}"} if "log_loss" in card.metrics else {}),
            **try_tags(card, onnx),
        }
        return int(client.create_model_version(card.model_name, source, run_id, tags=tags).version)

    def promote(self, name: str, version: int, alias: str) -> None:
        """Point `alias` to `version`, and its `previous_alias` to the version that it pointed to before.

        Parameters
        ----------
        name, version
            Which version of which model.
        alias
            What serving asks for.
        """
        before = self.version_of(name, alias)
        if before is not None and before != version:
            self._client.set_registered_model_alias(name, previous_alias(alias), str(before))
        self._client.set_registered_model_alias(name, alias, str(version))

    def point(self, name: str, version: int, alias: str) -> None:
        """Point `alias` to `version`, and remember nothing of what it pointed to before.

        Parameters
        ----------
        name, version
            Which version of which model.
        alias
            Which alias.
        """
        self._client.set_registered_model_alias(name, alias, str(version))

    def drop(self, name: str, alias: str) -> None:
        """Let `alias` point to nothing.

        Parameters
        ----------
        name
            Of which model.
        alias
            Which alias.
        """
        self._client.delete_registered_model_alias(name, alias)

    def tag(self, name: str, version: int, key: str, value: str) -> None:
        """Write a tag on a version.

        Parameters
        ----------
        name, version
            Which version of which model.
        key, value
            What is written.
        """
        self._client.set_model_version_tag(name, str(version), key, value)

    def tag_of(self, name: str, version: int, key: str) -> str | None:
        """Return a tag of a version, None if it has none.

        Parameters
        ----------
        name, version
            Which version of which model.
        key
            Which tag.

        Returns
        -------
        str | None
            Its value.
        """
        tags: Mapping[str, str] = self._client.get_model_version(name, str(version)).tags
        return tags.get(key)

    def version_of(self, name: str, alias: str) -> int | None:
        """Return the version that `alias` points to, or None if there is none.

        Returns
        -------
        int | None
            From 1.

        Raises
        ------
        RegistryUnavailableError
            If the registry cannot be asked.
        """
        from mlflow.exceptions import MlflowException

        try:
            return int(self._client.get_model_version_by_alias(name, alias).version)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise unavailable(self._uri, cause_of(error)) from error

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
            If the registry cannot be asked, or the files do not arrive.
        BadInputError
            If they are not what was registered.
        """
        files = fetch_files(self._client, self._version(name, version), name)
        return StoredModel(version, ModelCard.read(files.card), files.onnx)

    def versions(self, name: str) -> list[RegisteredVersion]:
        """Return all versions of a name, the first one first.

        Returns
        -------
        list[RegisteredVersion]
            Without their files; none of a name that was never registered.
        """
        file = database_file(self._uri)
        stored = None if file is None else stored_versions(file, name)
        if stored is not None:
            return stored
        aliases = self._aliases(name)
        found = self._client.search_model_versions(f"name='{name}'")
        listed = (
            RegisteredVersion(int(each.version), tuple(aliases.get(int(each.version), ())), dict(each.tags))
            for each in found
        )
        return sorted(listed, key=lambda each: each.version)

    def _aliases(self, name: str) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for model in self._client.search_registered_models(f"name='{name}'"):
            for alias, version in sorted(model.aliases.items()):
                found.setdefault(int(version), []).append(alias)
        return found

    def _version(self, name: str, version: int) -> Any:
        from mlflow.exceptions import MlflowException

        try:
            return self._client.get_model_version(name, str(version))
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise unavailable(self._uri, cause_of(error)) from error
            raise NoModelError(f"{name} version {version} is not in the registry") from error

    def _version_with(self, name: str, digest: str) -> int | None:
        """Return a version with these very files; one whose files are gone or were changed is none."""
        for version in self._client.search_model_versions(f"name='{name}'"):
            if version.tags.get(DIGEST_TAG) == digest:
                try:
                    return self.load(name, int(version.version)).version
                except (NoModelError, BadInputError):
                    continue
        return None

    def _experiment(self, name: str, artifact_location: str | None) -> str:
        found = self._client.get_experiment_by_name(name)
        return found.experiment_id if found else self._client.create_experiment(name, artifact_location)

    def _log(self, run_id: str, card: ModelCard, params: Mapping[str, str | int | float]) -> None:
        from mlflow.entities import Metric, Param

        facts: dict[str, object] = {
            **card.model_dump(include={"kind", "interval_s", "sequence_length", "horizon_bars", "seed"}),
            **card.model_dump(include={"feature_set", "input_set", "trained_from_ms", "trained_to_ms"}),
            "inputs": ",".join(card.input_names),
            "output": card.output,
            "label": card.label.name,
            "pairs": ",".join(card.pairs),
            **card.hyperparameters,
            **params,
        }
        metrics = {f"validation_{name}": value for name, value in card.metrics.items()}
        for baseline, report in card.baselines.items():
            metrics |= {f"{baseline}_{name}": value for name, value in report.items()}
        if card.verdict is not None:
            metrics |= card.verdict.figures()
        self._client.log_batch(
            run_id,
            metrics=[Metric(name, value, timestamp=card.trained_to_ms, step=0) for name, value in metrics.items()],
            params=[Param(name, str(value)) for name, value in facts.items()],
        )

    def _ensure_name(self, name: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
