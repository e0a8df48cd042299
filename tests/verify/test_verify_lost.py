"""What `tradestream verify` says where something is lost or damaged: in words, and never that all is well."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
import typer
from confluent_kafka import KafkaError, KafkaException
from rich.console import Console
from tests.support.message_examples import example
from tests.support.writes_log import commit, put

from contracts.candle import Candle
from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow
from contracts.model_event import ModelEvent
from contracts.timestamps import parse_time
from contracts.topics import CANDLES, MODEL_EVENTS, TECHNICAL_INDICATORS, TRADES
from contracts.trade_frame import TradeFrame
from embedded.exits import errors_in_words
from embedded.replayer import Replayer
from results.run_folder import RunFolder
from results.run_settings import record_settings, settings_of
from streaming.embedded.errors import LogDamagedError
from streaming.exit_codes import EXIT_FAILED
from verify.due import why_predictions_are_due
from verify.log import Log, look_at, other_log
from verify.replay import Replay
from verify.run import Findings, Range, VerifyOptions, _conclude, run_verify
from verify.served import served_versions
from verify.trades import one_by_one

MINUTE_MS = 60_000


@pytest.fixture
def place(tmp_path: Path) -> RunFolder:
    """A run with trades and candles, and no model."""
    place = RunFolder(tmp_path / "run")
    place.create()
    put(place.log, TRADES, [example(TradeFrame)])
    put(place.log, CANDLES, [example(Candle, window_start_ms=n * MINUTE_MS) for n in range(4)])
    put(place.log, TECHNICAL_INDICATORS, [example(FeatureRow)])
    return place


def log_of(place: RunFolder) -> Log:
    return other_log(str(place.out))


def test_without_a_model_no_prediction_is_due(place: RunFolder) -> None:
    put(place.log, MODEL_EVENTS, [example(ModelEvent, event="registered"), example(ModelEvent, event="refused")])
    assert why_predictions_are_due(log_of(place)) is None


def test_a_promotion_says_that_predictions_are_due(place: RunFolder) -> None:
    put(place.log, MODEL_EVENTS, [example(ModelEvent, model_name="direction", model_version=3, event="promoted")])
    assert "version 3 of direction was promoted" in str(why_predictions_are_due(log_of(place)))


def test_what_predictions_has_read_says_that_they_are_due(place: RunFolder) -> None:
    commit(place.log, "predictions-dev", TECHNICAL_INDICATORS, 1)
    assert "predictions-dev has read technical_indicators" in str(why_predictions_are_due(log_of(place)))


def test_the_registry_of_the_run_says_that_predictions_are_due(place: RunFolder) -> None:
    file = place.work / "mlflow.db"
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("CREATE TABLE registered_model_aliases (name, alias, version)")
    assert why_predictions_are_due(log_of(place)) is None
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("INSERT INTO registered_model_aliases VALUES ('direction', 'champion', 2)")
    assert "version 2 of direction promoted" in str(why_predictions_are_due(log_of(place)))
    file.write_text("no database" * 100)
    assert "cannot be read" in str(why_predictions_are_due(log_of(place)))


def test_predictions_that_are_due_and_absent_are_not_verified(place: RunFolder, tmp_path: Path) -> None:
    source, again = log_of(place), RunFolder(tmp_path / "again")
    replay = Replay(source, look_at(source), again, lambda at: Replayer(at, {}))
    replay._start_predictions()
    assert replay._result.unverified == {}
    commit(place.log, "predictions-dev", TECHNICAL_INDICATORS, 1)
    replay._start_predictions()
    assert "the log has none, yet predictions-dev has read" in replay._result.unverified["predictions"]
    said = StringIO()
    found = Findings([], replay._result.unverified)
    _conclude(Console(file=said), found)
    assert not found.all_equal
    assert "predictions not verified" in said.getvalue()


@pytest.mark.parametrize("against", [False, True])
def test_a_range_without_messages_is_refused_before_the_replay(
    place: RunFolder, monkeypatch: pytest.MonkeyPatch, against: bool
) -> None:
    monkeypatch.setattr("verify.run.replayed", lambda *_: pytest.fail("the replay was started"))
    other = str(place.out) if against else None
    options = VerifyOptions(Range.parse("2031-01-01", None), run=place.out, against=other)
    with pytest.raises(
        BadInputError, match=r"--from/--to: expected a range .*trades: from 1970.*Z to 1970.*2031-01-01"
    ):
        run_verify(options, Console(file=StringIO()), Replayer)


def test_a_topic_cut_at_its_end_is_no_reason_to_wait_and_a_fault(place: RunFolder) -> None:
    commit(place.log, "candles-dev", TRADES, 1)
    commit(place.log, "indicators-dev", CANDLES, 7)
    snapshot = look_at(log_of(place))
    assert {"candles", "indicators"} <= snapshot.settled
    (fault,) = snapshot.cut
    assert (fault.topic, fault.id, fault.kind) == ("candles", "candles[0] offset 4", "cut")
    said = StringIO()
    found = Findings([], cut=snapshot.cut)
    _conclude(Console(file=said, width=200), found)
    assert not found.all_equal
    assert "indicators-dev had read up to 7" in said.getvalue()
    assert "the end of candles lost" in said.getvalue()


@pytest.mark.parametrize("address", ["localhost:99999", "localhost:0", "one:9092,two:65536"])
def test_a_port_that_is_none_is_told_of(address: str) -> None:
    with pytest.raises(BadInputError, match="--against: expected host:port with a port from 1 to 65535"):
        other_log(address)


def test_a_broker_that_is_away_is_told_of_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, errors_in_words():
        raise KafkaException(KafkaError(KafkaError._TRANSPORT, "localhost:9: connection refused"))
    assert ended.value.exit_code == EXIT_FAILED
    assert capsys.readouterr().err == (
        "tradestream: Kafka (TRADESTREAM_BROKER_ADDRESS): localhost:9: connection refused\n"
    )
    with pytest.raises(ZeroDivisionError), errors_in_words():  # a bug shows itself
        _ = 1 / 0


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"runs": [{"from": "2026', b'{"runs": [{"settings": 1}]}', b"\xff"]
)
def test_a_damaged_record_of_settings_is_named(place: RunFolder, content: bytes) -> None:
    record_settings(place, {"EXECUTION_FEE_BPS": "11"})
    file = place.work / "settings.json"
    file.write_bytes(content)
    with pytest.raises(BadInputError, match=r"settings\.json: expected the settings of runs"):
        settings_of(place)


def test_a_record_without_a_value_is_unreadable_and_stops_nothing(place: RunFolder) -> None:
    with closing(sqlite3.connect(place.log / "trades-dev.topic")) as db, db:
        db.execute("UPDATE records_0 SET value = NULL")
    records = list(log_of(place).read(TRADES))
    assert len(one_by_one(records).unreadable) == 1
    assert served_versions(records) == []


@pytest.mark.parametrize("headers", [b"not json", b"5", b'[["schema", 5]]', b'["x"]', '[["schema", "Ω"]]'.encode()])
def test_headers_that_are_none_are_told_of_with_their_place(place: RunFolder, headers: bytes) -> None:
    with closing(sqlite3.connect(place.log / "candles-dev.topic")) as db, db:
        db.execute("UPDATE records_0 SET headers = ? WHERE offset = 2", (headers,))
    with pytest.raises(LogDamagedError, match=r"candles-dev\[0\] offset 2: headers: expected JSON pairs"):
        list(log_of(place).read(CANDLES))


def test_differences_are_not_written_to_a_folder(place: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="--out: expected a file"):
        run_verify(VerifyOptions(Range(), run=place.out, out=tmp_path), Console(file=StringIO()), Replayer)


@pytest.mark.parametrize("text", ["9" * 20, "9" * 5_000, "-1", "0001-01-01"])
def test_a_time_that_no_calendar_has_is_told_of(text: str) -> None:
    with pytest.raises(BadInputError, match="--from: expected ISO 8601"):
        parse_time("--from", text)
