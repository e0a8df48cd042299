"""Who speaks for a row: the champion, and the one before it for what the champion was trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from loguru import logger

from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow
from modeling.registered import NoModelError, RegistryUnavailableError
from predictions.served_model import ServedModel


class Speakers(Protocol):
    """What the flow asks for models."""

    def of(self, row: FeatureRow, last: int | None) -> Iterable[ServedModel]:
        """Return the models that speak for a row.

        Parameters
        ----------
        row
            A feature row that nobody has predicted.
        last
            The version that spoke for its pair last; None before the first.
        """

    def trained_to_ms(self, version: int) -> int | None:
        """Return where a version's training data ends; None if that is not to be had."""

    def foresees_rise(self, version: int) -> bool:
        """Return whether a version foresees the close at its horizon, so that a later row judges it."""


class Champion:
    """The promoted version, which may be exchanged while it serves.

    Parameters
    ----------
    model
        The one to begin with.
    load
        Fetches another version by its number.
    """

    def __init__(self, model: ServedModel, load: Callable[[int], ServedModel]) -> None:
        self.model = model
        self._load = load
        self._older: dict[int, ServedModel | None] = {}

    def replace(self, model: ServedModel) -> None:
        """Serve `model` from the next row on that its training did not read; the one before it speaks until there."""
        self._older[self.model.facts.version] = self.model
        self.model = model

    def of(self, row: FeatureRow, last: int | None) -> tuple[ServedModel, ...]:
        """Return the champion, or who spoke last where the champion's training has read the row."""
        champion = self.model
        if last is None or last == champion.facts.version or row.window_start_ms >= champion.facts.trained_to_ms:
            return (champion,)
        older = self._version(last)
        return (champion if older is None else older,)

    def trained_to_ms(self, version: int) -> int | None:
        """Return where the training data of a version ends; None of one that cannot be loaded."""
        champion = self.model
        found = champion if version == champion.facts.version else self._version(version)
        return None if found is None else found.facts.trained_to_ms

    def foresees_rise(self, version: int) -> bool:
        """Return whether a version foresees the close at its horizon; not of one that cannot be loaded."""
        champion = self.model
        found = champion if version == champion.facts.version else self._version(version)
        return found is not None and found.foresees_rise

    def _version(self, version: int) -> ServedModel | None:
        if version not in self._older:
            try:
                self._older[version] = self._load(version)
            except (BadInputError, NoModelError, RegistryUnavailableError) as error:
                logger.warning("version {} served last and cannot speak until the champion does: {}", version, error)
                self._older[version] = None
        return self._older[version]
