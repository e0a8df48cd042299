"""Looks, while predictions are served, whether another version was promoted or challenges: it then speaks at once."""

from __future__ import annotations

import threading
from types import TracebackType

from loguru import logger

from contracts.units import MS_PER_SECOND
from predictions import metrics
from predictions.alias_look import AliasLook
from predictions.served_model import ServedModel
from predictions.settings import PredictionsSettings
from predictions.speakers import Challenger, Champion


class Promotions:
    """A thread beside the service; while it is entered it looks every `poll_seconds` of the settings.

    A version that cannot be fetched or served is said once. The last good champion goes on; no challenger does.

    Parameters
    ----------
    champion
        What serves; told of another version here.
    settings
        Which aliases of which model, and how often.
    challenger
        What speaks in shadow; told of another version, or of none, here.
    """

    def __init__(
        self, champion: Champion, settings: PredictionsSettings, challenger: Challenger | None = None
    ) -> None:
        self._champion = champion
        self._challenger = challenger if settings.challenger else None
        self._name = settings.model_name
        self._poll_seconds = settings.poll_seconds
        self._promoted = AliasLook(settings, settings.alias, "the one before it goes on")
        self._challenging = AliasLook(settings, settings.challenger, "no shadow")
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="promotions", daemon=True)

    def __enter__(self) -> Promotions:
        tell_of(self._champion.model)
        metrics.SHADOW_FAILURES.labels(model=self._name)  # 0 is told too, or the first one is no increase
        metrics.PROMOTED_REFUSED.labels(model=self._name)
        if self._challenger is not None:
            self._tell_of_challenger(self._challenger.model)
        if self._poll_seconds:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)  # the registry may keep it waiting; the service has ended

    def _watch(self) -> None:
        while not self._ends.wait(self._poll_seconds):
            self.look()

    def look(self) -> None:
        """Let speak what the aliases point to now, if that is another version and can be served."""
        serving = self._champion.model.facts.version
        change = self._promoted.change(serving)
        metrics.PROMOTED_REFUSED.labels(model=self._name).set(int(self._promoted.refuses))
        if change is not None and change.model is not None:
            self._champion.replace(change.model)
            tell_of(change.model)
            promoted = change.model.facts.version
            logger.info("version {} was promoted: it speaks from the next rows on, version {} did", promoted, serving)
        if self._challenger is not None:
            self._look_for(self._challenger)

    def _look_for(self, challenger: Challenger) -> None:
        before = None if challenger.model is None else challenger.model.facts.version
        change = self._challenging.change(before)
        if change is None:
            return
        challenger.replace(change.model)
        self._tell_of_challenger(change.model)
        if change.model is not None:
            logger.info(
                "version {} challenges: it speaks in shadow from the next rows on", change.model.facts.version
            )
        elif before is not None:
            logger.info("version {} does not challenge any more", before)
        else:
            metrics.SHADOW_FAILURES.labels(model=self._name).inc()

    def _tell_of_challenger(self, model: ServedModel | None) -> None:
        metrics.CHALLENGER_VERSION.labels(model=self._name).set(0 if model is None else model.facts.version)


def tell_of(model: ServedModel) -> None:
    """Set the metrics that say which version is served."""
    facts = model.facts
    metrics.MODEL_VERSION.labels(model=facts.name).set(facts.version)
    metrics.MODEL_TRAINED_TO.labels(model=facts.name).set(facts.trained_to_ms / MS_PER_SECOND)
