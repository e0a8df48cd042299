"""`python -m predictions replay`: predict again what was predicted, each row by the version that was served then."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.errors import BadSettingError
from contracts.feature_row import FeatureRow
from modeling.facts import ModelFacts
from modeling.labels import LabelRule
from predictions.serve import Loaded, run
from predictions.served_model import ServedModel, reader
from predictions.served_versions import ModelVersion, ServedVersions
from predictions.settings import PredictionsSettings


def replay(settings: PredictionsSettings) -> int:
    """Predict with the versions that `settings.served_file` names until stopped; return the process's exit code.

    `tradestream verify` writes that file from the predictions that were published.
    """
    return run(settings, _served)


def _served(settings: PredictionsSettings) -> Loaded:
    if settings.served_file is None:
        raise BadSettingError("PREDICTIONS_SERVED_FILE", "the file that says which versions were served", None)
    served, shadows = ServedVersions.read(settings.served_file)
    models = load_versions(served, settings)
    challengers = None if shadows is None else Replayed(shadows, load_versions(shadows, settings))
    return Loaded(Replayed(served, models), {"models": list(models)}, challengers=challengers)


class Replayed:
    """The versions that spoke, each for its rows."""

    def __init__(self, served: ServedVersions, models: Mapping[ModelVersion, ServedModel]) -> None:
        self._served = served
        self._models = models

    def of(self, row: FeatureRow, last: int | None, told: int | None = None) -> list[ServedModel]:
        """Return those that spoke for `row`."""
        return [self._models[version] for version in self._served.of(row)]

    def trained_to_ms(self, version: int) -> int | None:
        """Return where the training data of a version ends."""
        ends = (model.facts.trained_to_ms for (_, number), model in self._models.items() if number == version)
        return next(ends, None)

    def foresees(self, version: int) -> LabelRule | None:
        """Return what a version foresees."""
        return next((model.foresees for (_, number), model in self._models.items() if number == version), None)

    def facts(self, version: int) -> ModelFacts | None:
        """Return what is known of a version."""
        return next((model.facts for (_, number), model in self._models.items() if number == version), None)


def load_versions(served: ServedVersions, settings: PredictionsSettings) -> dict[ModelVersion, ServedModel]:
    """Return each version, loaded once.

    Raises
    ------
    NoModelError
        If there is no registry, or it lacks one of them.
    BadInputError
        If this code cannot serve one of them.
    """
    registry = reader(settings, patient=True)
    return {
        (name, version): ServedModel.of(registry.load(name, version), settings.interval_s)
        for name, version in served.all()
    }
