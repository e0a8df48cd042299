"""What `tradestream models challenge` and `withdraw` do: which version speaks in shadow."""

from __future__ import annotations

from rich.console import Console

from contracts.errors import BadInputError
from contracts.timestamps import iso_utc_ms
from embedded.model_commands import BY_HAND, Word, servable, tell
from embedded.model_place import ModelsSettings, Place, registry_of, say_what_takes_long


def challenge(place: Place, version: int, word: Word, console: Console) -> None:
    """Let a version speak in shadow from the next rows on.

    Raises
    ------
    NoModelError
        If it is not there.
    BadInputError
        If it cannot be served, or is served already.
    """
    settings = place.settings()
    alias, name = _alias(settings), settings.model_name
    registry = registry_of(settings)
    say_what_takes_long()
    if registry.version_of(name, settings.alias) == version:
        raise BadInputError("VERSION", f"another version of {name} than the one that is {settings.alias}", version)
    stored = servable(place, settings, registry, version)
    registry.point(name, version, alias)
    tell(settings, stored.card, version, "nominated", alias, word.reason or BY_HAND, word.by)
    until = iso_utc_ms(stored.card.trained_to_ms)
    console.print(
        f"{name} version {version} is {alias}: it speaks in shadow from the next rows on, from {until}",
        highlight=False,
        soft_wrap=True,
    )


def withdraw(place: Place, word: Word, console: Console) -> None:
    """Let the challenger speak no more; what it has said stays.

    Raises
    ------
    BadInputError
        If nobody challenges.
    """
    settings = place.settings()
    alias, name = _alias(settings), settings.model_name
    registry = registry_of(settings)
    say_what_takes_long()
    version = registry.version_of(name, alias)
    if version is None:
        raise BadInputError(f"alias {alias} of {name}", "a version that challenges", "none")
    registry.drop(name, alias)
    tell(settings, registry.load(name, version).card, version, "withdrawn", None, word.reason or BY_HAND, word.by)
    console.print(f"{name} version {version} does not challenge any more", highlight=False, soft_wrap=True)


def _alias(settings: ModelsSettings) -> str:
    if not settings.challenger:
        raise BadInputError("PREDICTIONS_CHALLENGER", "the alias of who speaks in shadow", settings.challenger)
    return settings.challenger
