"""`docs/how-to/own-model.md` is true: its code fits and exports a model that is served as it was fitted."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.support.bar_series import simulated
from tests.support.champion import only
from tests.support.workspace import ROOT
from typer.testing import CliRunner

from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow
from contracts.model_event import ModelEvent
from contracts.services import service
from contracts.state import MemoryState
from contracts.topics import MODEL_EVENTS, PREDICTIONS, TECHNICAL_INDICATORS
from embedded.cli import app
from embedded.environment import ENVIRONMENT
from embedded.model_commands import adopt
from embedded.model_place import chosen, settings_of
from embedded.plans.paper import _has_model
from featurestore import open_store
from indicators.core.fold import step as indicators_step
from modeling.facts import Answer
from modeling.registered import NoModelError
from modeling.registry import ModelRegistry
from predictions.app import topology
from predictions.core.decision import initial, step
from predictions.served_model import ServedModel, load_champion
from predictions.settings import PredictionsSettings
from results.run_folder import RunFolder
from results.summary import RunRecord
from streaming.clients import read_topic
from streaming.settings import ServiceSettings
from streaming.testing import run_topology

PAGE = (ROOT / "docs/how-to/own-model.md").read_text(encoding="utf-8")
FIT, COMPARE, MLFLOW = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
#: The page's model ends its training here; the rows that it has not seen follow.
TRAINED_TO_MS = 1_772_582_400_000
#: From the midnight in them on, recursive features are warm.
SEEN, SERVED = 2_100, 120


@dataclass
class Page:
    """What the page's first block left: its names, and the rows it was made of with those that follow."""

    folder: Path
    names: dict[str, Any]
    rows: list[FeatureRow]

    def models(self, *arguments: str) -> Any:
        """Run `tradestream models ...`."""
        return CliRunner().invoke(app, ["models", *arguments], env={"COLUMNS": "200"})

    def settings(self) -> PredictionsSettings:
        return PredictionsSettings(data_dir=self.folder / "runs/demo/work")


def _rows() -> list[FeatureRow]:
    candles = simulated(SEEN + SERVED, first_ms=TRAINED_TO_MS - SEEN * 60_000).candles("BTC/USD")
    state, engines = MemoryState(), {}
    return [indicators_step(state, candle, engines, "full")[0] for candle in candles]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = tmp_path_factory.mktemp("page")
    rows = _rows()
    run = RunFolder(folder / "runs/demo")
    run.create()
    run.log.mkdir()
    (run.work / "settings.json").write_text(
        json.dumps({"runs": [{"from": "2026-03-04T00:00:00Z", "settings": {"INDICATORS_FEATURE_SET": "full"}}]})
    )
    with open_store(f"sqlite:///{run.work}/store.sqlite") as store:
        store.write(rows)
    names: dict[str, Any] = {"__name__": "page"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(compile(FIT, "own-model.md", "exec"), names)
    return Page(folder, names, rows)


@pytest.fixture(scope="module")
def registered(page: Page) -> Page:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(page.folder)
        card = ["--card", "own_model.json", "--run", "runs/demo", "--promote", "--reason", "my own"]
        done = page.models("register", "own_model.onnx", *card)
    assert done.exit_code == 0, done.output
    assert "direction version 1: 6 inputs of full, probability 0." in done.output
    assert "on 1,000 stored rows" in done.output
    assert "direction version 1 is champion: served from its next rows on, from 2026-03-04" in done.output
    return page


def test_what_is_served_is_what_scikit_learn_says(registered: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = registered.settings()
    model = load_champion(settings)
    run = run_topology(
        partial(topology, speakers=only(model)),
        settings,
        "predictions",
        inputs={TECHNICAL_INDICATORS: registered.rows},
        outputs=service("predictions").writes,
    )
    predictions = run[PREDICTIONS.name]
    assert not run.dead_letters
    assert len(predictions) == SERVED
    assert sum(each.reason == "ok" for each in predictions) > 100
    out = registered.folder / "runs/own"
    out.mkdir(parents=True, exist_ok=True)
    for name, messages in (("technical_indicators", registered.rows), ("predictions", predictions)):
        columns = [each.model_dump(mode="json") for each in messages]
        pl.DataFrame(columns, infer_schema_length=None).write_parquet(out / f"{name}.parquet")
    monkeypatch.chdir(registered.folder)
    exec(compile(COMPARE, "own-model.md", "exec"), registered.names)


def test_mlflow_loads_it(
    registered: Page, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(registered.folder)
    exec(compile(MLFLOW, "own-model.md", "exec"), registered.names)
    said = registered.names["loaded"].predict(registered.names["x"])["probabilities"]
    assert np.abs(said - registered.names["model"].predict_proba(registered.names["x"])).max() < 1e-6


def test_versions_are_listed_shown_and_told(registered: Page) -> None:
    run = ("--run", str(registered.folder / "runs/demo"))
    (listed,) = json.loads(registered.models("list", "--json", *run).stdout)
    assert (listed["version"], listed["aliases"], listed["kind"]) == (1, ["champion"], "logistic regression")
    assert listed["predicts_from"] == "2026-03-04T00:00:00Z"
    assert "champion" in registered.models("list", *run).stdout
    assert json.loads(registered.models("show", "1", *run).stdout)["input_names"] == registered.names["INPUTS"]
    place = RunFolder(registered.folder / "runs/demo")
    log = ServiceSettings(broker_address=place.broker_address, environment=ENVIRONMENT)
    told = [record.message() for record in read_topic(log, MODEL_EVENTS)]
    assert [(each.event, each.model_version) for each in told if isinstance(each, ModelEvent)] == [
        ("registered", 1),
        ("promoted", 1),
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "7"], "direction version 7 is not in the registry"),
        (["promote", "7"], "direction version 7 is not in the registry"),
        (["register", "nothing.onnx", "--card", "own_model.json"], "FILE: expected an ONNX file, was"),
        (["register", "own_model.json", "--card", "own_model.json"], "ONNX file: expected a model that ONNX Runtime"),
        (["register", "own_model.onnx"], "of card: expected a value, in the card or as an option"),
        (
            ["register", "own_model.onnx", "--card", "own_model.json", "--inputs", "rsi_14,"],
            "--inputs: expected names",
        ),
        (
            ["register", "own_model.onnx", "--card", "own_model.json", "--inputs", "rsi_14"],
            "shape (any, 1) or (any, 1, 1)",
        ),
    ],
)
def test_refused_in_words(
    registered: Page, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(registered.folder)
    done = registered.models(*arguments, "--run", "runs/demo")
    assert done.exit_code in (1, 2)
    assert words in done.output


def test_no_registry_is_made_by_looking(tmp_path: Path, registered: Page) -> None:
    done = registered.models("list", "--run", str(tmp_path / "none"))
    assert done.exit_code == 2 and "registry: expected one that exists" in done.output
    assert not list(tmp_path.iterdir())


def test_features_that_a_run_does_not_compute(registered: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same sentence where a model is registered, taken over and served by `run`."""
    run = registered.folder / "runs/demo"
    words = (
        r"INDICATORS_FEATURE_SET: expected the set full, because model direction needs .* \(make {} features=full\)"
    )
    monkeypatch.delenv("INDICATORS_FEATURE_SET", raising=False)
    with pytest.raises(BadInputError, match=words.format("demo")):
        chosen(str(run), "make demo")
    with pytest.raises(BadInputError, match=words.format(f"run data={run}")):
        _has_model(RunFolder(run), _record())
    monkeypatch.setenv("INDICATORS_FEATURE_SET", "full")
    taken = chosen(str(run), "make demo")
    assert taken is not None and taken.version == 1
    assert _has_model(RunFolder(run), _record())


def test_a_card_of_the_run_that_computes_core_is_refused(registered: Page, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "core")
    run.create()
    (run.work / "settings.json").write_text('{"runs": [{"from": "2026-03-04T00:00:00Z", "settings": {}}]}')
    done = registered.models(
        "register",
        str(registered.folder / "own_model.onnx"),
        "--run",
        str(run.out),
        "--card",
        str(registered.folder / "own_model.json"),
    )
    assert done.exit_code == 2
    assert f"(make run data={run.out} features=full), was 'core'" in done.output
    assert not (run.work / "mlflow.db").exists()


def test_a_lost_model_of_ones_own_is_no_reason_to_train_another(registered: Page, tmp_path: Path) -> None:
    stored = ModelRegistry(registered.settings().tracking_uri).load("direction", 1)
    for kind, replaced in (("own", False), ("logistic", True)):
        place = RunFolder(tmp_path / kind)
        place.create()
        settings = settings_of(place.out)
        assert not _has_model(place, _record()), "nothing was ever registered"
        registry = ModelRegistry(settings.tracking_uri)
        card = stored.card.model_copy(update={"kind": kind})
        example = np.zeros((1, 1, 6))
        how: dict[str, Any] = {"experiment": "e", "artifact_location": settings.artifact_location, "example": example}
        registry.promote("direction", registry.register(card, stored.onnx, {}, **how), "champion")
        (file,) = (place.work / "mlartifacts").rglob("model.onnx")
        file.unlink()
        record = _record()
        if replaced:
            assert not _has_model(place, record)
            assert "cannot be served any more, so another was trained: model direction version 1" in record.notes[0]
        else:
            with pytest.raises(NoModelError, match=r"model\.onnx is not in its folder"):
                _has_model(place, record)


def test_a_model_that_is_taken_over_is_counted_anew_and_the_page_says_so(registered: Page, tmp_path: Path) -> None:
    stored = ModelRegistry(registered.settings().tracking_uri).load("direction", 1)
    place = RunFolder(tmp_path / "own")
    place.create()
    address, version = adopt(place, replace(stored, version=3))
    assert version == 1 and ModelRegistry(address).load("direction", 1).onnx == stored.onnx
    assert "version 3 of `runs/demo`\nis version 1 of `runs/own`" in PAGE


def test_what_the_pages_run_with_uv_installs_no_tools_of_development() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    told = [line for page in pages for line in re.findall(r"uv run [^`\n]*--with [^`\n]*", page.read_text("utf-8"))]
    assert told and all("--no-sync" in line or "--no-dev" in line for line in told), told


def test_a_run_of_bars_does_not_depend_on_the_model(registered: Page) -> None:
    """So a version that is promoted later says what it would have said from the start, and `verify` finds that."""
    own = load_champion(registered.settings())
    longer = ServedModel(replace(own.facts, sequence_length=10), own.card, lambda bars: Answer(len(bars) / 100))
    rows = registered.rows
    alone = initial()
    expected = []
    for row in rows:
        alone, said = step(alone, row, longer.facts, longer.forecast)
        expected.append(said)
    mixed = initial()
    for number, row in enumerate(rows):
        model = own if number < SEEN + 50 else longer
        mixed, said = step(mixed, row, model.facts, model.forecast)
        if model is longer:
            assert said == expected[number]
    assert any(each and each[0].reason == "ok" for each in expected)


def _record() -> RunRecord:
    return RunRecord(title="", command="", exchange="kraken", pairs=[], live_from_ms=TRAINED_TO_MS)
