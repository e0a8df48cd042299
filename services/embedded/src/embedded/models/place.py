"""Where a run's models are registered, and what it computes for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic_settings import SettingsConfigDict

from contracts.errors import BadInputError
from contracts.feature_columns import FEATURE_SETS
from embedded.services import ENVIRONMENT
from featurestore import StoreSettings
from indicators.settings import IndicatorsSettings
from modeling.model_card import ModelCard
from modeling.registered import NoModelError, StoredModel
from modeling.registry import ModelRegistry
from results.run_folder import RunFolder, require_ours
from results.run_settings import settings_of as recorded_settings
from streaming.settings import environment_variable, load_settings
from training.settings import TrainingSettings

_FEATURE_SET = environment_variable(IndicatorsSettings, "feature_set")


class ModelsSettings(StoreSettings, TrainingSettings):
    """Settings of training, whose registry it is, and of the store that has the rows."""

    model_config = SettingsConfigDict(env_prefix="PREDICTIONS_")


def settings_of(run: Path | None) -> ModelsSettings:
    """Return the settings of a run's registry, log and store, or the configured ones.

    Raises
    ------
    FolderNotOursError
        If the folder holds something else.
    """
    settings = load_settings(ModelsSettings)
    if run is None:
        return settings
    require_ours(run)
    place = RunFolder(run)
    here = {"broker_address": place.broker_address, "environment": ENVIRONMENT, "data_dir": place.work.resolve()}
    return settings.model_copy(update=here)


def promoted(settings: ModelsSettings) -> StoredModel | None:
    """Return the version that is served from the next start on; None if none was ever promoted.

    Raises
    ------
    NoModelError
        If its files are gone.
    BadInputError
        If they were changed, or this code cannot serve it.
    """
    if not ModelRegistry.exists(settings.tracking_uri):
        return None
    registry = ModelRegistry(settings.tracking_uri)
    version = registry.version_of(settings.model_name, settings.alias)
    if version is None:
        return None
    stored = registry.load(settings.model_name, version)
    stored.card.check_servable(settings.interval_s)
    return stored


def promoted_elsewhere(models: str) -> StoredModel:
    """Return the version that is served from a run's folder, or from the registry at an address.

    Raises
    ------
    BadInputError
        If there is none, or this code cannot serve it.
    """
    settings = load_settings(ModelsSettings)
    if "://" in models:
        settings = settings.model_copy(update={"mlflow_uri": models})
    else:
        settings = settings_of(Path(models)).model_copy(update={"mlflow_uri": None})
    try:
        stored = promoted(settings)
    except NoModelError as error:
        raise BadInputError("--models", "a run whose promoted model can be loaded", str(error)) from error
    if stored is None:
        wanted = f"{settings.model_name}@{settings.alias}"
        raise BadInputError("--models", f"a run or registry with {wanted} (tradestream models promote)", models)
    return stored


def require_computed(card: ModelCard, settings: Mapping[str, str], command: str) -> None:
    """Refuse a model that needs features which rows with these settings do not have.

    Parameters
    ----------
    card
        The model's.
    settings
        Of the run, by environment variable.
    command
        What would compute them.

    Raises
    ------
    BadInputError
        Naming the features and the command.
    """
    computed = settings.get(_FEATURE_SET) or IndicatorsSettings.model_fields["feature_set"].default
    missing = [name for name in card.inputs.features if name not in FEATURE_SETS[computed]]
    if missing:
        wanted = f"the set {card.inputs.feature_set}, because model {card.model_name} needs {', '.join(missing)}"
        raise BadInputError(_FEATURE_SET, f"{wanted} ({command} features={card.inputs.feature_set})", computed)


def require_computed_by(run: Path, card: ModelCard) -> None:
    """Refuse a model that needs features which the last run into a folder did not compute.

    Raises
    ------
    BadInputError
        Naming the features and the command.
    """
    place = RunFolder(run)
    if (place.work / "settings.json").exists():
        require_computed(card, recorded_settings(place).values, f"make run data={run}")
