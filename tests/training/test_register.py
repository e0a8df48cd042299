"""Registering a trained model: the gate, the champion, and what is told of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contracts.errors import BadInputError
from modeling.gate import judge
from modeling.registry import ModelRegistry
from training.champion_challenger import challenge
from training.train import register


def _worse(trained):
    """The same model with a log loss no gate lets through."""
    card = trained.card.model_copy(update={"metrics": {**trained.card.metrics, "log_loss": 9.0}})
    return replace(trained, card=card)


def test_events_of_a_promotion(champion) -> None:
    registered, promoted = champion.events
    assert (registered.event, registered.model_version) == ("registered", 1)
    assert (promoted.event, promoted.alias) == ("promoted", "champion")
    assert promoted.trained_to_ms == champion.trained.card.trained_to_ms
    assert "is below the base rate" in promoted.reason


def test_a_worse_candidate_is_refused_and_the_champion_stays(champion) -> None:
    events = register(_worse(champion.trained), champion.settings)
    registry = ModelRegistry(champion.settings.tracking_uri)
    assert [event.event for event in events] == ["registered", "refused"]
    assert registry.version_of("direction", "champion") == 1
    version = str(events[0].model_version)
    assert registry._client.get_model_version("direction", version).tags["gate"] == "failed"


@pytest.mark.parametrize(("require_gate", "event"), [(False, "promoted"), (True, "refused")])
def test_the_first_model_is_served_even_if_it_fails_unless_that_is_forbidden(champion, require_gate, event) -> None:
    name = f"first-{require_gate}".lower()
    settings = champion.settings.model_copy(update={"model_name": name, "require_gate": require_gate})
    worse = _worse(champion.trained)
    worse = replace(worse, card=worse.card.model_copy(update={"model_name": name}))
    events = register(worse, settings)
    registry = ModelRegistry(settings.tracking_uri)
    assert events[-1].event == event
    assert registry._client.get_model_version(name, "1").tags["gate"] == "failed"
    assert (registry.version_of(name, "champion") is None) == require_gate


def test_a_candidate_meets_the_champion_on_samples_new_to_both(champion) -> None:
    stored = ModelRegistry(champion.settings.tracking_uri).load("direction", 1)
    comparison = challenge(champion.trained, stored)
    assert (
        comparison.candidate
        == comparison.champion
        == pytest.approx(champion.trained.card.metrics["log_loss"], abs=1e-12)
    )
    assert comparison.samples == champion.trained.card.metrics["n"]
    assert judge(champion.trained.card.metrics, champion.trained.card.baselines, comparison)[0] == "failed"


def test_a_training_that_is_run_again_comes_to_the_same_version_and_events(champion) -> None:
    """It was killed after it had registered, or promoted, and before it had told anybody."""
    assert register(champion.trained, champion.settings) == champion.events


def test_an_equally_good_model_leaves_the_champion(champion) -> None:
    twin = replace(champion.trained, card=champion.trained.card.model_copy(update={"seed": 99}))
    events = register(twin, champion.settings)
    assert events[-1].event == "refused"
    assert "not below version 1's" in events[-1].reason
    assert ModelRegistry(champion.settings.tracking_uri).version_of("direction", "champion") == 1


@pytest.mark.parametrize(
    "update",
    [{"input_set": "inputs:old"}, {"horizon_bars": 6}, {"validated_from_ms": 2**53}, {"sequence_length": 60}],
    ids=["other features", "other horizon", "all samples seen", "longer sequences"],
)
def test_who_cannot_be_compared_is_not(champion, update) -> None:
    stored = ModelRegistry(champion.settings.tracking_uri).load("direction", 1)
    other = replace(stored, card=stored.card.model_copy(update=update))
    if "sequence_length" in update:  # its sequences are made, from the same bars, and its file then refuses the shape
        with pytest.raises(BadInputError, match="shape"):
            challenge(champion.trained, other)
    else:
        assert challenge(champion.trained, other) is None
