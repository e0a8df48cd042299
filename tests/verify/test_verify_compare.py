"""The comparison itself: every kind of fault is told apart and counted, and nothing else is a fault."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.message_examples import example
from tests.support.writes_log import commit, put

from contracts.candle import Candle
from contracts.errors import BadInputError
from contracts.heartbeat import Heartbeat
from contracts.message import Message
from contracts.prediction import Prediction
from contracts.services import INPUTS
from contracts.topics import CANDLES, PREDICTIONS, TOPICS, TRADES, TopicSpec
from embedded.replayer import unset_others
from results.run_folder import RunFolder
from results.run_settings import record_settings, settings_of
from streaming.record import Record
from verify.compare import ABSENT, Comparison, Index, compare
from verify.log import look_at, other_log
from verify.run import Range
from verify.served import served_versions
from verify.stages import OUTPUTS, parse_stages

MINUTE_MS = 60_000


def candle(minute: int, pair: str = "BTC/USD", **changes: object) -> Record:
    message = example(Candle, pair=pair, window_start_ms=minute * MINUTE_MS, **changes)
    return Record("candles-dev", 0, minute, pair.encode(), message.to_json(), {}, message.event_time_ms, CANDLES)


def compared(published: list[Record], replayed: list[Record], *, settled: bool = True) -> Comparison:
    again = Index.of(replayed, CANDLES.decode)
    return compare("candles", Index.of(published, CANDLES.decode, known=again), again, settled=settled)


GOOD = [candle(minute, pair) for minute in range(10) for pair in ("BTC/USD", "ETH/USD")]


def test_equal_logs_have_no_fault_and_repeats_are_none() -> None:
    found = compared([*GOOD, *GOOD[3:7]], GOOD)
    assert (found.published, found.replayed, found.equal, found.repeated, found.wrong) == (20, 20, 20, 4, 0)
    assert found.faults == []


def test_an_altered_field_is_named_with_both_values() -> None:
    found = compared([candle(0, close="1.5"), *GOOD[1:]], GOOD)
    (fault,) = found.faults
    assert (found.equal, found.mismatched, found.wrong) == (19, 1, 1)
    assert (fault.id, fault.kind) == ("kraken:BTC/USD:60:0:0", "mismatched")
    assert (fault.field, fault.published, fault.replayed) == ("close", "1.5", "1.25")


COMPARED = [(spec, cls) for specs in OUTPUTS.values() for spec in specs for cls in spec.messages]


@pytest.mark.parametrize(("spec", "cls"), COMPARED, ids=[cls.__name__ for _, cls in COMPARED])
def test_no_field_of_any_message_is_passed_over(spec: TopicSpec, cls: type[Message]) -> None:
    message = example(cls)
    good = Record(f"{spec.name}-dev", 0, 0, message.key.encode(), message.to_json(), {}, message.event_time_ms, spec)
    again, fields = Index.of([good], spec.decode), json.loads(message.to_json())
    for name, value in fields.items():
        published = Index()
        altered = json.dumps({**fields, name: 0 if value is None else None}).encode()
        published.add(message.message_id, replace(good, value=altered))
        found = compare(spec.name, published, again)
        assert (found.mismatched, [fault.field for fault in found.faults]) == (1, [name])


def test_what_lacks_and_what_is_too_much() -> None:
    found = compared([*GOOD[:4], *GOOD[5:], candle(99)], GOOD)
    assert (found.equal, found.missing, found.unexpected) == (19, 1, 1)
    assert [(fault.kind, fault.published == ABSENT) for fault in found.faults] == [
        ("unexpected", False),
        ("missing", True),
    ]


def test_an_id_with_two_values_is_a_fault_of_its_own_whichever_is_right() -> None:
    for published in ([*GOOD, candle(2, close="7")], [candle(2, close="7"), *GOOD]):
        found = compared(published, GOOD)
        (fault,) = found.faults
        assert (found.two_values, found.mismatched, found.equal) == (1, 0, 19)
        assert (fault.kind, fault.field) == ("two values", "close")
        assert "7" in fault.published


def test_key_and_time_of_a_record_count_as_fields() -> None:
    found = compared([replace(GOOD[0], key=b"XRP/USD"), replace(GOOD[1], timestamp_ms=1), *GOOD[2:]], GOOD)
    assert [fault.field for fault in found.faults] == ["(key)", "(timestamp_ms)"]


def test_what_is_no_message_is_named_by_its_place() -> None:
    found = compared([*GOOD, replace(GOOD[0], offset=77, value=b"{}")], GOOD)
    assert (found.unreadable, found.faults[0].id) == (1, "candles-dev[0] offset 77")


def test_the_end_of_a_log_still_written_is_pending_and_a_hole_in_it_is_not() -> None:
    published = [record for record in GOOD[:12] if record.offset != 3]
    live, done = compared(published, GOOD, settled=False), compared(published, GOOD)
    assert (live.pending, live.missing, done.pending, done.missing) == (8, 2, 0, 10)


def test_a_range_takes_its_start_and_not_its_end() -> None:
    span = Range.parse("1970-01-01T00:02:00Z", str(4 * MINUTE_MS))
    assert [record.timestamp_ms // MINUTE_MS for record in span.of(GOOD)] == [2, 2, 3, 3]
    assert str(span) == "from 1970-01-01T00:02:00Z to 1970-01-01T00:04:00Z"
    for wrong in (("yesterday", None), ("2026-03-04", "2026-03-04")):
        with pytest.raises(BadInputError):
            Range.parse(*wrong)


def test_every_topic_is_compared_or_has_a_reason() -> None:
    compared_topics = {spec.name for specs in OUTPUTS.values() for spec in specs}
    assert compared_topics == {spec.name for spec in TOPICS if not spec.not_replayed}
    with pytest.raises(BadInputError, match="candles, indicators"):
        parse_stages(["candle"])


def prediction(minute: int, version: int) -> Record:
    message = example(Prediction, window_start_ms=minute * MINUTE_MS, model_version=version)
    return Record("predictions-dev", 0, minute, b"", message.to_json(), {}, 0, PREDICTIONS)


def test_versions_follow_one_another_and_may_share_a_row() -> None:
    records = [prediction(m, 1) for m in range(5)] + [prediction(m, 2) for m in range(4, 8)]
    entries = served_versions(records)
    assert [(e["until_ms"] // MINUTE_MS, [v for _, v in e["versions"]]) for e in entries] == [
        (3, [1]),
        (4, [1, 2]),
        (7, [2]),
    ]


def test_a_run_leaves_its_settings_and_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = RunFolder(tmp_path / "out")
    place.create()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "local.env").write_text("CANDLES_GRACE_MS=5\nEXECUTION_FEE_BPS=1\n")
    monkeypatch.setenv("EXECUTION_FEE_BPS", "10")
    monkeypatch.setenv("EXECUTION_API_SECRET_KEY", "hush")
    monkeypatch.setenv("PREDICTIONS_MLFLOW_URI", "http://user:hush@registry")
    assert "no record" in settings_of(place).origin
    record_settings(place, {"TRADESTREAM_ACCOUNTS": "[]", "TRADESTREAM_LOG_LEVEL": "INFO"})
    found = settings_of(place)
    assert found.values == {"CANDLES_GRACE_MS": "5", "EXECUTION_FEE_BPS": "10", "TRADESTREAM_ACCOUNTS": "[]"}
    assert found.changed == ()
    monkeypatch.setenv("EXECUTION_FEE_BPS", "11")
    record_settings(place, {"TRADESTREAM_ACCOUNTS": "[]"})
    assert settings_of(place).changed == ("EXECUTION_FEE_BPS",)


def test_a_stage_is_settled_when_it_and_all_before_it_have_read_everything(tmp_path: Path) -> None:
    put(tmp_path, TRADES, [example(Heartbeat, venue_time_us=n) for n in range(3)])
    put(tmp_path, CANDLES, [example(Candle, window_start_ms=n * MINUTE_MS) for n in range(4)])
    commit(tmp_path, "candles-dev", TRADES, 3)
    commit(tmp_path, "indicators-dev", CANDLES, 3)
    snapshot = look_at(other_log(str(tmp_path)))
    assert snapshot.settled == {"candles"}
    assert (snapshot.ends["trades"], snapshot.ends["candles"], snapshot.ends["fills"]) == ({0: 3}, {0: 4}, {})
    commit(tmp_path, "indicators-dev", CANDLES, 4)
    assert look_at(other_log(str(tmp_path))).settled == set(INPUTS)
    commit(tmp_path, "candles-dev", TRADES, 2)
    assert look_at(other_log(str(tmp_path))).settled == set()


def test_the_replay_hears_nothing_of_this_environment_but_the_settings_of_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRADESTREAM_BROKER_ADDRESS", "127.0.0.1:9092")
    monkeypatch.setenv("TRADESTREAM_CONSUMER_GROUP", "mine")
    monkeypatch.setenv("EXECUTION_FEE_BPS", "1")
    monkeypatch.setenv("SIGNALS_EXPIRY_SECONDS", "1")
    assert unset_others({"TRADESTREAM_BROKER_ADDRESS": "embedded://x", "EXECUTION_FEE_BPS": "11"}).keys() >= {
        "TRADESTREAM_CONSUMER_GROUP",
        "SIGNALS_EXPIRY_SECONDS",
    }
    assert "TRADESTREAM_BROKER_ADDRESS" not in unset_others({"TRADESTREAM_BROKER_ADDRESS": "embedded://x"})
