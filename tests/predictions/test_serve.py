"""Which model is served, and what serving refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from modeling.registered import NoModelError
from modeling.registry import ModelRegistry
from predictions.serve import serve
from predictions.served_model import load_champion
from predictions.settings import PredictionsSettings
from streaming.exit_codes import EXIT_NO_MODEL, EXIT_UNSUITABLE_MODEL


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
