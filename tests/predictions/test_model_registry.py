"""Registering, the gate, the alias, and what serving refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.errors import BadInputError
from modeling.gate import judge, may_promote
from modeling.inputs import INPUT_NAMES
from modeling.quiet_imports import open_mlflow
from modeling.registry import ModelRegistry, NoModelError
from predictions.serve import serve
from predictions.served_model import load_champion
from predictions.settings import PredictionsSettings
from streaming.exit_codes import EXIT_NO_MODEL, EXIT_UNSUITABLE_MODEL
from training.champion_challenger import challenge
from training.train import register


def _worse(trained):
    """The same model with a log loss no gate lets through."""
    card = trained.card.model_copy(update={"metrics": {**trained.card.metrics, "log_loss": 9.0}})
    return replace(trained, card=card)


def test_a_registered_model_comes_back_as_it_was(champion) -> None:
    registry = ModelRegistry(champion.settings.tracking_uri)
    assert registry.version_of("direction", "champion") == 1
    stored = registry.load("direction", 1)
    assert stored.onnx == champion.trained.fitted.onnx
    assert stored.card == champion.trained.card
    assert stored.card.input_names == INPUT_NAMES
    assert (champion.settings.data_dir / "mlartifacts").is_dir()


def test_events_of_a_promotion(champion) -> None:
    registered, promoted = champion.events
    assert (registered.event, registered.model_version) == ("registered", 1)
    assert (promoted.event, promoted.alias) == ("promoted", "champion")
    assert promoted.trained_to_ms == champion.trained.card.trained_to_ms
    assert "is below the base rate" in promoted.reason


def test_run_and_version_carry_the_lineage(champion) -> None:
    registry = ModelRegistry(champion.settings.tracking_uri)
    version = registry._client.get_model_version("direction", "1")
    run = registry._client.get_run(version.run_id)
    card = champion.trained.card
    assert version.tags["gate"] == "passed"
    assert version.tags["trained_to_ms"] == str(card.trained_to_ms)
    assert run.data.params["feature_set"] == card.feature_set
    assert run.data.params["trained_from_ms"] == str(card.trained_from_ms)
    assert run.data.metrics["validation_log_loss"] == card.metrics["log_loss"]
    assert run.data.metrics["constant_log_loss"] == card.baselines["constant"]["log_loss"]


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


def test_gate_table() -> None:
    baselines = {"constant": {"log_loss": 0.69}}
    assert judge({"log_loss": 0.68}, baselines)[0] == "passed"
    assert judge({"log_loss": 0.69}, baselines)[0] == "failed"
    assert judge({"log_loss": float("nan")}, baselines)[0] == "failed"
    assert may_promote("passed", has_champion=True, require_gate=True)
    assert not may_promote("failed", has_champion=True, require_gate=False)


def test_the_version_number_is_served_and_said(champion, tmp_path: Path) -> None:
    model = load_champion(champion.settings)
    assert model.facts.version == 1
    assert model.facts.trained_to_ms == champion.trained.card.trained_to_ms


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("feature_set", "core:old"),
        ("input_set", "inputs:old"),
        ("input_names", ("a",)),
        ("interval_s", 300),
        ("sequence_length", 61),
    ],
)
def test_a_model_of_other_features_is_refused(champion, field, value) -> None:
    card = champion.trained.card.model_copy(update={field: value})
    with pytest.raises(BadInputError, match=f"{field} of model direction: expected"):
        card.check_servable(60)


def test_serve_exits_with_a_code_of_its_own_for_an_unsuitable_model(champion) -> None:
    settings = champion.settings.model_copy(update={"interval_s": 300})
    assert serve(settings) == EXIT_UNSUITABLE_MODEL


def test_serve_without_a_model_says_how_to_train_one(tmp_path: Path) -> None:
    settings = PredictionsSettings(data_dir=tmp_path, wait_for_model_seconds=2)
    slept: list[float] = []
    with pytest.raises(NoModelError, match="python -m predictions train"):
        load_champion(settings, sleep=slept.append)
    assert sum(slept) == 2
    assert not (tmp_path / "mlflow.db").exists()
    assert serve(PredictionsSettings(data_dir=tmp_path)) == EXIT_NO_MODEL


def test_serve_waits_for_a_model_that_is_promoted_meanwhile(champion) -> None:
    settings = champion.settings.model_copy(update={"alias": "late", "wait_for_model_seconds": 60})

    def promote_meanwhile(_seconds: float) -> None:
        ModelRegistry(settings.tracking_uri).promote("direction", 1, "late")

    assert load_champion(settings, sleep=promote_meanwhile).facts.version == 1


def test_files_that_are_gone_are_named(champion, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = ModelRegistry(champion.settings.tracking_uri)

    def gone(*_: object) -> str:
        raise OSError("No such file")

    monkeypatch.setattr(registry._client, "download_artifacts", gone)
    with pytest.raises(NoModelError, match="its files are gone"):
        registry.load("direction", 1)


def test_serving_loads_no_training_library_and_reports_to_nobody(champion, tmp_path: Path) -> None:
    """What reports home keeps an identifier in the user's folders: none appears."""
    code = (
        "import sys, json\n"
        "from predictions.settings import PredictionsSettings\n"
        "from predictions.served_model import load_champion\n"
        "import predictions.serve\n"
        "model = load_champion(PredictionsSettings(data_dir=sys.argv[1]))\n"
        "model.forecast([[0.0] * len(model.card.input_names)] * model.facts.sequence_length)\n"
        "print(json.dumps([m for m in ('torch', 'sklearn', 'onnx', 'pandas') if m in sys.modules]))"
    )
    home = {
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, str(champion.settings.data_dir)],
        env={**os.environ, **home},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []
    assert list(tmp_path.iterdir()) == []


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
    [{"feature_set": "core:old"}, {"horizon_bars": 6}, {"validated_from_ms": 2**53}, {"sequence_length": 60}],
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


def test_files_go_through_the_server_whatever_it_says_of_its_store() -> None:
    open_mlflow("http://127.0.0.1:9")  # nobody there: asking what it can do would fail
    from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository

    files = MlflowArtifactsRepository("mlflow-artifacts:/1", tracking_uri="http://127.0.0.1:9")
    assert not files._is_multipart_download_enabled()
    assert not files._is_multipart_upload_enabled()
