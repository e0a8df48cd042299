"""Who speaks for a row: the champion, and the one before it for what the champion was trained on; a challenger."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from loguru import logger

from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow
from modeling.facts import ModelFacts
from modeling.labels import LabelRule
from modeling.registered import NoModelError, RegistryUnavailableError
from predictions.served_model import ServedModel


class Speakers(Protocol):
    """What the flow asks for models."""

    def of(self, row: FeatureRow, last: int | None, told: int | None = None) -> Iterable[ServedModel]:
        """Return the models that speak for a row.

        Parameters
        ----------
        row
            A feature row that nobody has predicted, or of which the predictions are lost.
        last
            The version that spoke for its pair last; None before the first.
        told
            The version that was told to have spoken for it, whoever is served by now.
        """

    def trained_to_ms(self, version: int) -> int | None:
        """Return where a version's training data ends; None if that is not to be had."""

    def foresees(self, version: int) -> LabelRule | None:
        """Return what a version foresees, which later rows judge; None if that is not to be had."""

    def facts(self, version: int) -> ModelFacts | None:
        """Return what is known of a version; None if that is not to be had."""


class Versions:
    """Versions of a model by number, each fetched once.

    Parameters
    ----------
    load
        Fetches a version by its number.
    """

    def __init__(self, load: Callable[[int], ServedModel]) -> None:
        self._load = load
        self._known: dict[int, ServedModel | None] = {}

    def keep(self, model: ServedModel) -> None:
        """Take in a version that is there already."""
        self._known[model.facts.version] = model

    def version(self, number: int) -> ServedModel | None:
        """Return a version; None, and a warning the first time, of one that cannot be had or served."""
        if number not in self._known:
            try:
                self._known[number] = self._load(number)
            except (BadInputError, NoModelError, RegistryUnavailableError) as error:
                logger.warning("version {} spoke last and cannot be asked: {}", number, error)
                self._known[number] = None
        return self._known[number]

    def trained_to_ms(self, version: int) -> int | None:
        """Return where the training data of a version ends; None of one that cannot be loaded."""
        found = self.version(version)
        return None if found is None else found.facts.trained_to_ms

    def foresees(self, version: int) -> LabelRule | None:
        """Return what a version foresees; None of one that cannot be loaded."""
        found = self.version(version)
        return None if found is None else found.foresees

    def facts(self, version: int) -> ModelFacts | None:
        """Return what is known of a version; None of one that cannot be loaded."""
        found = self.version(version)
        return None if found is None else found.facts


class Champion(Versions):
    """The promoted version, which may be exchanged while it serves.

    Parameters
    ----------
    model
        The one to begin with.
    load
        Fetches another version by its number.
    """

    def __init__(self, model: ServedModel, load: Callable[[int], ServedModel]) -> None:
        super().__init__(load)
        self.replace(model)

    def replace(self, model: ServedModel) -> None:
        """Serve `model` from the next row on that its training did not read; the one before it speaks until there."""
        self.keep(model)
        self.model = model

    def of(self, row: FeatureRow, last: int | None, told: int | None = None) -> tuple[ServedModel, ...]:
        """Return the champion, or who spoke last where the champion's training has read the row."""
        champion = self.model
        if told is not None and (spoke := self.version(told)) is not None:
            return (spoke,)
        if last is None or last == champion.facts.version or row.window_start_ms >= champion.facts.trained_to_ms:
            return (champion,)
        older = self.version(last)
        return (champion if older is None else older,)


class Challenger(Versions):
    """The version that speaks in shadow, which may be exchanged, withdrawn, or never have been.

    Parameters
    ----------
    model
        The one to begin with, if there is one.
    load
        Fetches another version by its number.
    """

    def __init__(self, model: ServedModel | None, load: Callable[[int], ServedModel]) -> None:
        super().__init__(load)
        self.replace(model)

    def replace(self, model: ServedModel | None) -> None:
        """Let `model` speak from the next row on that its training did not read; None for nobody."""
        if model is not None:
            self.keep(model)
        self.model = model

    def of(self, row: FeatureRow, last: int | None, told: int | None = None) -> tuple[ServedModel, ...]:
        """Return the challenger, whoever spoke last: what its training has read it leaves unsaid."""
        model = self.model if told is None else self.version(told) or self.model
        return () if model is None else (model,)
