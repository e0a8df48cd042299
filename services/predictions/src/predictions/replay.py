"""`python -m predictions replay`: predict again what was predicted, each row by the version that was served then."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from loguru import logger

from contracts.errors import BadInputError, BadSettingError
from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction
from contracts.state import State
from contracts.topics import PREDICTIONS, TECHNICAL_INDICATORS
from modeling.progress import write_json
from modeling.registry import ModelRegistry, NoModelError
from predictions.core.decision import step
from predictions.run_store import RunStore
from predictions.served_model import ServedModel
from predictions.served_versions import ModelVersion, ServedVersions
from predictions.settings import PredictionsSettings
from streaming.exit_codes import EXIT_NO_MODEL, EXIT_UNSUITABLE_MODEL
from streaming.service.exit import exit_code_for
from streaming.service.runner import run_service
from streaming.telemetry.logging import configure_logging
from streaming.topics import publish

if TYPE_CHECKING:
    from quixstreams.dataframe import StreamingDataFrame
    from quixstreams.models.topics import Topic


def replay(settings: PredictionsSettings) -> int:
    """Serve the versions that `settings.served_file` names until stopped; return the process's exit code.

    `tradestream verify` writes that file from the predictions that were published. The fold is that of `serve`.
    """
    configure_logging("predictions", settings.log_level, settings.log_format)
    try:
        if settings.served_file is None:
            raise BadSettingError("PREDICTIONS_SERVED_FILE", "the file that says which versions were served", None)
        served = ServedVersions.read(settings.served_file)
        models = load_versions(served, settings)
    except NoModelError as error:
        logger.error("not starting: {}", error)
        return EXIT_NO_MODEL
    except BadSettingError as error:
        return exit_code_for(error)
    except BadInputError as error:
        logger.error("not starting: {}", error)
        return EXIT_UNSUITABLE_MODEL
    except Exception as error:  # noqa: BLE001 - the process ends here: it is logged and becomes the exit code
        return exit_code_for(error)
    if settings.ready_file is not None:
        write_json(settings.ready_file, {"models": list(models)})
    return run_service(
        settings,
        service="predictions",
        inputs=[TECHNICAL_INDICATORS],
        outputs=[PREDICTIONS],
        topology=partial(topology, served=served, models=models),
    )


def load_versions(served: ServedVersions, settings: PredictionsSettings) -> dict[ModelVersion, ServedModel]:
    """Return each version, loaded once.

    Raises
    ------
    NoModelError
        If there is no registry, or it lacks one of them.
    BadInputError
        If this code cannot serve one of them.
    """
    if not ModelRegistry.exists(settings.tracking_uri):
        raise NoModelError(f"there is no registry at {settings.tracking_uri}")
    registry = ModelRegistry(settings.tracking_uri)
    return {version: _load(registry, *version, settings) for version in served.all()}


def _load(registry: ModelRegistry, name: str, version: int, settings: PredictionsSettings) -> ServedModel:
    from mlflow.exceptions import MlflowException

    try:
        return ServedModel.of(registry.load(name, version), settings.interval_s)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise NoModelError(f"{name} version {version} is not in the registry at {settings.tracking_uri}") from error


def topology(
    inputs: dict[str, StreamingDataFrame],
    topics: dict[str, Topic],
    settings: PredictionsSettings,
    *,
    served: ServedVersions,
    models: Mapping[ModelVersion, ServedModel],
) -> None:
    """Fold each pair's rows as serving does, and publish what the versions of that time say of each."""
    runs = RunStore(settings.interval_s)

    def predict(row: FeatureRow, state: State) -> list[Prediction]:
        before = after = runs.load(row, state)
        said: list[Prediction] = []
        for version in served.of(row):
            model = models[version]
            after, predictions = step(before, row, model.facts, model.forecast)
            said.extend(predictions)
        if after is not before:
            runs.save(row, after, state)
        return said

    rows = inputs[TECHNICAL_INDICATORS.name]
    rows = rows.filter(lambda row: row.interval_s == settings.interval_s and row.revision == 0)
    publish(rows.apply(predict, stateful=True, expand=True), topics[PREDICTIONS.name])
