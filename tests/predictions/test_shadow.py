"""Challengers in shadow: on the rows of the champion, told apart from it, and of no consequence to it."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.predictions.test_one_version import another, predictions_of, register_another
from tests.support.champion import only
from tests.support.model_commands import settings_of, train, write_rows
from tests.support.processes import start_service
from tests.support.waiting import GIVE_UP_SECONDS, wait_for

from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow
from contracts.message import Message
from contracts.model_event import CHALLENGER
from contracts.model_quality import ModelQuality
from contracts.prediction import Prediction
from contracts.services import SERVICES, readers_of, service
from contracts.shadow_prediction import ShadowPrediction
from contracts.topics import MODEL_EVENTS, MODEL_QUALITY, PREDICTIONS, PREDICTIONS_SHADOW, TECHNICAL_INDICATORS
from modeling.facts import Answer
from modeling.own_model import made_up
from modeling.registry import ModelRegistry
from predictions import metrics
from predictions.app import topology
from predictions.last_good import LastGood
from predictions.promotions import Promotions
from predictions.replay import Replayed
from predictions.served_model import ServedModel, load_challenger, load_champion
from predictions.served_versions import Served, ServedVersions
from predictions.speakers import Challenger, Champion, Speakers
from streaming.clients import read_topic
from streaming.producer import open_producer
from streaming.settings import ServiceSettings
from streaming.testing import TopologyRun, run_topology
from verify.served import served_versions

#: Rows of three pairs: of the minute in which predictions begin, and of later ones.
FIRST, KILLED, SAID, LAST = 3_600, 3_900, 3_990, 4_080


@pytest.fixture(scope="module")
def model(champion) -> ServedModel:
    return load_champion(champion.serving)


def challenging(model: ServedModel | None, *others: ServedModel) -> Challenger:
    known = {each.facts.version: each for each in (model, *others) if each is not None}
    return Challenger(model, known.__getitem__)


def serve(
    champion, folder: Path, rows: Sequence[FeatureRow], speakers: Champion | Replayed, challengers: Speakers | None
) -> TopologyRun:
    run = run_topology(
        partial(topology, speakers=speakers, challengers=challengers),
        champion.serving,
        "predictions",
        {TECHNICAL_INDICATORS: rows},
        service("predictions").writes,
        folder=folder,
    )
    assert not run.dead_letters
    return run


def places(said: Sequence[Any]) -> list[tuple[str, int]]:
    return [(each.pair, each.window_start_ms) for each in said]


def starts(rows: Sequence[FeatureRow]) -> list[tuple[str, int]]:
    return [(row.pair, row.window_start_ms) for row in rows]


def test_nothing_reads_what_is_said_in_shadow() -> None:
    """Nothing that trades can follow from it: no service has it as an input, and who wrote it looks back alone."""
    assert readers_of(PREDICTIONS_SHADOW) == ()
    assert [each.name for each in SERVICES if PREDICTIONS_SHADOW in each.looks_back] == ["predictions"]
    assert PREDICTIONS_SHADOW.key == PREDICTIONS.key and PREDICTIONS_SHADOW.partitions == PREDICTIONS.partitions
    assert not issubclass(ShadowPrediction, Prediction), "nobody takes one for the other"


def test_it_speaks_of_the_same_rows_and_changes_nothing(history, model, champion, tmp_path: Path) -> None:
    rows = history[FIRST:LAST]
    alone = serve(champion, tmp_path / "alone", rows, only(model), None)
    with_shadow = serve(champion, tmp_path / "both", rows, only(model), challenging(another(model, 2)))
    for spec in (PREDICTIONS, MODEL_QUALITY):
        of_champion = [r.value for r in with_shadow.records[spec.name] if b'"challenger"' not in (r.value or b"")]
        assert of_champion == [r.value for r in alone.records[spec.name]]
    assert alone[PREDICTIONS_SHADOW.name] == []
    shadows = with_shadow[PREDICTIONS_SHADOW.name]
    assert places(shadows) == places(with_shadow[PREDICTIONS.name]) == starts(rows)
    assert {(each.model_version, each.probability_up, each.direction) for each in shadows} == {(2, 0.02, -1)}
    for record, shadow in zip(with_shadow.records[PREDICTIONS_SHADOW.name], shadows, strict=True):
        assert (record.key, record.timestamp_ms) == (shadow.pair.encode(), shadow.window_start_ms + 60_000)
    told = [(each.event, each.model_version, each.alias) for each in with_shadow[MODEL_EVENTS.name]]
    assert told == [("switched", 1, "champion"), ("shadowed", 2, CHALLENGER)] * 3
    with closing(sqlite3.connect(tmp_path / "both" / "store.sqlite")) as store:
        stored = "SELECT model_version, count(*) FROM {} GROUP BY 1"
        assert store.execute(stored.format("predictions_shadow")).fetchall() == [(2, len(shadows))]
        assert store.execute(stored.format("predictions")).fetchall() == [(1, len(shadows))]


def test_it_is_held_against_what_came_as_the_champion_is(history, model, champion, tmp_path: Path) -> None:
    own = replace(another(model, 2), forecast=model.forecast)
    run = serve(champion, tmp_path, history[FIRST:], only(model), challenging(own))
    told: dict[str | None, list[dict[str, Any]]] = {"champion": [], "challenger": []}
    for each in run[MODEL_QUALITY.name]:
        assert isinstance(each, ModelQuality)
        told[each.role].append(each.model_dump(exclude={"role", "model_version"}))
    assert len(told["champion"]) == 3 and told["challenger"] == told["champion"], "the same said, the same found"


def refusing(model: ServedModel) -> ServedModel:
    def forecast(_: object) -> Answer:
        raise BadInputError("ONNX output", "finite numbers", "nan")

    return replace(another(model, 2), forecast=forecast)


def broken(model: ServedModel) -> ServedModel:
    def forecast(_: object) -> Answer:
        raise RuntimeError("out of memory")

    return replace(another(model, 2), forecast=forecast)


def not_a_number(model: ServedModel) -> ServedModel:
    return replace(another(model, 2), forecast=lambda _: Answer(float("nan")))


@pytest.mark.parametrize("how", [refusing, broken, not_a_number])
def test_whatever_it_does_the_champion_goes_on(history, model, champion, tmp_path: Path, how: Any) -> None:
    rows = history[FIRST : FIRST + 30]
    name = "tradestream_shadow_failures_total"
    labelled = metrics.SHADOW_FAILURES.labels(model=model.facts.name)
    before = labelled._value.get()
    run = serve(champion, tmp_path, rows, only(model), challenging(how(model)))
    assert places(run[PREDICTIONS.name]) == starts(rows)
    assert run[PREDICTIONS_SHADOW.name] == []
    assert labelled._value.get() - before == 30, name


def test_who_was_promoted_challenges_nobody(history, model, champion, tmp_path: Path) -> None:
    run = serve(champion, tmp_path, history[FIRST : FIRST + 30], only(model), challenging(model))
    assert run[PREDICTIONS_SHADOW.name] == []


def test_its_own_training_is_left_unsaid(history, model, champion, tmp_path: Path) -> None:
    later = another(model, 2, history[KILLED].window_start_ms)
    run = serve(champion, tmp_path, history[FIRST:SAID], only(model), challenging(later))
    assert places(run[PREDICTIONS_SHADOW.name]) == starts(history[KILLED:SAID])


def test_what_was_said_before_a_kill_is_said_again_by_the_same(history, model, champion, tmp_path: Path) -> None:
    """It said more than it committed, and another challenges by the next start: one window, one version."""
    older, newer = another(model, 2), another(model, 3)
    serve(champion, tmp_path, history[FIRST:KILLED], only(model), challenging(older))
    unfinished = serve(champion, tmp_path / "the killed", history[FIRST:SAID], only(model), challenging(older))
    lost = [
        each
        for spec in (PREDICTIONS, PREDICTIONS_SHADOW)
        for each in unfinished[spec.name]
        if (each.pair, each.window_start_ms) in starts(history[KILLED:SAID])
    ]
    with open_producer(settings_of(tmp_path), "predictions") as producer:
        for message in lost:
            producer.produce(PREDICTIONS if isinstance(message, Prediction) else PREDICTIONS_SHADOW, message)
    run = serve(champion, tmp_path, history[KILLED:LAST], only(model), challenging(newer, older))
    said = {
        (each.model_version, *place)
        for each, place in zip(run[PREDICTIONS_SHADOW.name], starts(history[KILLED:LAST]), strict=True)
    }
    assert said == {(2, *place) for place in starts(history[KILLED:SAID])} | {
        (3, *place) for place in starts(history[SAID:LAST])
    }
    assert places(run[PREDICTIONS_SHADOW.name]) == places(run[PREDICTIONS.name])
    told = [(each.event, each.pair, each.model_version, each.from_ms) for each in run[MODEL_EVENTS.name]]
    assert told == [("shadowed", row.pair, 3, row.window_start_ms) for row in history[SAID : SAID + 3]]


def test_what_was_told_of_a_lost_shadow_says_whose_it_is(history, model, champion, tmp_path: Path) -> None:
    older, newer = another(model, 2), another(model, 3)
    serve(champion, tmp_path, history[FIRST:KILLED], only(model), challenging(None))
    killed = serve(champion, tmp_path / "the killed", history[FIRST : KILLED + 3], only(model), challenging(older))
    told = [each for each in killed[MODEL_EVENTS.name] if each.event == "shadowed"]
    with open_producer(settings_of(tmp_path), "predictions") as producer:
        for event in told:
            producer.produce(MODEL_EVENTS, event.model_copy(update={"from_ms": history[KILLED].window_start_ms}))
    run = serve(champion, tmp_path, history[KILLED:SAID], only(model), challenging(newer, older))
    shadows = run[PREDICTIONS_SHADOW.name]
    assert places([each for each in shadows if each.model_version == 2]) == starts(history[KILLED : KILLED + 3])
    assert places([each for each in shadows if each.model_version == 3]) == starts(history[KILLED + 3 : SAID])


def test_a_replay_says_the_same_in_shadow(history, model, champion, tmp_path: Path) -> None:
    """Two challengers, nobody between them: each window by who spoke then, and none where nobody did."""
    parts = (
        (history[FIRST:KILLED], another(model, 2)),
        (history[KILLED:SAID], None),
        (history[SAID:LAST], another(model, 3)),
    )
    runs = [serve(champion, tmp_path, rows, only(model), challenging(each)) for rows, each in parts]
    predictions, shadows = (
        [r for run in runs for r in run.records[spec.name]] for spec in (PREDICTIONS, PREDICTIONS_SHADOW)
    )
    entries = [Served.model_validate(each) for each in served_versions(predictions, shadows)]
    served, in_shadow = (
        ServedVersions([each for each in entries if each.in_shadow is which]) for which in (False, True)
    )
    models = {("direction", version): another(model, version) for version in (2, 3)}
    again = serve(
        champion,
        tmp_path / "again",
        history[FIRST:LAST],
        Replayed(served, {("direction", 1): model}),
        Replayed(in_shadow, models),
    )
    assert [r.value for r in again.records[PREDICTIONS_SHADOW.name]] == [r.value for r in shadows]
    assert [r.value for r in again.records[PREDICTIONS.name]] == [r.value for r in predictions]
    assert places(again[PREDICTIONS_SHADOW.name]) == starts([*history[FIRST:KILLED], *history[SAID:LAST]])


def test_the_registry_says_who_challenges(champion) -> None:
    """Nominated, another, one that cannot be served, withdrawn: what speaks follows, and the champion stays."""
    settings = champion.serving.model_copy(update={"model_name": "challenged"})
    registry, speaks = ModelRegistry(settings.tracking_uri), only(load_champion(champion.serving))
    challenger = Challenger(None, lambda _: load_champion(champion.serving))
    looks = Promotions(speaks, settings, challenger)
    stored = ModelRegistry(champion.serving.tracking_uri).load("direction", 1)

    def nominated(**changes: object) -> int | None:
        card = stored.card.model_copy(update={"model_name": "challenged", **changes})
        files = str(champion.settings.data_dir / "artifacts")
        how: dict[str, Any] = {"example": made_up(card)[-2:], "experiment": "tests", "artifact_location": files}
        registry.point("challenged", registry.register(card, stored.onnx, {}, **how), CHALLENGER)
        looks.look()
        return None if challenger.model is None else challenger.model.facts.version

    assert load_challenger(settings, answers=True) is None
    assert (nominated(seed=1), nominated(seed=2)) == (1, 2)
    found = load_challenger(settings, answers=True)
    assert found is not None and found.facts.version == 2
    assert nominated(interval_s=300) is None, "of other bars: no shadow"
    assert load_challenger(settings, answers=True) is None
    registry.point("challenged", 2, CHALLENGER)
    looks.look()
    assert challenger.model is not None
    registry.drop("challenged", CHALLENGER)
    looks.look()
    assert challenger.model is None
    assert speaks.model.facts.version == 1


def test_the_last_challenger_speaks_while_the_registry_is_down(champion, tmp_path: Path) -> None:
    settings = champion.serving.model_copy(update={"data_dir": tmp_path})
    stored = ModelRegistry(champion.serving.tracking_uri).load("direction", 1)
    assert load_challenger(settings, answers=False) is None
    LastGood(tmp_path / "last-good-models", settings.model_name, settings.challenger).write(
        replace(stored, version=7)
    )
    found = load_challenger(settings, answers=False)
    assert found is not None and found.facts.version == 7
    assert load_challenger(settings.model_copy(update={"challenger": ""}), answers=False) is None


@pytest.mark.long
@pytest.mark.timeout(900)
def test_killed_in_the_middle_shadow_and_champion_saw_the_same_offsets(history, tmp_path: Path) -> None:
    """Real processes and SIGKILL, commits only now and then, another challenger by the second start: 0 apart."""
    rows = history[KILLED : KILLED + 240]
    write_rows(tmp_path, history[:KILLED])
    assert train(tmp_path).returncode == 0
    registry = ModelRegistry(f"sqlite:///{tmp_path / 'mlflow.db'}")
    for number in (1, 2):
        register_another(registry, tmp_path / "artifacts", number)
    log, settings = settings_of(tmp_path), {"TRADESTREAM_COMMIT_INTERVAL_SECONDS": 0.7}
    for version, part in ((2, rows[:120]), (3, rows[120:])):
        registry.point("direction", version, CHALLENGER)
        before = len(shadows_of(log))
        with start_service("predictions", log, **settings) as running:
            write_rows(tmp_path, part)
            if version == 2:
                wait_for(lambda: len(shadows_of(log)) >= before + 60, "shadows", of=running)  # noqa: B023
                running.kill()
                continue
            last = {(row.pair, row.window_start_ms) for row in part[-3:]}
            wait_for(lambda: last <= set(places(shadows_of(log))), "the last shadows", of=running)  # noqa: B023
            running.send_signal(signal.SIGTERM)
            assert running.wait(timeout=GIVE_UP_SECONDS) == 0
    served = {(p.pair, p.window_start_ms): p for p in predictions_of(log)}
    shadows = {(p.pair, p.window_start_ms, p.model_version): p for p in shadows_of(log)}
    spoken = {(pair, start) for pair, start, _ in shadows}
    assert len(spoken) == len(shadows), "one window, one challenger"
    assert spoken ^ set(served) == set(), "0 apart"
    assert set(served) >= set(starts(rows)) and {version for *_, version in shadows} == {2, 3}


def shadows_of(log: ServiceSettings) -> list[ShadowPrediction]:
    found: list[Message] = [record.message() for record in read_topic(log, PREDICTIONS_SHADOW)]
    return [each for each in found if isinstance(each, ShadowPrediction)]
