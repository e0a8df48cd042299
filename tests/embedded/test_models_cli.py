"""`tradestream models promote` and `rollback`: what is served, who said so and why, and where that is kept."""

from __future__ import annotations

import json
from math import log
from pathlib import Path
from typing import Any

import pytest
from pytest import approx
from tests.support.message_examples import example
from tests.support.trained_model import trained_model
from typer.testing import CliRunner

from contracts.audit_event import AuditEvent
from contracts.feature_row import FeatureRow
from contracts.model_event import ModelEvent
from contracts.prediction import Prediction
from contracts.shadow_prediction import ShadowPrediction
from contracts.topics import AUDIT_LOG, MODEL_EVENTS
from embedded.cli import app
from embedded.environment import ENVIRONMENT
from featurestore import open_store
from modeling.own_model import made_up
from modeling.registered import StoredModel
from modeling.registry import ModelRegistry
from predictions.promotions import Promotions
from predictions.served_model import load_champion
from predictions.settings import PredictionsSettings
from predictions.speakers import Champion
from results.run_folder import RunFolder
from streaming.clients import read_topic
from streaming.settings import ServiceSettings


class Run:
    """Three versions of a model of some name, of which the third has passed the gate and none is served."""

    def __init__(self, place: RunFolder, stored: StoredModel, name: str) -> None:
        self.place, self.name = place, name
        self.serving = PredictionsSettings(data_dir=place.work, model_name=name)
        self.registry = ModelRegistry(self.serving.tracking_uri)
        verdict = stored.card.verdict
        assert verdict is not None and verdict.outcome == "failed"
        passed = tuple(bar.model_copy(update={"passed": True}) for bar in verdict.bars)
        for changes in ({}, {"seed": 99}, {"verdict": verdict.model_copy(update={"bars": passed})}):
            card = stored.card.model_copy(update={**changes, "model_name": name})
            files = str(place.work / name)
            how: dict[str, Any] = {"example": made_up(card)[-2:], "experiment": name, "artifact_location": files}
            version = self.registry.register(card, stored.onnx, {}, **how)
            self.registry.tag(name, version, "gate_reason", "as the gate said")

    def models(self, *arguments: str) -> tuple[int, str]:
        words = ["models", *arguments, "--name", self.name, "--run", str(self.place.out)]
        done = CliRunner().invoke(app, words, env={"COLUMNS": "400", "USER": "ann"})
        return done.exit_code, done.output

    def served(self) -> tuple[int | None, int | None]:
        """The version that is served, and the one that was before it."""
        return self.registry.version_of(self.name, "champion"), self.registry.version_of(self.name, "previous")

    def tag(self, version: int, key: str) -> str | None:
        return self.registry.tag_of(self.name, version, key)

    def told(self) -> list[ModelEvent]:
        found = [record.message() for record in read_topic(self._log(), MODEL_EVENTS)]
        return [each for each in found if isinstance(each, ModelEvent) and each.model_name == self.name]

    def audited(self) -> list[AuditEvent]:
        found = [record.message() for record in read_topic(self._log(), AUDIT_LOG)]
        return [each for each in found if isinstance(each, AuditEvent) and each.subject.startswith(f"{self.name}:")]

    def _log(self) -> ServiceSettings:
        return ServiceSettings(broker_address=self.place.broker_address, environment=ENVIRONMENT)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    found = RunFolder(tmp_path_factory.mktemp("models") / "run")
    found.create()
    found.log.mkdir(exist_ok=True)
    return found


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    return ModelRegistry(trained_model(tmp_path_factory)["PREDICTIONS_MLFLOW_URI"]).load("direction", 1)


@pytest.fixture
def run(place: RunFolder, stored: StoredModel, request: pytest.FixtureRequest) -> Run:
    return Run(place, stored, request.node.name)


def test_what_has_not_passed_needs_a_reason_that_is_kept(run: Run) -> None:
    for none in ((), ("--reason", " ")):
        code, said = run.models("promote", "1", *none)
        assert code == 2
        words = f"--reason: expected why version 1 of {run.name} is served although it has not passed the gate"
        assert f"{words} (as the gate said), was " in said
    assert run.served() == (None, None) and not run.told()
    assert run.tag(1, "served_reason") is None
    code, said = run.models("promote", "1", "--reason", "to see it run", "--by", "ann")
    assert (code, run.served()) == (0, (1, None)), said
    assert run.tag(1, "served_reason") == "to see it run"
    assert run.tag(1, "served_by") == "ann"
    (told,) = run.told()
    assert (told.event, told.model_version, told.alias, told.reason, told.by) == (
        "promoted",
        1,
        "champion",
        "to see it run",
        "ann",
    )
    (audited,) = run.audited()
    assert (audited.action, audited.subject, audited.actor) == ("model_promoted", f"{run.name}:1", "ann")
    assert audited.details["reason"] == "to see it run"


def test_a_rollback_is_a_switch_like_a_promotion(run: Run) -> None:
    """1, then 3 that has passed, then 2; back to 3, and back to 2: what serves follows each, and each is told."""
    assert run.models("promote", "1", "--reason", "a")[0] == 0
    looked = Champion(load_champion(run.serving), lambda _: load_champion(run.serving))
    looks = Promotions(looked, run.serving)

    def served(*arguments: str) -> int:
        code, said = run.models(*arguments)
        assert code == 0, said
        looks.look()
        return looked.model.facts.version

    assert (served("promote", "3"), run.served()) == (3, (3, 1)), "it has passed: no reason is asked for"
    assert (served("promote", "2", "--reason", "b"), run.served()) == (2, (2, 3))
    assert (served("promote", "2", "--reason", "b"), run.served()) == (2, (2, 3)), "again is no switch"
    assert (served("rollback", "--reason", "it buys everything"), run.served()) == (3, (3, 2))
    assert run.tag(2, "rolled_back_reason") == "it buys everything"
    assert (served("rollback"), run.served()) == (2, (2, 3))
    assert (served("promote", "2", "--reason", "c"), run.served()) == (2, (2, 3))
    told = {each.message_id: each for each in run.told()}
    assert [(each.event, each.model_version, each.reason) for each in told.values()] == [
        ("promoted", 1, "a"),
        ("promoted", 3, "as the gate said"),
        ("promoted", 2, "b"),
        ("rolled_back", 3, "after version 2: it buys everything"),
        ("rolled_back", 2, "after version 3: by hand"),
        ("promoted", 2, "c"),
    ]
    assert all(told[each.message_id] == each for each in run.told()), "one id, two values"
    actions = ["model_promoted"] * 4 + ["model_rolled_back"] * 2 + ["model_promoted"]
    assert [each.action for each in run.audited()] == actions


def test_without_a_version_before_there_is_nothing_to_go_back_to(run: Run) -> None:
    words = f"alias previous of {run.name}: expected a version that was served before, was"
    assert f"{words} 'none'" in run.models("rollback")[1]
    run.models("promote", "1", "--reason", "a")
    run.registry._client.set_registered_model_alias(run.name, "previous", "1")  # a promotion that was killed half way
    code, said = run.models("rollback")
    assert (code, run.served()) == (2, (1, 1))
    assert f"{words} 'version 1 alone'" in said


def test_a_version_whose_files_are_gone_is_not_gone_back_to(run: Run) -> None:
    run.models("promote", "1", "--reason", "a")
    run.models("promote", "3")
    for file in (run.place.work / run.name).rglob("model.onnx"):
        file.unlink()
    code, said = run.models("rollback", "--reason", "b")
    assert code == 1 and "model.onnx is not in its folder" in said
    assert run.served() == (3, 1)
    assert run.tag(3, "rolled_back_reason") is None, "nothing half done"


def test_a_model_of_ones_own_is_promoted_with_a_reason_or_not_registered(run: Run, tmp_path: Path) -> None:
    onnx = tmp_path / "own.onnx"
    onnx.write_bytes(run.registry.load(run.name, 1).onnx)
    code, said = run.models("register", str(onnx), "--promote", "--inputs", "close")
    assert code == 2
    assert "--reason: expected why own.onnx is served although it has not passed the gate (nobody judged it)" in said
    assert len(run.registry.versions(run.name)) == 3


def test_another_alias_has_its_own_version_before(run: Run) -> None:
    for version in (1, 2):
        run.registry.promote(run.name, version, "canary")
    assert run.served() == (None, None)
    assert run.registry.version_of(run.name, "previous-canary") == 1


def test_a_challenger_is_nominated_compared_and_promoted(run: Run) -> None:
    """No gate is asked; who is served challenges nobody; a promotion ends it, a withdrawal too."""
    assert run.models("promote", "1", "--reason", "a")[0] == 0
    code, said = run.models("challenge", "1")
    assert (
        code == 2 and f"VERSION: expected another version of {run.name} than the one that is champion, was 1" in said
    )
    assert run.models("challenge", "9")[0] == 1
    code, said = run.models("withdraw")
    assert code == 2 and f"alias challenger of {run.name}: expected a version that challenges, was 'none'" in said
    assert f"alias challenger of {run.name}" in run.models("promote", "challenger", "--reason", "b")[1]
    code, said = run.models("promote", "0")
    assert code == 2 and "VERSION: expected the number of a version" in said
    code, said = run.models("challenge", "2", "--by", "ann")
    assert code == 0, said
    assert "it speaks in shadow from the next rows on" in said
    assert (run.registry.version_of(run.name, "challenger"), run.served()) == (2, (1, None))
    assert run.models("challenge", "3")[0] == 0
    assert run.models("promote", "challenger")[0] == 0, "it has passed: no reason is asked for"
    assert (run.registry.version_of(run.name, "challenger"), run.served()) == (None, (3, 1))
    assert run.models("challenge", "2")[0] == 0
    assert run.models("withdraw", "--reason", "enough seen")[0] == 0
    assert run.registry.version_of(run.name, "challenger") is None
    told = [(each.event, each.model_version, each.alias, each.reason) for each in run.told()]
    assert told[1:] == [
        ("nominated", 2, "challenger", "by hand"),
        ("nominated", 3, "challenger", "by hand"),
        ("promoted", 3, "champion", "as the gate said"),
        ("nominated", 2, "challenger", "by hand"),
        ("withdrawn", 2, None, "enough seen"),
    ]
    actions = [each.action for each in run.audited()]
    assert actions.count("model_nominated") == 3 and actions.count("model_withdrawn") == 1


def test_what_has_no_registry_has_nothing_to_compare(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["models", "compare", "--run", str(tmp_path / "nobody")])
    assert done.exit_code == 2 and "registry: expected one that exists" in " ".join(done.output.split())


def test_champion_and_challenger_side_by_side(run: Run) -> None:
    """Two pairs, one bar ahead: gains and agreement by hand, one window apart, one that did not move, one gap."""
    assert "no challenger of" in run.models("compare")[1]
    closes = {"BTC/USD": (100, 101, 100, 100, 100, 99), "ETH/USD": (10, 9, 9, 9, 9, 8)}
    ups = {"BTC/USD": (0.8, 0.8, None, 0.8, 0.8), "ETH/USD": (0.4, 0.4, 0.4, 0.4, 0.4)}
    with open_store(f"sqlite:///{run.place.work / 'store.sqlite'}") as store:
        for pair, of_pair in closes.items():
            facts: dict[str, Any] = {"pair": pair, "model_name": run.name, "horizon_bars": 1}
            for minute, close in enumerate(of_pair):
                quality = "gap" if minute == 5 else "complete"
                of_bar = {
                    **facts,
                    "window_start_ms": 60_000 * minute,
                    "mark_close": str(close),
                    "mark_quality": quality,
                }
                served: dict[str, Any] = {
                    "model_version": 1,
                    "probability_up": 0.5,
                    "confidence": 0.5,
                    "direction": 0,
                }
                store.write([example(Prediction, **of_bar, **served)])
                bar = {"high": str(close), "low": str(close), "close": str(close), "quality": quality}
                start_ms = of_bar["window_start_ms"]
                store.write([example(FeatureRow, pair=pair, window_start_ms=start_ms, **bar)])
                up = ups[pair][minute] if minute < 5 else None
                if up is not None:
                    store.write([example(ShadowPrediction, **of_bar, model_version=2, probability_up=up)])
    code, said = run.models("compare", "--json")
    assert code == 0, said
    (found,) = json.loads(said)
    assert found["label"] == "rise"
    gain = log(2) - ((-log(0.8) - log(0.6)) / 2 - log(0.2)) / 2
    assert found["gain"] == approx(gain, abs=1e-6) and found["error"] is None
    assert {name: found[name] for name in ("challenger", "champions", "windows", "apart", "judged", "samples")} == {
        "challenger": 2,
        "champions": [1],
        "windows": 9,
        "apart": 1,
        "judged": 3,
        "samples": 3,
    }
    assert found["agreement"] == approx(5 / 9, abs=1e-6)
    shown = run.models("compare")[1]
    assert "Gain" in shown and "66.7 %" in shown and f"{gain:+.5f}" in shown
