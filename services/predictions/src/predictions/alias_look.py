"""One look at an alias of the registry: whether it points to another version than the one that speaks under it."""

from __future__ import annotations

from typing import NamedTuple

from loguru import logger

from contracts.errors import BadInputError
from modeling.registered import NoModelError, RegistryUnavailableError
from predictions.served_model import ServedModel, keep, reader
from predictions.settings import PredictionsSettings


class Change(NamedTuple):
    """The alias points to something else.

    Attributes
    ----------
    model
        What it points to; None if that is nothing, or cannot be served.
    """

    model: ServedModel | None


class AliasLook:
    """Looks at one alias, and says once what is wrong with what it points to.

    Parameters
    ----------
    settings
        Of which model.
    alias
        Which one.
    otherwise
        What happens instead where a version cannot be served, in words.
    """

    def __init__(self, settings: PredictionsSettings, alias: str, otherwise: str) -> None:
        self._settings = settings
        self._alias = alias
        self._otherwise = otherwise
        self._registry = reader(settings, patient=True)
        self._refused: object = None

    @property
    def refuses(self) -> bool:
        """Whether what the alias pointed to at the last look cannot be served."""
        return isinstance(self._refused, int)

    def change(self, speaking: int | None) -> Change | None:
        """Return what is to speak instead of the version `speaking`; None if nothing changes."""
        version: int | None = None
        try:
            version = self._registry.version_of(self._settings.model_name, self._alias)
            if version is None:
                return None if speaking is None else Change(None)
            if version == speaking:
                self._refused = None
            if version in (speaking, self._refused):
                return None
            stored = self._registry.load(self._settings.model_name, version)
            model = ServedModel.of(stored, self._settings.interval_s)
            keep(stored, self._settings, self._alias)
        except RegistryUnavailableError as error:
            self._say_once("the registry", f"{error}; version {speaking} goes on")
            return None
        except (BadInputError, NoModelError) as error:
            self._say_once(version, f"not serving version {version} as {self._alias}: {error}; {self._otherwise}")
            return Change(None)
        self._refused = None
        return Change(model)

    def _say_once(self, what: object, words: str) -> None:
        if self._refused != what:
            logger.warning(words)
        self._refused = what
