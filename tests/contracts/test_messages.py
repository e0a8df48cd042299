"""Laws of every message class, over the registry of topics."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.support.message_examples import CLASSES, FIELDS, example

from contracts.candle import Candle
from contracts.errors import BadMessageError
from contracts.message import Message
from contracts.schemas import render
from contracts.services import SERVICE_NAMES, readers_of
from contracts.topics import EVERY_SERVICE, OPERATORS, SIGNALS, TOPICS, TRADES

SCHEMAS = Path(__file__).parents[2] / "packages/contracts/schemas"
every_class = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.schema_name)


def test_every_class_has_an_example_and_every_example_a_class() -> None:
    assert sorted(FIELDS) == sorted(cls.schema_name for cls in CLASSES)


@every_class
def test_json_round_trip_keeps_value_and_bytes(cls: type[Message]) -> None:
    message = example(cls)
    again = cls.from_json(message.to_json())
    assert again == message
    assert again.to_json() == message.to_json()


@every_class
def test_key_time_and_id_are_functions_of_the_value(cls: type[Message]) -> None:
    message, twin = example(cls), example(cls)
    assert (message.key, message.event_time_ms, message.message_id) == (twin.key, twin.event_time_ms, twin.message_id)
    assert isinstance(message.key, str)
    assert message.key
    assert isinstance(message.event_time_ms, int)


@every_class
def test_schema_is_checked_in_and_accepts_the_wire_form(cls: type[Message]) -> None:
    checked_in = (SCHEMAS / f"{cls.schema_name}.json").read_text(encoding="utf-8")
    assert checked_in == render(cls), "run `make schemas` and raise schema_version if readers must notice"
    Draft202012Validator(json.loads(checked_in)).validate(json.loads(example(cls).to_json()))


@every_class
def test_each_missing_field_is_named(cls: type[Message]) -> None:
    required = [name for name, field in cls.model_fields.items() if field.is_required()]
    assert required
    for name in required:
        data = json.loads(example(cls).to_json())
        del data[name]
        with pytest.raises(BadMessageError, match=rf"{cls.schema_name}.{name}: expected required"):
            cls.from_json(json.dumps(data).encode())


@every_class
def test_an_older_reader_survives_a_newer_writer(cls: type[Message]) -> None:
    data = {**json.loads(example(cls).to_json()), "a_field_of_tomorrow": 1}
    assert cls.from_json(json.dumps(data).encode()) == example(cls)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_features_refuse_what_is_not_finite(bad: float) -> None:
    row = next(cls for cls in CLASSES if cls.schema_name == "feature_row")
    with pytest.raises(ValueError, match="finite"):
        example(row, rsi_14=bad)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"nope", "trades.(whole message): expected JSON (expected ident at line 1 column 2), was b'nope'"),
        (b"{}", "trades.(whole message): expected a field 'type' that names the message, was {}"),
        (
            b'{"type":"heartbeat","exchange":"x","pair":"BTC/USD","venue_time_us":"1"}',
            "expected a valid integer, was '1'",
        ),
        (
            b'{"type":"heartbeat","exchange":"x","pair":"BTCUSD","venue_time_us":1}',
            "expected a pair written BASE/QUOTE",
        ),
        (
            b'{"type":"heartbeat","exchange":"x","pair":"BTC/USD","venue_time_us":-1}',
            "expected greater than or equal to 0, was -1",
        ),
    ],
)
def test_errors_name_field_expectation_and_value(raw: bytes, message: str) -> None:
    with pytest.raises(BadMessageError) as error:
        TRADES.decode(raw)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("prices", ["-1.5", "2"], "a positive canonical decimal string"),
        ("prices", ["1.50", "2"], "a positive canonical decimal string"),
        ("prices", ["1\u0663", "2"], "a positive canonical decimal string"),
        ("prices", ["1e5", "2"], "a positive canonical decimal string"),
        ("quantities", ["0", "2"], "a positive canonical decimal string"),
        ("prices", ["1" * 41, "2"], "expected at most 40 characters"),
        ("quantities", ["1", "0." + "0" * 38 + "1"], "expected at most 40 characters"),
        ("timestamps_us", [-1, 2], "expected greater than or equal to 0"),
        ("trade_ids", [2, 2], "strictly increasing trade_ids"),
        ("sides", ["buy"], "2 sides, one for each trade id, was 1"),
    ],
)
def test_a_frame_with_a_bad_column_is_refused(field: str, value: object, expected: str) -> None:
    data = {**FIELDS["trade_frame"], "type": "trades", field: value}
    with pytest.raises(BadMessageError, match=expected):
        TRADES.decode(json.dumps(data).encode())


def test_a_candle_is_known_at_its_end_and_not_before() -> None:
    candle = example(Candle)
    assert isinstance(candle, Candle)
    assert candle.event_time_ms == candle.window_start_ms + 60_000


def test_topics_are_in_flow_order() -> None:
    """A topic is written by a service that reads only topics above it (trades reads its own checkpoints)."""
    seen: dict[str, int] = {}
    for place, spec in enumerate(TOPICS):
        for reader in readers_of(spec):
            seen.setdefault(reader, place)
        assert seen.get(spec.written_by, -1) <= place
    assert len({spec.name for spec in TOPICS}) == len(TOPICS)


def test_topics_that_history_flows_through_keep_it_for_ever() -> None:
    assert all(spec.retention_ms == -1 for spec in TOPICS if not spec.operational)


def test_whoever_writes_a_topic_is_known_and_named_once() -> None:
    known = {*SERVICE_NAMES, EVERY_SERVICE, OPERATORS}
    for spec in TOPICS:
        assert known.issuperset(spec.writers), spec.name
        assert len(set(spec.writers)) == len(spec.writers), spec.name


def test_execution_reads_what_venues_and_operators_say_where_it_reads_decisions() -> None:
    """One order for each account: a replay sees what execution saw."""
    kinds = {cls.model_fields["type"].default for cls in SIGNALS.messages}
    assert kinds == {"decision", "mark", "report", "command", "forward_test"}
    for cls in SIGNALS.messages:
        assert SIGNALS.decode(example(cls).to_json()) == example(cls)
