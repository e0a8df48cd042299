"""Registering a trained model: the gate, the champion, and what is told of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.kinds import MODELS
from modeling.labels import LabelRule
from modeling.registered import StoredModel
from modeling.registry import ModelRegistry
from modeling.splits import Fold, walk_forward
from modeling.tries import trials_of
from training.champion_challenger import CHAMPION, meet
from training.fit import train_model
from training.train import register


def _with(trained, **update):
    return replace(trained, card=trained.card.model_copy(update=update))


def _passing(trained, **update):
    """The same model, with nothing in its verdict that failed."""
    verdict = trained.card.verdict
    bars = tuple(bar.model_copy(update={"passed": True}) for bar in verdict.bars)
    return _with(trained, verdict=verdict.model_copy(update={"bars": bars}), **update)


def test_events_of_an_unproven_promotion(champion) -> None:
    registered, promoted = champion.events
    assert (registered.event, registered.model_version) == ("registered", 1)
    assert (promoted.event, promoted.alias) == ("promoted", "champion")
    assert promoted.trained_to_ms == champion.trained.card.trained_to_ms
    assert promoted.reason.startswith("not surely better than ") and "net_return" in promoted.reason
    assert not ModelRegistry(champion.settings.tracking_uri).load("direction", 1).card.proven


def test_who_fails_is_refused_and_the_champion_stays(champion) -> None:
    events = register(_with(champion.trained, seed=98), champion.settings)
    registry = ModelRegistry(champion.settings.tracking_uri)
    assert [event.event for event in events] == ["registered", "refused"]
    assert registry.version_of("direction", "champion") == 1
    version = str(events[0].model_version)
    assert registry._client.get_model_version("direction", version).tags["gate"] == "failed"


@pytest.mark.parametrize(("require_gate", "event"), [(False, "promoted"), (True, "refused")])
def test_the_first_model_is_served_even_if_it_fails_where_that_is_allowed(champion, require_gate, event) -> None:
    name = f"first-{require_gate}".lower()
    settings = champion.settings.model_copy(update={"model_name": name, "require_gate": require_gate})
    events = register(_with(champion.trained, model_name=name), settings)
    registry = ModelRegistry(settings.tracking_uri)
    assert events[-1].event == event
    assert registry._client.get_model_version(name, "1").tags["gate"] == "failed"
    assert (registry.version_of(name, "champion") is None) == require_gate


def test_who_passes_replaces_an_unproven_champion(champion) -> None:
    settings = champion.settings.model_copy(update={"model_name": "passing"})
    register(_with(champion.trained, model_name="passing"), settings)
    events = register(_passing(champion.trained, model_name="passing", seed=5), settings)
    assert (events[-1].event, events[-1].model_version) == ("promoted", 2)
    assert events[-1].reason.startswith("better than learned 1.000000 against 1.000000; coin ")
    registry = ModelRegistry(settings.tracking_uri)
    assert registry.load("passing", 2).card.proven


def test_a_training_that_is_run_again_comes_to_the_same_version_and_events(champion) -> None:
    """It was killed after it had registered, or promoted, and before it had told anybody."""
    assert register(champion.trained, champion.settings) == champion.events
    registry = ModelRegistry(champion.settings.tracking_uri)
    again = train_model(
        champion.trained.data,
        champion.settings,
        lambda *_: None,
        champion=registry.load("direction", 1),
        registered=registry.versions("direction"),
    )
    assert again.card == champion.trained.card


def test_each_version_is_a_try_but_the_same_model_is_no_other(champion) -> None:
    versions = ModelRegistry(champion.settings.tracking_uri).versions("direction")
    onnx, card = champion.trained.fitted.onnx, champion.trained.card
    assert trials_of(versions, onnx) == []
    first = trials_of(versions, b"another")[0]
    assert (first.from_ms, first.to_ms) == (card.validated_from_ms, card.trained_to_ms)
    assert first.sharpe == card.verdict.sharpe


def _folds(data, settings) -> list[Fold]:
    return list(walk_forward(data.times_ms, 300_000, settings.folds, settings.first_train_fraction))


def _stored(champion, **update) -> StoredModel:
    stored = ModelRegistry(champion.settings.tracking_uri).load("direction", 1)
    return replace(stored, card=stored.card.model_copy(update=update))


def test_a_refit_meets_the_champions_weights_on_what_is_new_to_both(champion, datasets) -> None:
    recipe, data = champion.settings.recipe, datasets[champion.settings.model]
    folds = _folds(data, champion.settings)
    unproven = meet(_stored(champion), recipe, data, folds, champion.settings)
    assert (dict(unproven.bars), unproven.refit_of) == ({}, None)
    stored = _stored(champion, verdict=_passing(champion.trained).card.verdict)
    meeting = meet(stored, recipe, data, folds, champion.settings)
    tested = np.concatenate([fold.test for fold in folds])
    new = data.times_ms[tested] >= stored.card.trained_to_ms
    assert not meeting.bars and 100 < new.sum() < len(new)
    assert meeting.refit_of is not None and np.array_equal(np.isfinite(meeting.refit_of), new)


def test_another_kind_meets_the_champions_recipe_on_the_same_folds(champion, datasets) -> None:
    data = datasets[champion.settings.model]
    folds = _folds(data, champion.settings)
    other = next(kind for kind in MODELS.values() if kind.name != champion.settings.model and not kind.extra)
    meeting = meet(_stored(champion), replace(champion.settings.recipe, kind=other), data, folds, champion.settings)
    assert meeting.refit_of is None
    assert np.isfinite(meeting.bars[CHAMPION]).all()


@pytest.mark.parametrize(
    "update",
    [{"input_set": "inputs:old"}, {"horizon_bars": 6}, {"label": LabelRule("net", cost_bps=42.0)}],
    ids=["other features", "other horizon", "other label"],
)
def test_who_cannot_be_compared_is_not(champion, datasets, update) -> None:
    recipe, data = champion.settings.recipe, datasets[champion.settings.model]
    proven = {"verdict": _passing(champion.trained).card.verdict}
    assert (
        meet(_stored(champion, **proven), recipe, data, _folds(data, champion.settings), champion.settings).refit_of
        is not None
    )
    meeting = meet(
        _stored(champion, **proven, **update), recipe, data, _folds(data, champion.settings), champion.settings
    )
    assert (dict(meeting.bars), meeting.refit_of) == ({}, None)
