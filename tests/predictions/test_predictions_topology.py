"""The real application over an embedded log, with a model from a real registry."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.support.champion import only
from tests.support.feature_rows import changed

from contracts.feature_row import FeatureRow
from contracts.services import service
from contracts.state import MemoryState
from contracts.topics import MODEL_QUALITY, PREDICTIONS, TECHNICAL_INDICATORS
from modeling.labels import RISE, LabelRule
from modeling.stability import SAID
from predictions.app import topology
from predictions.core import quality
from predictions.core.decision import initial, step
from predictions.core.quality import watch
from predictions.core.shift import seen_of
from predictions.served_model import ServedModel, load_champion
from streaming.testing import run_topology

#: Of costs that many of these rows' moves exceed.
RULES = [RISE, LabelRule("net", cost_bps=5.0), LabelRule("triple_barrier", barrier_width=0.8)]


@pytest.fixture(scope="module")
def model(champion) -> ServedModel:
    return load_champion(champion.serving)


def _run(rows, model: ServedModel, champion, folder: Path | None = None):
    return run_topology(
        partial(topology, speakers=only(model)),
        champion.serving,
        "predictions",
        inputs={TECHNICAL_INDICATORS: rows},
        outputs=service("predictions").writes,
        folder=folder,
    )


def _expected(rows: list[FeatureRow], model: ServedModel) -> list[Any]:
    runs, out = {}, []
    for row in rows:
        runs[row.pair], predictions = step(runs.get(row.pair, initial()), row, model.facts, model.forecast)
        out.extend(predictions)
    return out


def test_served_equals_batch(history, model, champion) -> None:
    run = _run(history, model, champion)
    predictions = run[PREDICTIONS.name]
    expected_ms = sorted({r.window_start_ms for r in history if r.window_start_ms >= model.facts.trained_to_ms})
    assert len(predictions) == 3 * len(expected_ms) == 3 * 400
    assert predictions == _expected(history, model)
    assert {p.reason for p in predictions} == {"ok"}
    assert not run.dead_letters


def test_rows_unlike_training_are_unfamiliar_and_a_restart_says_the_same(history, model, champion, tmp_path) -> None:
    rows = [
        *history[:4_000],
        *(changed(row, rsi_14=row.rsi_14 and 1_000.0) for row in history[4_000:4_090]),
        *history[4_090:4_200],
    ]
    wanted = _expected(rows, model)
    assert [each.reason for each in wanted] == ["ok"] * 400 + ["unfamiliar"] * 90 + ["ok"] * 110
    assert {each.probability_up for each in wanted if each.reason == "unfamiliar"} == {None}
    assert all(each.novelty is not None for each in wanted)
    first = _run(rows[:4_050], model, champion, tmp_path)[PREDICTIONS.name]
    assert first + _run(rows[4_020:], model, champion, tmp_path)[PREDICTIONS.name] == wanted


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_predictions_are_held_against_what_came_and_a_restart_says_the_same(
    history, model, champion, tmp_path: Path, rule: LabelRule
) -> None:
    model = replace(model, card=model.card.model_copy(update={"label": rule}))
    runs, states, wanted = {}, {}, []
    for row in history:
        before = runs.get(row.pair, initial())
        runs[row.pair], predictions = step(before, row, model.facts, model.forecast)
        wanted += watch(states.setdefault(row.pair, MemoryState()), row, list(predictions), rule, before)
    assert sorted(each.pair for each in wanted) == ["BTC/USD", "ETH/USD", "SOL/USD"]
    told = _run(history[:4_300], model, champion, tmp_path)[MODEL_QUALITY.name]
    again = _run(history[4_200:], model, champion, tmp_path)[MODEL_QUALITY.name]  # rows come again after a kill
    assert told + again == wanted
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as store:
        stored = store.execute("SELECT pair, judged FROM model_quality ORDER BY pair").fetchall()
    assert stored == [(each.pair, each.judged) for each in sorted(wanted, key=lambda each: each.pair)]


def test_what_is_seen_is_held_against_training_and_a_restart_says_the_same(
    history, model, champion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "WINDOW", 50)
    assert [each.name for each in model.facts.stability] == [*model.card.input_names, SAID]
    runs, states, wanted = {}, {}, []
    for row in history:
        before = runs.get(row.pair, initial())
        runs[row.pair], said = step(before, row, model.facts, model.forecast)
        seen = seen_of(runs[row.pair], model.facts, said)
        wanted += watch(states.setdefault(row.pair, MemoryState()), row, list(said), RISE, before, seen=seen)
    with_index = [each for each in wanted if each.psi_excess is not None]
    assert len(with_index) == len(wanted) - 3 >= 6, "all but the first of each pair"
    assert all(list(json.loads(each.input_psi or "")) == list(model.card.input_names) for each in with_index)
    told = _run(history[:4_300], model, champion, tmp_path)[MODEL_QUALITY.name]
    again = _run(history[4_200:], model, champion, tmp_path)[MODEL_QUALITY.name]
    assert told + again == wanted
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as store:
        stored = store.execute(
            "SELECT json_extract(input_psi, '$.log_return'), psi_most FROM model_quality "
            "WHERE psi_excess IS NOT NULL ORDER BY to_ms, pair"
        ).fetchall()
    by_time = sorted(with_index, key=lambda each: (each.to_ms, each.pair))
    assert stored == [(json.loads(each.input_psi or "")["log_return"], each.psi_most) for each in by_time]


def test_predictions_are_stored(history, model, champion, tmp_path: Path) -> None:
    predictions = _run(history[:3_700], model, champion, tmp_path)[PREDICTIONS.name]
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as store:
        stored = store.execute("SELECT count(*), min(model_version) FROM predictions WHERE reason = 'ok'").fetchone()
    assert stored == (len(predictions), 1)


def test_messages_are_keyed_and_dated_by_the_window_they_close(history, model, champion) -> None:
    run = _run(history[:4_000], model, champion)
    for record, prediction in zip(run.records[PREDICTIONS.name], run[PREDICTIONS.name], strict=True):
        assert record.key == prediction.pair.encode()
        assert record.timestamp_ms == prediction.window_start_ms + 60_000
        assert record.headers["schema"] == b"prediction"


def test_restart_in_the_middle_changes_nothing(history, model, champion, tmp_path: Path) -> None:
    rows = [*history[:4_000], changed(history[4_000], quality="gap"), *history[4_001:]]
    first = _run(rows[:4_100], model, champion, tmp_path)[PREDICTIONS.name]
    repeated = _run(rows[4_070:], model, champion, tmp_path)[PREDICTIONS.name]  # rows come again after a kill
    assert first + repeated == _expected(rows, model)


def test_a_bad_message_is_set_aside_and_nothing_else_is_lost(history, model, champion) -> None:
    rows = history[:3_700]
    foreign = changed(rows[3_650], feature_set="core:other", window_start_ms=rows[3_650].window_start_ms + 1)
    run = _run([*rows[:3_650], foreign, ("BTC/USD", b"{"), *rows[3_650:]], model, champion)
    assert run[PREDICTIONS.name] == _expected(rows, model)
    assert len(run.dead_letters) == 2
    assert any(b"feature_set" in (value or b"") for value in run.dead_letters[0].headers.values())
