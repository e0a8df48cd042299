"""The registry gives back what it was given, the gate judges, and cards refuse what cannot be served."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.errors import BadInputError
from modeling.database_address import database_file
from modeling.inputs import INPUT_NAMES
from modeling.judging.verdict import may_promote
from modeling.quiet_imports import open_mlflow
from modeling.registered import NoModelError
from modeling.registry import ModelRegistry
from modeling.stored_versions import stored_versions


def test_a_registered_model_comes_back_as_it_was(champion) -> None:
    registry = ModelRegistry(champion.settings.tracking_uri)
    assert registry.version_of("direction", "champion") == 1
    stored = registry.load("direction", 1)
    assert stored.onnx == champion.trained.fitted.onnx
    assert stored.card == champion.trained.card
    assert stored.card.input_names == INPUT_NAMES
    assert (champion.settings.data_dir / "mlartifacts").is_dir()


def test_run_and_version_carry_the_lineage(champion) -> None:
    registry = ModelRegistry(champion.settings.tracking_uri)
    version = registry._client.get_model_version("direction", "1")
    run = registry._client.get_run(str(version.run_id))
    card = champion.trained.card
    assert version.tags["gate"] == "failed"
    assert version.tags["trained_to_ms"] == str(card.trained_to_ms)
    assert run.data.params["feature_set"] == card.feature_set
    assert run.data.params["trained_from_ms"] == str(card.trained_from_ms)
    assert run.data.params["label"] == "rise"
    assert run.data.metrics["validation_log_loss"] == card.metrics["log_loss"]
    assert run.data.metrics["constant_log_loss"] == card.baselines["constant"]["log_loss"]
    bars = {bar.name: bar for bar in card.verdict.bars}
    assert run.data.metrics["bar_net_return_p"] == bars["net_return"].p
    assert run.data.metrics["deflated_sharpe"] == card.verdict.deflated_sharpe


def test_a_list_without_mlflow_says_what_mlflow_says(champion) -> None:
    name = "listed"
    registry, _ = _registered(champion, name)
    for horizon in (2, 3, 4):
        _registered(champion, name, horizon_bars=horizon)
    registry.promote(name, 1, "challenger")
    registry.promote(name, 3, "champion")
    registry.promote(name, 3, "best")
    registry.tag(name, 2, "gate", "failed")
    registry._client.delete_model_version(name, "4")
    file = database_file(champion.settings.tracking_uri)
    assert file is not None
    found = stored_versions(file, name)
    assert found is not None and [each.version for each in found] == [1, 2, 3]
    assert [each.aliases for each in found] == [("challenger",), (), ("best", "champion")]
    assert found[1].tags["gate"] == "failed"
    asked = registry._client.search_model_versions(f"name='{name}'")
    assert {each.version: each.tags for each in found} == {int(each.version): each.tags for each in asked}
    assert stored_versions(file, "never registered") == []


def test_a_file_of_other_tables_is_left_to_mlflow(tmp_path: Path) -> None:
    assert stored_versions(tmp_path / "none.db", "x") is None
    (tmp_path / "other.db").write_bytes(b"")
    assert stored_versions(tmp_path / "other.db", "x") is None


def test_a_list_does_not_load_mlflow(champion) -> None:
    code = (
        "import sys; from modeling.registry import ModelRegistry; "
        "assert ModelRegistry(sys.argv[1]).versions('direction'); assert 'mlflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, champion.settings.tracking_uri], check=True)


def test_who_may_be_promoted() -> None:
    assert may_promote("passed", has_champion=True, require_gate=True)
    assert not may_promote("failed", has_champion=True, require_gate=False)
    assert not may_promote("failed", has_champion=False, require_gate=True)
    assert may_promote("failed", has_champion=False, require_gate=False)


@pytest.mark.parametrize(
    ("field", "value"),
    [
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


def _registered(champion, name: str, **changed: object) -> tuple[ModelRegistry, Path]:
    """Register the model under a name of its own and return its folder."""
    trained, settings = champion.trained, champion.settings
    registry = ModelRegistry(settings.tracking_uri)
    registry.register(
        trained.card.model_copy(update={"model_name": name, **changed}),
        trained.fitted.onnx,
        {},
        example=trained.data.samples.x(slice(0, 1)),
        experiment=settings.mlflow_experiment,
        artifact_location=settings.artifact_location,
    )
    source = registry._client.get_model_version(name, "1").source
    return registry, Path(str(source).removeprefix("file://"))


def test_files_that_are_gone_are_named(champion) -> None:
    registry, folder = _registered(champion, "gone")
    (folder / "model.onnx").unlink()
    words = f"model gone version 1 is registered, but model.onnx is not in its folder {folder.as_uri()}"
    with pytest.raises(NoModelError, match=rf"{words} \(was: .*MLmodel"):
        registry.load("gone", 1)
    shutil.rmtree(folder)
    with pytest.raises(NoModelError, match=f"but its folder {folder.as_uri()} cannot be read"):
        registry.load("gone", 1)
    with pytest.raises(NoModelError, match="gone version 2 is not in the registry"):
        registry.load("gone", 2)


@pytest.mark.parametrize("file", ["model.onnx", "model.json"])
def test_files_that_were_changed_are_refused(champion, file: str) -> None:
    registry, folder = _registered(champion, f"changed-{file}")
    registry.load(f"changed-{file}", 1)
    with (folder / file).open("ab") as opened:
        opened.write(b"\n")
    with pytest.raises(BadInputError, match="version 1: expected what was registered, sha256"):
        registry.load(f"changed-{file}", 1)


def test_files_go_through_the_server_whatever_it_says_of_its_store() -> None:
    open_mlflow("http://127.0.0.1:9")  # nobody there: asking what it can do would fail
    from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository

    files = MlflowArtifactsRepository("mlflow-artifacts:/1", tracking_uri="http://127.0.0.1:9")
    assert not files._is_multipart_download_enabled()
    assert not files._is_multipart_upload_enabled()
