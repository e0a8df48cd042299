"""`python -m predictions replay`: each row is predicted by the version that was served for it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from tests.support.champion import only
from tests.support.feature_rows import MINUTE_MS

from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow
from contracts.services import service
from contracts.topics import PREDICTIONS, TECHNICAL_INDICATORS
from modeling.facts import Answer
from modeling.registered import NoModelError
from predictions.app import topology
from predictions.replay import Replayed, load_versions
from predictions.served_model import ServedModel, load_champion
from predictions.served_versions import Served, ServedVersions
from streaming.testing import run_topology

OUTPUTS = service("predictions").writes


@pytest.fixture(scope="module")
def model(champion) -> ServedModel:
    return load_champion(champion.serving)


def again(rows, entries, models, champion):
    served = ServedVersions(entries)
    play = partial(topology, speakers=Replayed(served, models))
    run = run_topology(play, champion.serving, "predictions", {TECHNICAL_INDICATORS: rows}, OUTPUTS)
    assert not run.dead_letters
    return run.records[PREDICTIONS.name]


def entry(row: FeatureRow, until_ms: int, *versions: int) -> Served:
    """These versions spoke for the pair of `row`."""
    named = tuple(("direction", version) for version in versions)
    return Served(exchange=row.exchange, pair=row.pair, until_ms=until_ms, versions=named)


def test_one_version_says_what_it_said(history, model, champion) -> None:
    inputs = {TECHNICAL_INDICATORS: history}
    served = run_topology(partial(topology, speakers=only(model)), champion.serving, "predictions", inputs, OUTPUTS)
    entries = [entry(row, 0, model.facts.version) for row in history[:3]]
    models = load_versions(ServedVersions(entries), champion.serving)
    replayed = again(history, entries, models, champion)
    assert [r.value for r in replayed] == [r.value for r in served.records[PREDICTIONS.name]]


def test_versions_follow_one_another_and_the_later_is_silent_about_its_training(history, model, champion) -> None:
    rows = [row for row in history if row.pair == history[0].pair]
    first_ms = model.facts.trained_to_ms
    older, newer = (first_ms + minute * MINUTE_MS for minute in (99, 300))
    later = replace(
        model,
        facts=replace(model.facts, version=2, trained_to_ms=first_ms + 150 * MINUTE_MS),
        forecast=lambda bars: Answer(0.25),
    )
    models = {("direction", 1): model, ("direction", 2): later}
    entries = [
        entry(rows[0], older - MINUTE_MS, 1),
        # One row was predicted by both: the older was killed before it had committed, the newer went on from there.
        entry(rows[0], older, 1, 2),
        entry(rows[0], newer, 2),
    ]
    said = [record.message() for record in again(rows, entries, models, champion)]
    by_version: dict[int, list[int]] = {1: [], 2: []}
    for prediction in said:
        by_version[prediction.model_version].append((prediction.window_start_ms - first_ms) // MINUTE_MS)
    assert by_version[1] == list(range(100))
    assert by_version[2] == list(range(150, 400)), "after the last entry the last version goes on"
    assert {p.probability_up for p in said if p.model_version == 2} == {0.25}


def test_what_cannot_be_served_again_is_said(champion, tmp_path: Path) -> None:
    entry = {"exchange": "kraken", "pair": "BTC/USD", "until_ms": 0, "versions": [["direction", 99]]}
    file = tmp_path / "served.json"
    file.write_text(json.dumps([entry]))
    served, shadows = ServedVersions.read(file)
    assert shadows is None
    with pytest.raises(NoModelError, match="direction version 99"):
        load_versions(served, champion.serving)
    with pytest.raises(NoModelError, match="no registry"):
        load_versions(served, champion.serving.model_copy(update={"data_dir": tmp_path}))
    for wrong in ("[]", "{}", "nothing"):
        file.write_text(wrong)
        with pytest.raises(BadInputError):
            ServedVersions.read(file)
