"""What cannot be used is set aside on Kafka as on the embedded log, and the rest goes on."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from confluent_kafka import Producer
from tests.support.fork_server import start
from tests.support.waiting import wait_for

from candles.app import topology
from candles.settings import CandlesSettings
from contracts.topics import CANDLES, TRADES
from exchanges.recorded import open_recording
from streaming.clients import lag, read_dead_letters, read_topic
from streaming.producer import open_producer
from streaming.settings import ServiceSettings
from streaming.testing import run_topology

PAIR = "BTC/USD"
BAD = (b"\xff\xfe not JSON", b'{"type":"trades","pair":"BTC/USD"}')


def test_poison_is_set_aside_whole_and_the_rest_goes_on(
    on_kafka: ServiceSettings, settings_of_a_run: dict[str, str], tmp_path: Path
) -> None:
    files = [Path(text) for text in settings_of_a_run["TRADES_FILE"].split(",") if "BTCUSD_00" in text]
    recordings = [open_recording(path, pair=PAIR, exchange="simulator") for path in files]
    frames = list(chain.from_iterable(each.frames(lambda bad: None, frame_rows=50) for each in recordings))
    assert len(frames) > 10
    raw = Producer({"bootstrap.servers": on_kafka.broker_address, "partitioner": "murmur2"})
    with open_producer(on_kafka, "trades") as producer:
        for number, frame in enumerate(frames):
            producer.produce(TRADES, frame)
            if number == len(frames) // 2:
                producer.flush()
                for value in BAD:
                    raw.produce(TRADES.full_name(on_kafka.environment), key=PAIR.encode(), value=value)
                raw.flush()
    environment = {
        "TRADESTREAM_BROKER_ADDRESS": on_kafka.broker_address,
        "TRADESTREAM_ENVIRONMENT": on_kafka.environment,
        "TRADESTREAM_DATA_DIR": str(tmp_path),
        "TRADESTREAM_COMMIT_INTERVAL_SECONDS": "0.2",
    }
    process = start("candles", environment, str(tmp_path / "candles.log"))
    try:
        wait_for(lambda: lag(on_kafka, f"candles-{on_kafka.environment}", TRADES) == 0, "candles to catch up")
    finally:
        process.terminate()
        process.join(30)
    assert process.exitcode == 0

    letters = list(read_dead_letters(on_kafka, "candles"))
    assert [letter.value for letter in letters] == list(BAD)
    assert {letter.headers["reason"] for letter in letters} == {b"undecodable"}
    assert {letter.key for letter in letters} == {PAIR.encode()}
    assert [int(letter.headers["source_offset"] or -1) for letter in letters] == [
        len(frames) // 2 + 1,
        len(frames) // 2 + 2,
    ]
    expected = run_topology(topology, CandlesSettings(), "candles", {TRADES: frames}, [CANDLES])
    assert expected["candles"]
    assert [record.message() for record in read_topic(on_kafka, CANDLES)] == expected["candles"]
