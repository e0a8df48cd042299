"""A kill leaves of each topic what was written up to some message, another one on each: it has to hold together."""

from __future__ import annotations

import random
import shutil
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.predictions.test_one_version import another
from tests.predictions.test_shadow import challenging, serve
from tests.support.champion import only
from tests.support.model_commands import settings_of
from tests.support.reloading import comparisons, expected_switches, told_switches

from contracts.feature_row import FeatureRow
from contracts.services import service
from contracts.topics import MODEL_EVENTS, MODEL_QUALITY, PREDICTIONS, PREDICTIONS_SHADOW, TECHNICAL_INDICATORS
from predictions.app import topology
from predictions.replay import Replayed
from predictions.served_model import ServedModel, load_champion
from predictions.served_versions import Served, ServedVersions
from predictions.speakers import Challenger, Champion
from streaming.clients import read_topic
from streaming.embedded.producer import EmbeddedProducer
from streaming.record import Record
from streaming.testing import TopologyRun, run_topology
from verify.served import served_versions

WRITTEN = (PREDICTIONS, PREDICTIONS_SHADOW, MODEL_EVENTS, MODEL_QUALITY)
#: Rows of three pairs: where predictions begin, and what was committed.
FIRST, KILLED = 3_600, 3_900
CHAMPIONS, CHALLENGERS = (1, 2, 3), (4, 5, 6)


@pytest.fixture(scope="module")
def models(champion) -> dict[int, ServedModel]:
    model = load_champion(champion.serving)
    return {number: another(model, number) for number in (*CHAMPIONS, *CHALLENGERS)}


@pytest.mark.parametrize("seed", range(4))
def test_what_is_left_and_what_is_said_again_hold_together(history, models, champion, tmp_path: Path, seed) -> None:
    dice = random.Random(seed)
    log, killed = settings_of(tmp_path), tmp_path / "killed"
    serve(champion, tmp_path, history[FIRST:KILLED], *speaking(models, 1, 4))
    shutil.copytree(tmp_path, killed, ignore=shutil.ignore_patterns("killed"))
    rows = history[KILLED:]
    unfinished = serve(champion, killed, rows, *changing(models, rows, dice))
    for spec in WRITTEN:
        leave(tmp_path, spec.full_name(log.environment), unfinished.records[spec.name], dice)
    serve(champion, tmp_path, rows, *speaking(models, dice.choice(CHAMPIONS), dice.choice(CHALLENGERS)))
    published = {spec: list(read_topic(log, spec)) for spec in WRITTEN}
    told: list[Any] = [record.message() for record in published[MODEL_EVENTS]]
    for spec, event in ((PREDICTIONS, "switched"), (PREDICTIONS_SHADOW, "shadowed")):
        said: list[Any] = [record.message() for record in published[spec]]
        versions: dict[tuple[str, int], set[int]] = defaultdict(set)
        for each in said:
            versions[each.pair, each.window_start_ms].add(each.model_version)
        assert [found for found in versions.values() if len(found) > 1] == [], "one window, one version"
        assert set(versions) == {(row.pair, row.window_start_ms) for row in history[FIRST:]}
        assert set(told_switches(told, event)) == expected_switches(said), "each switch told, and no other"
    again = replayed(history[FIRST:], published, models, champion)
    found = comparisons(published, again)
    assert [(each.topic, each.faults[:3]) for each in found if each.wrong] == []
    assert min(each.equal for each in found) > 0


def speaking(models: dict[int, ServedModel], champion: int, challenger: int) -> tuple[Champion, Challenger]:
    return Champion(models[champion], models.__getitem__), challenging(models[challenger], *models.values())


def changing(
    models: dict[int, ServedModel], rows: Sequence[FeatureRow], dice: random.Random
) -> tuple[Champion, Challenger]:
    """Another champion at some rows, and at others another challenger."""
    champion, challenger = speaking(models, 1, 4)
    before = champion.of
    at = {row.window_start_ms: row.pair for row in dice.sample(rows[: len(rows) // 3], 2)}

    def of(row: FeatureRow, *versions: int | None) -> tuple[ServedModel, ...]:
        if at.get(row.window_start_ms) == row.pair:
            champion.replace(models[dice.choice(CHAMPIONS)])
            challenger.replace(models[dice.choice(CHALLENGERS)])
        return before(row, *versions)

    champion.of = of  # type: ignore[assignment, method-assign]
    return champion, challenger


def leave(folder: Path, topic: str, records: Sequence[Record], dice: random.Random) -> None:
    """Write of each partition what comes before some message."""
    partitions: dict[int, list[Record]] = defaultdict(list)
    for record in records:
        partitions[record.partition].append(record)
    producer = EmbeddedProducer({"bootstrap.servers": settings_of(folder).broker_address})
    for each in partitions.values():
        for record in each[: dice.randrange(len(each) + 1)]:
            headers = list(record.headers.items())
            producer.produce(topic, record.value, record.key, headers=headers, timestamp=record.timestamp_ms)
    producer.flush()
    producer.close()


def replayed(
    rows: Sequence[FeatureRow], published: dict[Any, list[Record]], models: dict[int, ServedModel], champion
) -> TopologyRun:
    """Predict again as `tradestream verify` does."""
    name = champion.serving.model_name
    known = {(name, number): model for number, model in models.items()}
    entries = [
        Served.model_validate(each) for each in served_versions(published[PREDICTIONS], published[PREDICTIONS_SHADOW])
    ]
    served, in_shadow = (
        Replayed(ServedVersions([each for each in entries if each.in_shadow is which]), known)
        for which in (False, True)
    )
    return run_topology(
        partial(topology, speakers=served, challengers=in_shadow),
        champion.serving,
        "predictions",
        {TECHNICAL_INDICATORS: rows},
        service("predictions").writes,
    )


def test_nothing_is_lost_where_one_serves_all(history, models, champion, tmp_path: Path) -> None:
    """What the law says of a run that nobody killed."""
    run = serve(champion, tmp_path, history[FIRST:], only(models[1]), challenging(models[4]))
    published = {spec: run.records[spec.name] for spec in WRITTEN}
    again = replayed(history[FIRST:], published, models, champion)
    assert [each.wrong for each in comparisons(published, again)] == [0] * 4
