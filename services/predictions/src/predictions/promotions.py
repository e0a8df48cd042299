"""Looks, while predictions are served, whether another version was promoted; it then speaks without a restart."""

from __future__ import annotations

import threading
from types import TracebackType

from loguru import logger

from contracts.errors import BadInputError
from contracts.units import MS_PER_SECOND
from modeling.registered import NoModelError, RegistryUnavailableError
from modeling.registry import ModelRegistry
from predictions import metrics
from predictions.served_model import ServedModel, fetch
from predictions.settings import PredictionsSettings
from predictions.speakers import Champion


class Promotions:
    """A thread beside the service; while it is entered it looks every `poll_seconds` of the settings.

    A version that cannot be fetched or served changes nothing: the last good one goes on, and it is said once.

    Parameters
    ----------
    champion
        What serves; told of another version here.
    settings
        Which alias of which model, and how often.
    """

    def __init__(self, champion: Champion, settings: PredictionsSettings) -> None:
        self._champion = champion
        self._settings = settings
        self._registry: ModelRegistry | None = None
        self._refused: object = None
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="promotions", daemon=True)

    def __enter__(self) -> Promotions:
        tell_of(self._champion.model)
        if self._settings.poll_seconds:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)  # the registry may keep it waiting; the service has ended

    def _watch(self) -> None:
        while not self._ends.wait(self._settings.poll_seconds):
            self.look()

    def look(self) -> None:
        """Serve what is promoted now, if that is another version and can be served."""
        version: int | None = None
        try:
            if self._registry is None:
                self._registry = ModelRegistry(self._settings.tracking_uri)
            version = self._registry.version_of(self._settings.model_name, self._settings.alias)
            serving = self._champion.model.facts.version
            if version is None or version in (serving, self._refused):
                return
            model = ServedModel.of(fetch(self._registry, version, self._settings), self._settings.interval_s)
        except RegistryUnavailableError as error:
            self._say_once("the registry", f"{error}; version {self._champion.model.facts.version} goes on")
            return
        except (BadInputError, NoModelError) as error:
            self._say_once(version, f"not serving version {version}: {error}; the one before it goes on")
            return
        self._refused = None
        self._champion.replace(model)
        tell_of(model)
        logger.info("version {} was promoted: it speaks from the next rows on, version {} did", version, serving)

    def _say_once(self, what: object, words: str) -> None:
        if self._refused != what:
            logger.warning(words)
        self._refused = what


def tell_of(model: ServedModel) -> None:
    """Set the metrics that say which version is served."""
    facts = model.facts
    metrics.MODEL_VERSION.labels(model=facts.name).set(facts.version)
    metrics.MODEL_TRAINED_TO.labels(model=facts.name).set(facts.trained_to_ms / MS_PER_SECOND)
