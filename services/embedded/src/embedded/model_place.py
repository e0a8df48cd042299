"""Where a run's models are registered, and what it computes for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pydantic_settings import SettingsConfigDict
from rich.console import Console

from contracts.errors import BadInputError, TradestreamError
from contracts.feature_columns import FEATURE_SETS
from embedded.environment import ENVIRONMENT
from featurestore import StoreSettings
from indicators.settings import IndicatorsSettings
from modeling.labels import LabelRule
from modeling.model_card import ModelCard
from modeling.registered import NoModelError, StoredModel
from modeling.registry import ModelRegistry
from results.run_folder import RunFolder, require_ours
from results.run_settings import environment_settings
from results.run_settings import settings_of as recorded_settings
from streaming.settings import environment_variable, load_settings, read_settings
from training.settings import TrainingSettings

_FEATURE_SET = environment_variable(IndicatorsSettings, "feature_set")


class ModelsSettings(StoreSettings, TrainingSettings):
    """Settings of training, whose registry it is, and of the store that has the rows."""

    model_config = SettingsConfigDict(env_prefix="PREDICTIONS_")


def settings_of(run: Path | None, told: Mapping[str, str] | None = None) -> ModelsSettings:
    """Return the settings of a run's registry, log and store, or the configured ones.

    Parameters
    ----------
    run
        Folder of a run; None for the configured ones.
    told
        Variables to read instead of the environment's.

    Raises
    ------
    FolderNotOursError
        If the folder holds something else.
    SettingsError
        If what is told is wrong.
    """
    settings = load_settings(ModelsSettings) if told is None else read_settings(ModelsSettings, told)
    if run is None:
        return settings
    require_ours(run)
    place = RunFolder(run)
    here = {"broker_address": place.broker_address, "environment": ENVIRONMENT, "data_dir": place.work.resolve()}
    return settings.model_copy(update=here)


@dataclass(frozen=True)
class Place:
    """Whose registry, and which name in it.

    Parameters
    ----------
    run
        Folder of a run; None for the configured registry.
    name
        Registered name; None for the configured one.
    """

    run: Path | None
    name: str | None = None

    def settings(self) -> ModelsSettings:
        """Return the settings of the registry."""
        settings = settings_of(self.run)
        return settings if self.name is None else settings.model_copy(update={"model_name": self.name})

    def words(self) -> str:
        """Return the options that name it again."""
        given = {"run": self.run, "name": self.name}
        return "".join(f" --{option} {value}" for option, value in given.items() if value is not None)


def label_of(settings: ModelsSettings, version: int) -> LabelRule | None:
    """Return what a version foresees; None of one whose card is gone."""
    try:
        return registry_of(settings).load(settings.model_name, version).card.label
    except (BadInputError, NoModelError):
        return None


def registry_of(settings: ModelsSettings) -> ModelRegistry:
    """Return the registry that is there.

    Raises
    ------
    BadInputError
        If there is none.
    """
    if not ModelRegistry.exists(settings.tracking_uri):
        raise BadInputError(
            "registry", "one that exists (--run FOLDER, or PREDICTIONS_MLFLOW_URI)", settings.tracking_uri
        )
    return ModelRegistry(settings.tracking_uri)


def say_what_takes_long() -> None:
    """Say on a terminal why nothing happens for some seconds."""
    console = Console(stderr=True)
    if console.is_terminal:
        console.print("Asking the model registry; MLflow takes some seconds to load", soft_wrap=True)


class Promoted(NamedTuple):
    """The version that is served from the next rows on.

    Attributes
    ----------
    registry, name, version
        Where it is.
    kind
        Which kind of model it is; of those that can be trained, or its owner's word.
    """

    registry: ModelRegistry
    name: str
    version: int
    kind: str

    def load(self, interval_s: int) -> StoredModel:
        """Return it.

        Raises
        ------
        NoModelError
            If its files are gone.
        BadInputError
            If they were changed, or this code cannot serve it.
        """
        stored = self.registry.load(self.name, self.version)
        stored.card.check_servable(interval_s)
        return stored


def promoted(settings: ModelsSettings) -> Promoted | None:
    """Return the version that is served from the next rows on; None if none was ever promoted.

    Raises
    ------
    TradestreamError
        If the registry cannot be asked.
    """
    if not ModelRegistry.exists(settings.tracking_uri):
        return None
    from mlflow.exceptions import MlflowException  # a slow import, and needed only where there is a registry

    name = settings.model_name
    try:
        registry = ModelRegistry(settings.tracking_uri)
        version = registry.version_of(name, settings.alias)
        kind = None if version is None else registry.tag_of(name, version, "kind")
    except MlflowException as error:
        raise TradestreamError(f"the registry at {settings.tracking_uri} cannot be asked: {error}") from error
    return None if version is None else Promoted(registry, name, version, kind or "")


def chosen(models: str | None, command: str) -> StoredModel | None:
    """Return the model that a run is to take over from elsewhere, None if it is to train one.

    Raises
    ------
    BadInputError
        If there is none, or the run would not compute what it needs.
    """
    if models is None:
        return None
    stored = promoted_elsewhere(models).load(load_settings(ModelsSettings).interval_s)
    require_computed(stored.card, environment_settings(), command)
    return stored


def promoted_elsewhere(models: str) -> Promoted:
    """Return the version that is served from a run's folder, or from the registry at an address.

    Raises
    ------
    BadInputError
        If there is none.
    """
    if not models:
        raise BadInputError("--models", "the folder of a run, or the address of a registry", models)
    settings = load_settings(ModelsSettings)
    if "://" in models:
        settings = settings.model_copy(update={"mlflow_uri": models})
    else:
        settings = settings_of(Path(models)).model_copy(update={"mlflow_uri": None})
    found = promoted(settings)
    if found is None:
        wanted = f"{settings.model_name}@{settings.alias}"
        raise BadInputError("--models", f"a run or registry with {wanted} (tradestream models promote)", models)
    return found


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
