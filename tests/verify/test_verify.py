"""`tradestream verify` on a whole run with kills and cut sockets: no mismatch; and it finds what is planted."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.support.runs import demo, tradestream
from typer.testing import CliRunner

from contracts.services import FLOW_NAMES, up_to
from contracts.signal import SAID
from embedded.cli import app
from embedded.plans.demo import LIVE_FROM_MS
from verify.stages import OUTPUTS

MINUTE_MS = 60_000
HOURS = 0.75
FAULTS = [
    {"kind": "disconnect", "at_ms": LIVE_FROM_MS + 6 * MINUTE_MS},
    {"kind": "late", "at_ms": LIVE_FROM_MS + 10 * MINUTE_MS, "count": 5, "delay_ms": 90_000},
    {"kind": "gap", "at_ms": LIVE_FROM_MS + 15 * MINUTE_MS, "count": 40, "pair": "BTC/USD"},
    {"kind": "duplicate", "at_ms": LIVE_FROM_MS + 20 * MINUTE_MS, "count": 20},
    {"kind": "negative_price", "at_ms": LIVE_FROM_MS + 25 * MINUTE_MS, "count": 3},
]
PAIRS = ("BTC/USD", "ETH/USD")
REFERENCES = {"ETH/USD": "BTC/USD"}
#: In each part of the flow, its end included.
KILLS = ("candles@live", "indicators@backfill", "predictions@live", f"{FLOW_NAMES[-1]}@live")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo in which services are killed, sockets are cut and trades come late, twice, never and wrong."""
    out = tmp_path_factory.mktemp("verify") / "run"
    kills = [option for kill in KILLS for option in ("--kill", kill)]
    # A fee and references of its own: the replay has to take them from the run, not from here.
    own = {"EXECUTION_FEE_BPS": "11", "TRADESTREAM_REFERENCE_PAIRS": json.dumps(REFERENCES)}
    options = ("--pairs", ",".join(PAIRS), *kills)
    summary = demo(out, *options, hours=HOURS, SIMULATOR_FAULTS=json.dumps(FAULTS), **own)
    assert [kill["service"] for kill in summary["kills"]], "nothing was killed"
    assert summary["counts"]["fills"] > 0
    return out


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    """The run, to plant something in."""
    return Path(shutil.copytree(run, tmp_path / "copy"))


class Topic:
    """A topic's file, open for planting."""

    def __init__(self, place: Path, name: str) -> None:
        self._file = place / "work/log" / f"{name}-dev.topic"

    def write(self, statement: str, *values: Any) -> None:
        with closing(sqlite3.connect(self._file)) as db, db:
            assert db.execute(statement, values).rowcount == 1

    def messages(self) -> Iterator[tuple[int, dict[str, Any]]]:
        with closing(sqlite3.connect(self._file)) as db:
            for offset, value in db.execute("SELECT offset, value FROM records_0 ORDER BY offset").fetchall():
                yield offset, json.loads(value)

    def alter(self, offset: int, message: dict[str, Any]) -> None:
        self.write("UPDATE records_0 SET value = ? WHERE offset = ?", _json(message), offset)

    def remove(self, offset: int) -> None:
        self.write("DELETE FROM records_0 WHERE offset = ?", offset)

    def repeat(self, offset: int, message: dict[str, Any]) -> None:
        """Append `message` with the key, time and headers of what is at `offset`."""
        self.write(
            "INSERT INTO records_0 SELECT (SELECT next_offset FROM partitions), timestamp_ms, key, ?, headers"
            " FROM records_0 WHERE offset = ?",
            _json(message),
            offset,
        )
        self.write("UPDATE partitions SET next_offset = next_offset + 1")


def _json(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()


def _window(message: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(message[name] for name in ("pair", "interval_s", "window_start_ms"))


def _as_if_predictions_were_late(signals: Topic) -> None:
    """Alter a minute's decisions as if predictions had been away for longer than `signals` waits: that is no fault.

    They were decisions to do nothing, so that accounts do what they did.
    """
    minutes: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    for offset, message in signals.messages():
        if message.get("prediction_id") and message["window_start_ms"] > LIVE_FROM_MS + 10 * MINUTE_MS:
            minutes.setdefault(message["window_start_ms"], []).append((offset, message))
    decided = next(each for each in minutes.values() if [m["decision"] for _, m in each] == ["none"] * len(PAIRS))
    unsaid = dict.fromkeys((*SAID, "prediction_id", "target"))
    for offset, message in decided:
        signals.alter(offset, message | unsaid | {"decision": "none", "reason": "no_prediction"})


def differences(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_run_with_kills_and_faults_has_no_mismatch(run: Path) -> None:
    done = tradestream("verify", "--run", str(run))
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 mismatches" in done.stdout
    assert "EXECUTION_FEE_BPS=11" in done.stdout


def test_planted_faults_are_found_and_named_and_nothing_else(run: Path, copy: Path, tmp_path: Path) -> None:
    candles, predictions, fills, signals = (Topic(copy, t) for t in ("candles", "predictions", "fills", "signals"))
    windows = Counter(_window(message) for _, message in candles.messages())
    altered, candle = next(
        (offset, message)
        for offset, message in candles.messages()
        if windows[_window(message)] == 1 and message["window_start_ms"] > LIVE_FROM_MS  # kills repeat messages
    )
    candles.alter(altered, candle | {"close": "1"})
    ids = [tuple(m[name] for name in ("pair", "window_start_ms")) for _, m in predictions.messages()]
    lost, prediction = next(
        (offset, message)
        for (offset, message), name in zip(predictions.messages(), ids, strict=True)
        if ids.count(name) == 1 and message["window_start_ms"] > LIVE_FROM_MS + 30 * MINUTE_MS
    )
    predictions.remove(lost)
    extra, fill = next(fills.messages())
    fills.repeat(extra, fill | {"fill_id": fill["fill_id"] + "-again"})
    twice, signal = next((offset, message) for offset, message in signals.messages() if "reason" in message)
    signals.repeat(twice, signal | {"reason": "cooldown" if signal["reason"] != "cooldown" else "confident"})
    _as_if_predictions_were_late(signals)

    done = tradestream("verify", "--run", str(copy), "--out", str(tmp_path / "found.jsonl"))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "4 messages differ" in done.stdout
    assert f"{len(PAIRS)} predictions came after the decision had stopped waiting" in done.stdout
    found = {fault["topic"]: fault for fault in differences(tmp_path / "found.jsonl")}
    assert len(found) == 4
    assert (found["candles"]["kind"], found["candles"]["field"], found["candles"]["published"]) == (
        "mismatched",
        "close",
        "1",
    )
    assert found["candles"]["replayed"] == candle["close"]
    assert found["predictions"]["kind"] == "missing"
    assert f"{prediction['pair']}:60:{prediction['window_start_ms']}" in found["predictions"]["id"]
    assert (found["fills"]["kind"], found["fills"]["id"]) == ("unexpected", fill["fill_id"] + "-again")
    assert (found["signals"]["kind"], found["signals"]["field"]) == ("two values", "reason")

    there = tradestream("verify", "--run", str(run), "--against", str(copy))
    assert there.returncode == 1
    assert f"{4 + len(PAIRS)} messages differ" in there.stdout


@pytest.mark.long
def test_a_trade_that_is_gone_shows_in_its_candles_and_in_what_follows(copy: Path, tmp_path: Path) -> None:
    trades = Topic(copy, "trades")
    offset, frame = next(
        (offset, message)
        for offset, message in trades.messages()
        if message["type"] == "trades"
        and len(message["trade_ids"]) > 2
        and message["timestamps_us"][1] > (LIVE_FROM_MS - 60 * MINUTE_MS) * 1_000
    )
    at_us = frame["timestamps_us"][1]
    for name in ("trade_ids", "timestamps_us", "prices", "quantities", "sides"):
        frame[name] = [frame[name][0], *frame[name][2:]]
    trades.alter(offset, frame)
    options = ["--stage", "candles", "--stage", "indicators", "--out", str(tmp_path / "found.jsonl")]
    done = tradestream("verify", "--run", str(copy), *options)
    assert done.returncode == 1, done.stdout + done.stderr
    found = differences(tmp_path / "found.jsonl")
    topics = Counter(fault["topic"] for fault in found)
    assert topics["candles"] and topics["technical_indicators"]
    minute = f"{frame['exchange']}:{frame['pair']}:60:{at_us // 1_000 // MINUTE_MS * MINUTE_MS}"
    of_minute = [fault for fault in found if fault["topic"] == "candles" and fault["id"] == f"{minute}:0"]
    (count,) = (fault for fault in of_minute if fault["field"] == "trade_count")
    assert count["published"] == count["replayed"] + 1
    # Before that minute everything is equal: a range that ends there has no mismatch.
    end = str(at_us // 1_000 // MINUTE_MS * MINUTE_MS)
    assert tradestream("verify", "--run", str(copy), "--to", end, "--stage", "candles").returncode == 0


@pytest.mark.long
def test_without_a_registry_predictions_are_not_called_equal(copy: Path) -> None:
    (copy / "work/mlflow.db").unlink()
    stages = [option for name in OUTPUTS if "predictions" in up_to(name) for option in ("--stage", name)]
    elsewhere = {"PREDICTIONS_MLFLOW_URI": "", "TRADESTREAM_DATA_DIR": str(copy)}
    done = tradestream("verify", "--run", str(copy), "--from", "2026-03-04T00:00:00Z", *stages, **elsewhere)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "predictions not verified: no registry" in done.stdout
    assert "0 mismatches" in done.stdout
    topics = [line.split()[0] for line in done.stdout.splitlines() if line[:1].isalpha()]
    assert "signals" in topics
    assert topics.count("predictions") == 1, "the line that says it was not verified, and no row of the table"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--run", "nowhere"), "--run: expected the folder of a run"),
        (("--from", "yesterday"), "--from: expected ISO 8601"),
        (("--stage", "candle"), "--stage: expected one of candles"),
        (("--against", "no such thing"), "--against: expected the folder of a run"),
    ],
)
def test_bad_input_is_told_of(run: Path, options: tuple[str, ...], words: str) -> None:
    done = CliRunner().invoke(app, ["verify", *(("--run", str(run)) if options[0] != "--run" else ()), *options])
    assert done.exit_code == 2
    assert words in done.stderr
