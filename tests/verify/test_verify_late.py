"""Predictions that came later than decisions wait: a replay, which has all in time, decides as was decided then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.signals.market_stream import Accounts, minutes, prediction, row
from tests.signals.test_signals_decide import CROSS, PAPER, kinds

from contracts.message import Message
from contracts.prediction import Prediction
from contracts.signal import Signal
from contracts.topics import PREDICTIONS, SIGNALS, TopicSpec
from signals.settings import SignalsSettings
from streaming.record import Record
from verify.late import late_predictions

BOUND = 2


def records(spec: TopicSpec, messages: list[Any]) -> list[Record]:
    return [_record(spec, offset, message) for offset, message in enumerate(messages)]


def _record(spec: TopicSpec, offset: int, message: Message) -> Record:
    headers: dict[str, bytes | None] = {"schema": message.schema_name.encode()}
    return Record(f"{spec.name}-dev", 0, offset, message.key.encode(), message.to_json(), headers, 0, spec)


def late_of(told: list[Any], messages: list[Any]) -> frozenset[tuple[str, str, int]]:
    predictions = [each for each in messages if isinstance(each, Prediction)]
    late = late_predictions(records(SIGNALS, told), records(PREDICTIONS, predictions))
    return frozenset((exchange, pair, start_ms) for exchange, pair, _, start_ms in late)


@settings(derandomize=True, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=2, max_size=25), st.data())
def test_whatever_was_late_is_decided_again_as_it_was(probabilities: list[float | None], data: Any) -> None:
    messages = minutes(*probabilities)
    lines = [messages[2::2], messages[3::2]]
    live = list(messages[:2])  # accounts begin with their first prediction
    while any(lines):
        line = lines[data.draw(st.integers(0, 1))] or lines[0] or lines[1]
        live.append(line.pop(0))
    told = Accounts(PAPER, CROSS, maximum_pending_bars=BOUND).told(live)
    late = late_of(told, messages)
    again = Accounts(PAPER, CROSS, maximum_pending_bars=len(messages), late=late).told(messages)
    assert kinds(again) == kinds(told)


def test_late_is_what_was_predicted_and_decided_on_without() -> None:
    live = [*minutes(0.6), row(1), row(2), row(3), prediction(1), prediction(2), prediction(3), row(4), row(5)]
    told = Accounts(PAPER, CROSS, maximum_pending_bars=BOUND).told(live)
    assert [start_ms for *_, start_ms in late_of(told, live)] == [row(1).window_start_ms]
    heard = [each for each in live if each != prediction(1)]
    assert late_of(told, heard) == frozenset(), "what was never predicted is not late: who predicts it now differs"


def test_a_pair_of_which_nobody_asks_a_model_has_no_late_predictions() -> None:
    live = minutes(0.6, 0.6, 0.6)
    told = Accounts(CROSS).told(live)
    assert any(isinstance(each, Signal) for each in told)
    assert late_of(told, live) == frozenset()


def test_the_file_is_read_for_the_own_interval_and_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "late.json"
    file.write_text(json.dumps([["kraken", "BTC/USD", 60, 5], ["kraken", "BTC/USD", 300, 7]]))
    assert SignalsSettings(late_file=file).desk.late == {("kraken", "BTC/USD", 5)}
    file.write_text('[["kraken", 5]]')
    with pytest.raises(ValidationError, match="late_file"):
        SignalsSettings(late_file=file)
    with pytest.raises(ValidationError, match="late_file"):
        SignalsSettings(late_file=tmp_path / "none")
