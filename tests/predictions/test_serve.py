"""Which model is served, and what serving refuses."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from tests.support.champion import only

from contracts.errors import BadInputError
from modeling.own_model import made_up
from modeling.registered import NoModelError, RegistryUnavailableError
from modeling.registry import ModelRegistry
from predictions.last_good import LastGood
from predictions.promotions import Promotions
from predictions.serve import serve
from predictions.served_model import ServedModel, load_champion
from predictions.settings import PredictionsSettings
from streaming.exit_codes import EXIT_NO_MODEL, EXIT_UNSUITABLE_MODEL

#: A machine that others use is slower.
SLOWER = 3


def test_the_version_number_is_served_and_said(champion, tmp_path: Path) -> None:
    model = load_champion(champion.serving)
    assert model.facts.version == 1
    assert model.facts.trained_to_ms == champion.trained.card.trained_to_ms


def test_serve_exits_with_a_code_of_its_own_for_an_unsuitable_model(champion) -> None:
    settings = champion.serving.model_copy(update={"interval_s": 300})
    assert serve(settings) == EXIT_UNSUITABLE_MODEL


def test_serve_without_a_model_says_how_to_train_one(tmp_path: Path) -> None:
    settings = PredictionsSettings(data_dir=tmp_path, wait_for_model_seconds=2)
    slept: list[float] = []
    with pytest.raises(NoModelError, match="python -m training"):
        load_champion(settings, sleep=slept.append)
    assert sum(slept) == 2
    assert not (tmp_path / "mlflow.db").exists()
    assert serve(PredictionsSettings(data_dir=tmp_path)) == EXIT_NO_MODEL


def test_serve_waits_for_a_model_that_is_promoted_meanwhile(champion) -> None:
    settings = champion.serving.model_copy(update={"alias": "late", "wait_for_model_seconds": 60})

    def promote_meanwhile(_seconds: float) -> None:
        ModelRegistry(settings.tracking_uri).promote("direction", 1, "late")

    assert load_champion(settings, sleep=promote_meanwhile).facts.version == 1


def test_a_promotion_is_noticed_and_a_bad_one_changes_nothing(champion, model_name: str, nobody: str) -> None:
    settings = champion.serving.model_copy(update={"model_name": model_name})
    registry, speakers = ModelRegistry(settings.tracking_uri), only(load_champion(settings))
    looks = Promotions(speakers, settings)
    stored = registry.load(model_name, 1)

    def promoted(**changes: object) -> int:
        card = stored.card.model_copy(update=changes)
        example = made_up(card)[-2:]
        version = registry.register(
            card,
            stored.onnx,
            {},
            example=example,
            experiment="tests",
            artifact_location=str(champion.settings.data_dir / "artifacts"),
        )
        registry.promote(model_name, version, settings.alias)
        looks.look()
        return version

    assert promoted(seed=77) == speakers.model.facts.version == 2
    promoted(interval_s=300)
    assert speakers.model.facts.version == 2, "of other bars: it cannot be served"
    registry.promote(model_name, 1, settings.alias)
    looks.look()
    assert speakers.model.facts.version == 1, "rolled back"
    Promotions(speakers, settings.model_copy(update={"mlflow_uri": nobody})).look()
    assert speakers.model.facts.version == 1


@pytest.fixture
def model_name(champion) -> str:
    """A name of its own for the promoted model, so that the others' keeps its versions."""
    registry = ModelRegistry(champion.serving.tracking_uri)
    stored = registry.load("direction", 1)
    card = stored.card.model_copy(update={"model_name": "exchanged"})
    example = made_up(card)[-2:]
    version = registry.register(
        card,
        stored.onnx,
        {},
        example=example,
        experiment="tests",
        artifact_location=str(champion.settings.data_dir / "artifacts"),
    )
    registry.promote("exchanged", version, "champion")
    return "exchanged"


@pytest.fixture
def nobody() -> str:
    """The address of a server that is not there."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_registry_that_is_down_is_told_within_seconds(nobody: str, tmp_path: Path) -> None:
    settings = PredictionsSettings(data_dir=tmp_path, mlflow_uri=nobody)
    started = time.monotonic()
    with pytest.raises(RegistryUnavailableError, match=f"registry at {nobody} cannot be asked"):
        load_champion(settings)
    assert time.monotonic() - started < 10 * SLOWER


def test_the_last_good_model_speaks_while_the_registry_is_down(champion, nobody: str, tmp_path: Path) -> None:
    settings = PredictionsSettings(data_dir=tmp_path, mlflow_uri=nobody)
    kept = LastGood(tmp_path / "last-good-models", settings.model_name, settings.alias)
    stored = ModelRegistry(champion.settings.tracking_uri).load("direction", 1)
    kept.write(replace(stored, version=6, onnx=b"an older one"))
    kept.write(replace(stored, version=7))
    model = load_champion(settings)
    assert (model.facts.version, model.card) == (7, stored.card)
    assert len(list((tmp_path / "last-good-models").rglob("*.onnx"))) == 1


@pytest.mark.parametrize("how", ["altered", "truncated", "gone", "no card"])
def test_a_kept_model_that_is_not_whole_is_none(champion, tmp_path: Path, how: str) -> None:
    kept = LastGood(tmp_path, "direction", "champion")
    kept.write(ModelRegistry(champion.settings.tracking_uri).load("direction", 1))
    (file,) = tmp_path.rglob("*.onnx")
    if how == "altered":
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    elif how == "truncated":
        file.write_bytes(file.read_bytes()[:100])
    elif how == "gone":
        file.unlink()
    else:
        next(tmp_path.glob("*.json")).write_text("{")
    assert kept.read() is None


def test_a_model_whose_weights_are_nan_is_refused_before_it_is_served(champion) -> None:
    stored = ModelRegistry(champion.settings.tracking_uri).load("direction", 1)
    broken = onnx.load_from_string(stored.onnx)
    for weight in broken.graph.initializer:
        if weight.name == "head_weight":
            shape = numpy_helper.to_array(weight).shape
            weight.CopyFrom(numpy_helper.from_array(np.full(shape, np.nan, dtype=np.float32), weight.name))
    with pytest.raises(BadInputError, match="finite numbers"):
        ServedModel.of(replace(stored, onnx=broken.SerializeToString()), 60)
    with pytest.raises(BadInputError, match="runs"):
        ServedModel.of(replace(stored, onnx=stored.onnx[:200]), 60)


def test_serving_loads_no_training_library_and_reports_to_nobody(champion, tmp_path: Path) -> None:
    """What reports home keeps an identifier in the user's folders: none appears."""
    code = (
        "import sys, json\n"
        "from predictions.settings import PredictionsSettings\n"
        "from predictions.served_model import load_champion\n"
        "import predictions.serve\n"
        "model = load_champion(PredictionsSettings(data_dir=sys.argv[1]))\n"
        "model.forecast([[0.0] * len(model.card.input_names)] * model.facts.sequence_length)\n"
        "print(json.dumps([m for m in ('torch', 'sklearn', 'onnx') if m in sys.modules]))"
    )
    home = {
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, str(champion.serving.data_dir)],
        env={**os.environ, **home},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []
    assert list(tmp_path.iterdir()) == []
