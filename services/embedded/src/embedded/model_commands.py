"""What `tradestream models` does: register, show, promote, roll back; and a model that another run takes over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from contracts.counted import counted
from contracts.errors import BadInputError
from contracts.timestamps import iso_utc_ms
from contracts.topics import MODEL_EVENTS
from embedded.model_place import (
    ModelsSettings,
    Place,
    registry_of,
    require_computed_by,
    say_what_takes_long,
    settings_of,
)
from embedded.model_rows import samples_of
from modeling.events import event_of
from modeling.model_card import ModelCard
from modeling.own_model import OwnCard, check_model, made_up
from modeling.registered import StoredModel
from modeling.registry import ModelRegistry, previous_alias
from results.run_folder import RunFolder
from streaming.broker_address import is_embedded, log_folder
from streaming.control import operator
from streaming.producer import open_producer

BY_HAND = "by hand"


@dataclass(frozen=True)
class Word:
    """What a person says of a decision.

    Parameters
    ----------
    reason
        Why, in words; None if nothing was said.
    by
        Who.
    """

    reason: str | None = None
    by: str = field(default_factory=operator)

    def require_reason(self, what: str, found: str | None) -> None:
        """Refuse to serve what has not passed the gate without a reason.

        Raises
        ------
        BadInputError
            If there is none; with what the gate found.
        """
        if self.reason is None or not self.reason.strip():
            why = found or "nobody judged it"
            expected = f"why {what} is served although it has not passed the gate ({why})"
            raise BadInputError("--reason", expected, self.reason)


def register(place: Place, file: Path, card_file: Path | None, options: Mapping[str, Any], console: Console) -> int:
    """Check a model and register it; return its version.

    Raises
    ------
    BadInputError
        If file or card is not what it must be, or the run does not compute what the model needs.
    """
    settings = place.settings()
    card = OwnCard.read(card_file, options).card(settings.model_name)
    try:
        onnx = file.read_bytes()
    except OSError as error:
        raise BadInputError("FILE", "an ONNX file", str(error)) from error
    samples = samples_of(settings, card)
    said = check_model(onnx, card, samples)
    if place.run is not None:
        require_computed_by(place.run, card)
        RunFolder(place.run).create()
    say_what_takes_long()
    version = _store(settings, card, onnx, {"file": file.name}, samples)
    tell(settings, card, version, "registered", None, BY_HAND)
    seen = counted(len(said), "stored row") if samples is not None else "made-up rows"
    takes = f"{counted(len(card.input_names), 'input')} of {card.inputs.feature_set}"
    console.print(
        f"{card.model_name} version {version}: {takes}, probability {said.min():.3f} to {said.max():.3f} on {seen}",
        highlight=False,
        soft_wrap=True,
    )
    return version


def adopt(place: RunFolder, stored: StoredModel) -> tuple[str, int]:
    """Register and promote another run's model in a registry of the run's own, so that its folder is whole.

    Returns
    -------
    tuple[str, int]
        The registry's address, and the version that the model is there: each registry counts by itself.
    """
    settings = settings_of(place.out).model_copy(update={"mlflow_uri": None})
    version = _store(settings, stored.card, stored.onnx, {"adopted_version": stored.version})
    ModelRegistry(settings.tracking_uri).promote(stored.card.model_name, version, settings.alias)
    tell(settings, stored.card, version, "promoted", settings.alias, BY_HAND)
    return settings.tracking_uri, version


def promote(place: Place, version: int, word: Word, console: Console) -> None:
    """Make a version the one that is served from the next rows on.

    Raises
    ------
    NoModelError
        If it is not there.
    BadInputError
        If it cannot be served, or has not passed the gate and nobody says why it is served all the same.
    """
    settings = place.settings()
    registry = registry_of(settings)
    say_what_takes_long()
    stored = servable(place, settings, registry, version)
    found = registry.tag_of(settings.model_name, version, "gate_reason")
    if not stored.card.proven:
        word.require_reason(f"version {version} of {settings.model_name}", found)
    _serve(settings, registry, stored, "promoted", word.reason or found or BY_HAND, word.by)
    until = iso_utc_ms(stored.card.trained_to_ms)
    console.print(
        f"{settings.model_name} version {version} is {settings.alias}: served from its next rows on, from {until}",
        highlight=False,
        soft_wrap=True,
    )


def numbered(place: Place, version: str) -> int:
    """Return the version that a person means by a number, or by the challenger's alias.

    Raises
    ------
    BadInputError
        If it is neither, or nobody challenges.
    """
    settings = place.settings()
    if version.isdecimal() and int(version) >= 1:
        return int(version)
    expected = f"the number of a version of {settings.model_name}, as `list` shows it, or {settings.challenger}"
    if version != settings.challenger:
        raise BadInputError("VERSION", expected, version)
    found = registry_of(settings).version_of(settings.model_name, version)
    if found is None:
        raise BadInputError(f"alias {version} of {settings.model_name}", "a version that challenges", "none")
    return found


def roll_back(place: Place, word: Word, console: Console) -> None:
    """Serve the version again that was served before, from the next rows on; done twice it changes nothing.

    Raises
    ------
    NoModelError
        If it is not there any more.
    BadInputError
        If none was served before, or it cannot be served any more.
    """
    settings = place.settings()
    registry = registry_of(settings)
    say_what_takes_long()
    name, alias = settings.model_name, previous_alias(settings.alias)
    left, version = registry.version_of(name, settings.alias), registry.version_of(name, alias)
    if version is None or version == left:
        at = f"version {left} alone" if left is not None else "none"
        raise BadInputError(f"alias {alias} of {name}", "a version that was served before", at)
    stored = servable(place, settings, registry, version)
    reason = word.reason or BY_HAND
    if left is not None:
        registry.tag(name, left, "rolled_back_reason", reason)
    _serve(settings, registry, stored, "rolled_back", f"after version {left}: {reason}", word.by)
    console.print(
        f"{name} version {version} is {settings.alias} again, after version {left}: served from its next rows on",
        highlight=False,
        soft_wrap=True,
    )


def servable(place: Place, settings: ModelsSettings, registry: ModelRegistry, version: int) -> StoredModel:
    """Return a version after all that serving will ask of it."""
    stored = registry.load(settings.model_name, version)
    stored.card.check_servable(settings.interval_s)
    check_model(stored.onnx, stored.card, samples_of(settings, stored.card))
    if place.run is not None:
        require_computed_by(place.run, stored.card)
    return stored


def _serve(
    settings: ModelsSettings, registry: ModelRegistry, stored: StoredModel, event: str, reason: str, by: str
) -> None:
    """Point the alias to a version, with who decided it and why on the version and in the audit log."""
    name = settings.model_name
    registry.tag(name, stored.version, "served_reason", reason)
    registry.tag(name, stored.version, "served_by", by)
    registry.promote(name, stored.version, settings.alias)
    if settings.challenger and registry.version_of(name, settings.challenger) == stored.version:
        registry.drop(name, settings.challenger)  # who is served challenges nobody
    tell(settings, stored.card, stored.version, event, settings.alias, reason, by)


def show(place: Place, version: int) -> None:
    """Print a version's card as JSON, its files compared with what was registered.

    Raises
    ------
    NoModelError, BadInputError
        If they are gone, or changed.
    """
    settings = place.settings()
    say_what_takes_long()
    stored = registry_of(settings).load(settings.model_name, version)
    print(stored.card.to_json(), end="")


def _store(
    settings: ModelsSettings,
    card: ModelCard,
    onnx: bytes,
    params: Mapping[str, str | int],
    samples: NDArray[np.float64] | None = None,
) -> int:
    return ModelRegistry(settings.tracking_uri).register(
        card,
        onnx,
        params,
        example=(made_up(card) if samples is None else samples)[-2:],
        experiment=settings.mlflow_experiment,
        artifact_location=settings.artifact_location,
    )


def tell(
    settings: ModelsSettings,
    card: ModelCard,
    version: int,
    event: str,
    alias: str | None,
    reason: str,
    by: str | None = None,
) -> None:
    """Put it down on the log, where there is one."""
    if is_embedded(settings.broker_address) and not log_folder(settings.broker_address).is_dir():
        return
    with open_producer(settings, "predictions") as producer:
        producer.produce(MODEL_EVENTS, event_of(card, version, event, alias, reason, by))
        producer.flush()
