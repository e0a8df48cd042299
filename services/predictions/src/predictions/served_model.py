"""The model that is served: fetched by alias, known by its version number from then on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from loguru import logger

from contracts.errors import BadInputError
from modeling.database_address import database_file
from modeling.facts import ModelFacts
from modeling.labels import LabelRule
from modeling.model_card import ModelCard
from modeling.onnx_model import OnnxModel
from modeling.own_model import made_up
from modeling.registered import NoModelError, RegistryUnavailableError, StoredModel
from modeling.registry_reader import RegistryReader
from predictions import metrics
from predictions.core.decision import Forecast
from predictions.last_good import LastGood
from predictions.settings import PredictionsSettings

_POLL_SECONDS = 1.0
#: How long a registry is waited for where the model that was served last can speak, or rows wait. With the imports of
#: a start before it and a look at the model behind it that is under ten seconds.
PATIENCE_SECONDS = 4.0
_LAST = "the model that was served here last is served again"


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model in memory.

    Parameters
    ----------
    facts
        What the fold needs to know of it.
    card
        Everything else.
    forecast
        What it says of a sequence.
    """

    facts: ModelFacts
    card: ModelCard
    forecast: Forecast

    @property
    def foresees(self) -> LabelRule:
        """What it foresees."""
        return self.card.label

    @classmethod
    def of(cls, stored: StoredModel, interval_s: int) -> ServedModel:
        """Return `stored` ready to serve bars of `interval_s`.

        Raises
        ------
        BadInputError
            If it was trained on other features, inputs or bars than this code serves, or says no probability.
        """
        card = stored.card
        card.check_servable(interval_s)
        model = OnnxModel(stored.onnx, card.output)
        model.interface.require_width(card.sequence_length, len(card.input_names))
        model.predict_many(made_up(card))  # one whose weights are NaN is found here, not at the first row
        if card.novelty_threshold is not None:
            model.novelty_many(made_up(card))
        return cls(card.facts(stored.version), card, model.answer)


def load_champion(settings: PredictionsSettings, sleep: Callable[[float], None] = time.sleep) -> ServedModel:
    """Return the model that the alias points to, as `find_champion` does."""
    return find_champion(settings, sleep)[0]


def find_champion(
    settings: PredictionsSettings, sleep: Callable[[float], None] = time.sleep
) -> tuple[ServedModel, bool]:
    """Return the model that the alias points to, waiting for one as long as the settings say.

    With it whether the registry answered. While it does not, or what it has cannot be served, the model that was
    served here last is served again.

    Raises
    ------
    NoModelError
        If there is none by then; it says how to train one.
    RegistryUnavailableError
        If the registry cannot be asked by then, and no model of it was served here before.
    BadInputError
        If it cannot be served by this code, and no model of the registry was served here before.
    """
    name, alias, uri = settings.model_name, settings.alias, settings.tracking_uri
    waited_seconds = 0.0
    while True:
        try:
            stored, down = _asked(settings, alias)
            model = None if stored is None else ServedModel.of(stored, settings.interval_s)
        except BadInputError as error:
            return _last_good(settings, alias, error), True
        if stored is not None and model is not None:
            if down is None:
                keep(stored, settings, alias)
            logger.info("serving {} version {} ({}), from {}", name, stored.version, model.card.kind, uri)
            if model.facts.unproven:
                logger.warning("{} version {} is unproven: it has not passed the gate", name, stored.version)
            return model, down is None
        if waited_seconds >= settings.wait_for_model_seconds and down is not None:
            raise down
        if waited_seconds >= settings.wait_for_model_seconds:
            raise NoModelError(
                f"no model {name}@{alias} at {uri} after {waited_seconds:.0f} s: train one with `python -m training` "
                "and the same settings, register one of your own with `tradestream models register`, or set "
                "PREDICTIONS_WAIT_FOR_MODEL_SECONDS"
            )
        if waited_seconds == 0:
            logger.info("waiting up to {} s for {}@{} at {}", settings.wait_for_model_seconds, name, alias, uri)
        sleep(_POLL_SECONDS)
        waited_seconds += _POLL_SECONDS


def _last_good(settings: PredictionsSettings, alias: str, refused: BadInputError) -> ServedModel:
    """Return what was served here last in the place of what cannot be; that is refused where there is nothing.

    As while serving: who promoted it is told, and what could speak yesterday goes on.
    """
    last = _kept(settings, alias).read()
    if last is None:
        raise refused
    model = ServedModel.of(last, settings.interval_s)
    metrics.PROMOTED_REFUSED.labels(model=settings.model_name).set(1)
    logger.warning("not serving what was promoted as {}: {}; {}", alias, refused, _LAST)
    logger.info("serving {} version {} ({}), kept here", settings.model_name, last.version, model.card.kind)
    return model


def load_version(settings: PredictionsSettings, version: int) -> ServedModel:
    """Return a version of the model by its number.

    Raises
    ------
    NoModelError, RegistryUnavailableError, BadInputError
        If it is not to be had, or cannot be served by this code.
    """
    stored = reader(settings).load(settings.model_name, version)  # rows wait for it
    return ServedModel.of(stored, settings.interval_s)


def load_challenger(settings: PredictionsSettings, *, answers: bool) -> ServedModel | None:
    """Return the model that speaks in shadow at the start; None, and a warning, where one cannot.

    Parameters
    ----------
    answers
        Whether the registry does: one that does not is not waited for again.
    """
    alias = settings.challenger
    if not alias:
        return None
    try:
        down: RegistryUnavailableError | None = None
        if answers:
            stored, down = _asked(settings, alias)
        else:
            stored = _kept(settings, alias).read()
        if stored is None:
            return None
        model = ServedModel.of(stored, settings.interval_s)
        if answers and down is None:
            keep(stored, settings, alias)
        return model
    except (BadInputError, NoModelError) as error:
        metrics.SHADOW_FAILURES.labels(model=settings.model_name).inc()
        logger.warning("no shadow: {}", error)
        return None


def _asked(settings: PredictionsSettings, alias: str) -> tuple[StoredModel | None, RegistryUnavailableError | None]:
    """Return what the alias points to, if anything; where the registry is down, what was served last, and why."""
    last = _kept(settings, alias).read()
    registry = reader(settings, patient=last is None)
    try:
        version = registry.version_of(settings.model_name, alias)
        return (None if version is None else registry.load(settings.model_name, version)), None
    except RegistryUnavailableError as error:
        logger.warning("{}; {}", error, "no model was served here before" if last is None else _LAST)
        return last, error


def keep(stored: StoredModel, settings: PredictionsSettings, alias: str) -> None:
    """Keep what an alias points to for when the registry is away, which one that is a file here is not.

    Only what was tried is kept: it must be able to speak when its turn comes.
    """
    if database_file(settings.tracking_uri) is None:
        _kept(settings, alias).write(stored)


def reader(settings: PredictionsSettings, *, patient: bool = False) -> RegistryReader:
    """Return what asks the registry of the settings.

    Parameters
    ----------
    patient
        Whether an answer is waited for as long as MLflow does, and not as long as one can where something goes on
        without it.
    """
    return RegistryReader(settings.tracking_uri, None if patient else PATIENCE_SECONDS)


def _kept(settings: PredictionsSettings, alias: str) -> LastGood:
    return LastGood(settings.data_dir / "last-good-models", settings.model_name, alias)
