"""One window, one version: whatever is promoted, and whenever the service is killed."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.support.champion import only
from tests.support.model_commands import settings_of, train, write_rows
from tests.support.processes import start_service
from tests.support.waiting import GIVE_UP_SECONDS, wait_for

from contracts.feature_row import FeatureRow
from contracts.model_event import ModelEvent
from contracts.prediction import Prediction
from contracts.services import service
from contracts.topics import MODEL_EVENTS, MODEL_QUALITY, PREDICTIONS, TECHNICAL_INDICATORS
from modeling.facts import Answer
from modeling.own_model import made_up
from modeling.registered import NoModelError
from modeling.registry import ModelRegistry
from predictions.app import topology
from predictions.served_model import ServedModel, load_champion
from predictions.speakers import Champion
from streaming.clients import read_topic
from streaming.producer import open_producer
from streaming.settings import ServiceSettings
from streaming.testing import run_topology

MODEL = "direction"
#: Rows of three pairs, the first of a minute: of the minute in which predictions begin, and of two later ones.
FIRST, KILLED, SAID = 3_600, 3_900, 3_990


@pytest.fixture(scope="module")
def model(champion) -> ServedModel:
    return load_champion(champion.serving)


def another(model: ServedModel, version: int, trained_to_ms: int | None = None) -> ServedModel:
    """A version that says something else, perhaps of a later training."""
    ends_ms = model.facts.trained_to_ms if trained_to_ms is None else trained_to_ms
    return replace(
        model,
        facts=replace(model.facts, version=version, trained_to_ms=ends_ms),
        forecast=lambda _: Answer(version / 100),
    )


def serve(champion, folder: Path, rows: Sequence[FeatureRow], speakers: Champion) -> Any:
    run = run_topology(
        partial(topology, speakers=speakers),
        champion.serving,
        "predictions",
        {TECHNICAL_INDICATORS: rows},
        service("predictions").writes,
        folder=folder,
    )
    assert not run.dead_letters
    return run


def by_version(predictions: Sequence[Prediction]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for each in predictions:
        found.setdefault(each.model_version, set()).add(each.window_start_ms)
    return found


def starts(rows: Sequence[FeatureRow]) -> set[int]:
    return {row.window_start_ms for row in rows}


def test_what_a_killed_service_said_is_said_again_after_a_promotion(history, model, champion, tmp_path) -> None:
    """The older said more than it committed; the newer takes its words for those windows."""
    newer = another(model, 2)
    serve(champion, tmp_path, history[:KILLED], only(model))
    unfinished = serve(champion, tmp_path / "the killed", history[:SAID], only(model))
    lost = [each for each in unfinished[PREDICTIONS.name] if each.window_start_ms in starts(history[KILLED:SAID])]
    with open_producer(settings_of(tmp_path), "predictions") as producer:
        for prediction in lost:
            producer.produce(PREDICTIONS, prediction)
    run = serve(champion, tmp_path, history[KILLED:], Champion(newer, {1: model}.__getitem__))
    said = by_version(run[PREDICTIONS.name])
    assert said == {1: starts(history[KILLED:SAID]), 2: starts(history[SAID:])}
    assert [each for each in run[PREDICTIONS.name] if each.model_version == 1] == lost
    switches = [(each.pair, each.model_version, each.from_ms) for each in run[MODEL_EVENTS.name]]
    assert switches == [(row.pair, 2, history[SAID].window_start_ms) for row in history[SAID : SAID + 3]]


def test_what_was_told_of_a_lost_prediction_says_who_has_to_make_it(history, model, champion, tmp_path) -> None:
    """The newer spoke and told so, and its predictions were lost with the process; the older is served again."""
    newer, at = another(model, 2), history[SAID]
    serve(champion, tmp_path, history[:KILLED], only(model))
    unfinished = serve(champion, tmp_path / "the killed", history[: SAID + 3], only_from(at, model, newer))
    lost = [each for each in unfinished[PREDICTIONS.name] if each.window_start_ms >= at.window_start_ms]
    told = [each for each in unfinished[MODEL_EVENTS.name] if each.model_version == 2]
    assert len(lost) == len(told) == 3
    with open_producer(settings_of(tmp_path), "predictions") as producer:
        for event in told:
            producer.produce(MODEL_EVENTS, event)
    run = serve(champion, tmp_path, history[KILLED:], Champion(model, {2: newer}.__getitem__))
    assert [each for each in run[PREDICTIONS.name] if each.model_version == 2] == lost
    assert run[MODEL_EVENTS.name][:3] == told, "said again, and not that the older goes on"
    assert [each.from_ms for each in run[MODEL_EVENTS.name][3:]] == [history[SAID + 3].window_start_ms] * 3


def test_how_a_version_did_says_that_it_spoke(history, model, champion, tmp_path) -> None:
    """Its predictions and the change to it were lost with the process, and what it had told of a whole window not."""
    newer = another(model, 2)
    began = serve(champion, tmp_path, history[:KILLED], only(model))
    assert not began[MODEL_QUALITY.name]
    killed = serve(champion, tmp_path / "the killed", history, only_from(history[KILLED], model, newer))
    told = [each for each in killed[MODEL_QUALITY.name] if each.model_version == 2]
    assert len(told) == 3, "one a pair"
    with open_producer(settings_of(tmp_path), "predictions") as producer:
        for quality in told:
            producer.produce(MODEL_QUALITY, quality)
    run = serve(champion, tmp_path, history[KILLED:], Champion(model, {2: newer}.__getitem__))
    of_newer = {each for each in run[PREDICTIONS.name] if each.model_version == 2}
    assert {(each.pair, each.window_end_ms) for each in of_newer} >= {(each.pair, each.to_ms) for each in told}
    assert of_newer <= set(killed[PREDICTIONS.name])
    assert max(each.window_end_ms for each in of_newer) == max(each.to_ms for each in told), "and no longer"
    assert [each for each in run[MODEL_QUALITY.name] if each.model_version == 2] == told


def only_from(row: FeatureRow, model: ServedModel, newer: ServedModel) -> Champion:
    """The newer is promoted when `row` comes."""
    speakers = only(model)
    before = speakers.of

    def of(each: FeatureRow, *versions: int | None) -> tuple[ServedModel, ...]:
        if each.window_start_ms == row.window_start_ms and speakers.model is model:
            speakers.replace(newer)
        return before(each, *versions)

    speakers.of = of  # type: ignore[assignment, method-assign]
    return speakers


def test_the_older_speaks_until_the_newer_has_not_seen_the_rows(history, model, champion, tmp_path) -> None:
    until_ms = history[SAID].window_start_ms
    newer = another(model, 2, until_ms)
    serve(champion, tmp_path, history[:KILLED], only(model))
    run = serve(champion, tmp_path, history[KILLED:], Champion(newer, {1: model}.__getitem__))
    assert by_version(run[PREDICTIONS.name]) == {1: starts(history[KILLED:SAID]), 2: starts(history[SAID:])}
    told = [each.from_ms for each in run[MODEL_EVENTS.name]]
    assert told == [until_ms] * 3


def test_an_older_one_that_is_gone_leaves_the_rows_unsaid(history, model, champion, tmp_path) -> None:
    def gone(version: int) -> ServedModel:
        raise NoModelError(f"version {version} is gone")

    newer = another(model, 2, history[SAID].window_start_ms)
    serve(champion, tmp_path, history[:KILLED], Champion(model, gone))
    run = serve(champion, tmp_path, history[KILLED:], Champion(newer, gone))
    assert by_version(run[PREDICTIONS.name]) == {2: starts(history[SAID:])}


def test_a_promotion_while_serving_is_served_from_the_next_row_on(history, model, champion, tmp_path) -> None:
    promoted_ms = history[SAID].window_start_ms
    run = serve(champion, tmp_path, history, only_from(history[SAID], model, another(model, 2)))
    assert by_version(run[PREDICTIONS.name]) == {1: starts(history[FIRST:SAID]), 2: starts(history[SAID:])}
    told = [(each.model_version, each.reason, each.from_ms) for each in run[MODEL_EVENTS.name]]
    first = [(1, "the pair's first", history[FIRST].window_start_ms)] * 3
    assert told == [*first, *[(2, "after version 1", promoted_ms)] * 3]


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_promotions_and_rollbacks_under_kills(history, tmp_path: Path) -> None:
    """Two versions promoted in turn while it serves and while it is dead, 20 SIGKILLs, commits only now and then."""
    write_rows(tmp_path, history[:KILLED])
    assert train(tmp_path).returncode == 0
    registry = ModelRegistry(f"sqlite:///{tmp_path / 'mlflow.db'}")
    register_another(registry, tmp_path / "artifacts")
    log, dice, rounds = settings_of(tmp_path), random.Random(1), 20
    settings = {"PREDICTIONS_POLL_SECONDS": 0.05, "TRADESTREAM_COMMIT_INTERVAL_SECONDS": 0.7}
    rows = history[KILLED:]
    parts = [rows[len(rows) * number // rounds : len(rows) * (number + 1) // rounds] for number in range(rounds)]
    for number, part in enumerate(parts):
        before = len(predictions_of(log))
        registry.promote(MODEL, number % 2 + 1, "champion")
        with start_service("predictions", log, **settings) as service:
            for half, version in ((part[: len(part) // 2], 2 - number % 2), (part[len(part) // 2 :], None)):
                write_rows(tmp_path, half)
                wanted = before + dice.randrange(1, len(half))
                wait_for(lambda: len(predictions_of(log)) >= wanted, "predictions", of=service)  # noqa: B023
                if version is not None:
                    registry.promote(MODEL, version, "champion")
            service.kill()
    with start_service("predictions", log, **settings) as service:
        last_ms = rows[-1].window_start_ms
        wait_for(
            lambda: len({p.pair for p in predictions_of(log) if p.window_start_ms == last_ms}) == 3,
            "the last predictions",
            of=service,
        )
        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=GIVE_UP_SECONDS) == 0
    said = {(p.pair, p.window_start_ms, p.model_version): p for p in predictions_of(log)}
    assert len({(pair, start) for pair, start, _ in said}) == len(said) == len(rows), "one window, one version"
    assert {p.model_version for p in said.values()} == {1, 2}
    assert told_switches(log) == expected_switches(said.values())


def register_another(registry: ModelRegistry, place: Path, number: int = 1) -> None:
    """The same model under another seed is another version."""
    stored = registry.load(MODEL, 1)
    card = stored.card.model_copy(update={"seed": (stored.card.seed or 0) + number})
    example = made_up(card)[-2:]
    registry.register(card, stored.onnx, {}, example=example, experiment="tests", artifact_location=str(place))


def predictions_of(log: ServiceSettings) -> list[Prediction]:
    found = [record.message() for record in read_topic(log, PREDICTIONS)]
    return [each for each in found if isinstance(each, Prediction)]


def told_switches(log: ServiceSettings) -> set[tuple[str, int, int | None]]:
    found = [record.message() for record in read_topic(log, MODEL_EVENTS)]
    events = [each for each in found if isinstance(each, ModelEvent) and each.event == "switched"]
    by_id = {each.message_id: each for each in events}
    assert all(by_id[each.message_id] == each for each in events), "one id, two values"
    return {(str(each.pair), each.model_version, each.from_ms) for each in events}


def expected_switches(said: Iterable[Prediction]) -> set[tuple[str, int, int | None]]:
    found: set[tuple[str, int, int | None]] = set()
    speaks: dict[str, int] = {}
    for each in sorted(said, key=lambda p: p.window_start_ms):
        if speaks.get(each.pair) != each.model_version:
            found.add((each.pair, each.model_version, each.window_start_ms))
        speaks[each.pair] = each.model_version
    return found
