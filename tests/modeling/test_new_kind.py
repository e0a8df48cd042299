"""A kind of model is one file: in a copy of the tree a made-up one is added, and nothing else is touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.workspace import ROOT

from modeling import kinds, kinds_file

#: Says how often prices rose in training, whatever the bar.
_BASE_RATE = '''
"""The base rate."""
import math

import numpy as np
from onnx import helper

from modeling.kind import Fitted, ModelKind
from modeling.onnx_graph import INPUT, head_nodes, model_bytes

KIND = ModelKind("base_rate", sequence_length=1, module=__name__)

def fit(train, tune, *, seed, epochs, on_epoch, hyperparameters):
    rate, width = float(train.y.mean()), train.bars.shape[1]
    bias = np.array([math.log(rate / (1 - rate))], dtype=np.float32)
    nodes, constants = head_nodes("row", np.zeros((1, width), dtype=np.float32), bias)
    constants["row_shape"] = np.array([-1, width], dtype=np.int64)
    graph = [helper.make_node("Reshape", [INPUT, "row_shape"], ["row"]), *nodes]
    return Fitted(model_bytes(graph, constants, 1, width), lambda x: np.full(len(x), rate), {})
'''
_TRAINED = """
from tests.support.feature_rows import make_rows
from modeling.dataset import build_dataset
from training.fit import train_model
from training.settings import TrainingSettings
data = build_dataset(make_rows(), 1, 5, 60)
card = train_model(data, TrainingSettings(require_moves=False), lambda *_: None).card
assert card.verdict.outcome == "failed" and card.baselines["constant"]["n"] == card.metrics["n"], card
print(card.kind)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The parts of the tree that know kinds of models, with one more."""
    ignored = shutil.ignore_patterns("__pycache__")
    for part in ("packages/modeling", "make", "docker"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=ignored)
    shutil.copy(ROOT / "Makefile", tmp_path)
    kind = tmp_path / "packages/modeling/src/modeling/kinds/base_rate.py"
    kind.write_text(_BASE_RATE.lstrip(), encoding="utf-8")
    assert told(tmp_path, sys.executable, "-m", "modeling.kinds_file", "packages/modeling/kinds.txt") == ""
    return tmp_path


def told(tree: Path, *command: str, code: int = 0, **environment: str) -> str:
    """Return what a command in the tree says."""
    paths = {"PYTHONPATH": os.pathsep.join([str(tree / "packages/modeling/src"), str(ROOT)])}
    variables = {**os.environ, **paths, "COLUMNS": "200", **environment}
    done = subprocess.run(command, cwd=tree, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_settings_take_it_and_it_is_trained(tree: Path) -> None:
    assert told(tree, sys.executable, "-c", _TRAINED, PREDICTIONS_MODEL="base_rate").startswith("base_rate\n")
    said = told(tree, sys.executable, "-m", "training", code=2, PREDICTIONS_MODEL="oracle")
    names = [repr(name) for name in sorted([*kinds.MODELS, "base_rate"])]
    assert f"PREDICTIONS_MODEL: expected {', '.join(names[:-1])} or {names[-1]}, was 'oracle'" in said


def test_the_command_line_offers_it(tree: Path) -> None:
    said = told(tree, sys.executable, "-m", "embedded", "demo", "--model", "oracle", code=2)
    names = [name for name in sorted([*kinds.MODELS, "base_rate"]) if name != kinds.DEMO_KIND]
    assert f"--model: expected {' or '.join([kinds.DEMO_KIND, *names])}, was 'oracle'" in said
    assert "or base_rate" in told(tree, sys.executable, "-m", "embedded", "demo", "--help")


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_the_makefile_and_the_images_offer_it(tree: Path) -> None:
    assert f"[model={'|'.join(sorted([*kinds.MODELS, 'base_rate']))} " in told(tree, "make", "help")
    said = told(tree, "make", "-n", "demo", "model=base_rate", "UV=uv")
    assert "demo --model='base_rate'" in said and "--extra" not in said
    assert told(tree, "sh", "docker/images.sh", "train-base_rate").split() == ["--package", "tradestream-training"]
    assert "train-base_rate" in told(tree, "sh", "docker/images.sh", "nope", code=2)


def test_what_makefile_and_images_read_is_what_is_registered() -> None:
    written = (ROOT / "packages/modeling/kinds.txt").read_text(encoding="utf-8")
    assert written == kinds_file.render(), "`make schemas` writes it anew"


def test_a_file_without_a_kind_is_named(tree: Path) -> None:
    (tree / "packages/modeling/src/modeling/kinds/shy.py").touch()
    said = told(tree, sys.executable, "-c", "import modeling.kinds", code=1)
    assert "modeling.kinds.shy: expected KIND, a ModelKind of that name, was None" in said


def test_names_of_kinds_stand_nowhere_else() -> None:
    """In what is written by hand of the product, the name of a kind stands in its own folder alone."""
    own = ROOT / "packages/modeling/src/modeling/kinds"
    files = [path for folder in ("packages", "services") for path in (ROOT / folder).rglob("*.py")]
    files += [ROOT / "Makefile", *(ROOT / "make").glob("*.mk"), *(ROOT / "docker").glob("*.sh")]
    files += [*(ROOT / "docker").glob("*.Dockerfile"), *(ROOT / "docker").glob("*.yaml")]
    files += [path for path in (ROOT / "deployments").rglob("*") if path.suffix in (".yaml", ".env", ".sh")]
    quoted = [f'"{name}"' for name in kinds.MODELS]
    named = [f"{variable}={name}" for name in kinds.MODELS for variable in ("model", "MODEL")]
    for path in files:
        if own not in path.parents:
            text = path.read_text(encoding="utf-8")
            found = [word for word in (*quoted, *named) if word in text]
            assert not found, f"{path.relative_to(ROOT)} names {', '.join(found)}"
