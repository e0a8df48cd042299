"""What `app.get_producer()`, `app.get_consumer()`, admin and Sources see: answers like a broker's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, KafkaException, TopicPartition
from quixstreams.models.topics import TopicConfig
from quixstreams.sources import Source
from tests.support.waiting import wait_for

from streaming.embedded.consumer import EmbeddedConsumer
from streaming.embedded.errors import GroupTakenError, UnsuitableFolderError
from streaming.embedded.filesystem import require_local_filesystem
from streaming.embedded.log import EmbeddedLog
from streaming.embedded.producer import EmbeddedProducer
from streaming.embedded.topic_log import TopicSettings
from streaming.quix.embedded import EmbeddedApplication


def application(folder: Path, **options: Any) -> EmbeddedApplication:
    return EmbeddedApplication(
        f"embedded://{folder}/log",
        **{
            "consumer_group": "g",
            "auto_offset_reset": "earliest",
            "state_dir": folder / "state",
            "loglevel": None,
            "consumer_poll_timeout": 0.05,
            **options,
        },
    )


@pytest.fixture
def log(tmp_path: Path) -> EmbeddedLog:
    log = EmbeddedLog(tmp_path / "log")
    log.create_topic("t", TopicSettings(partitions=2))
    return log


def consumer(log: EmbeddedLog, group: str = "g", **config: Any) -> EmbeddedConsumer:
    return EmbeddedConsumer(
        {
            "bootstrap.servers": f"embedded://{log.folder}",
            "group.id": group,
            "auto.offset.reset": "earliest",
            **config,
        }
    )


def read_all(reader: EmbeddedConsumer) -> list[bytes | None]:
    found = []
    while (message := reader.poll(0)) is not None:
        found.append(message.value())
    return found


def test_delivery_is_confirmed_after_the_commit(log: EmbeddedLog) -> None:
    producer = EmbeddedProducer({"bootstrap.servers": f"embedded://{log.folder}"})
    confirmed: list[int] = []

    def on_delivery(error: Any, message: Any) -> None:
        assert error is None
        assert log.topic("t").watermarks(message.partition())[1] > message.offset(), "confirmed before it was there"
        confirmed.append(message.offset())

    for number in range(5):
        producer.produce("t", b"%d" % number, key=b"k", on_delivery=on_delivery, headers={"a": b"1"})
    assert producer.flush() == 0
    assert confirmed == [0, 1, 2, 3, 4]
    producer.close()


def test_a_producer_nobody_polls_writes_by_itself(log: EmbeddedLog) -> None:
    producer = EmbeddedProducer({"bootstrap.servers": f"embedded://{log.folder}"})
    producer.produce("t", b"alone", partition=1)
    wait_for(lambda: log.topic("t").watermarks(1) == (0, 1), "the message")
    producer.close()


def test_an_unknown_topic_is_an_error_not_a_new_topic(log: EmbeddedLog) -> None:
    producer = EmbeddedProducer({"bootstrap.servers": f"embedded://{log.folder}"})
    with pytest.raises(KafkaException, match="'typo'"):
        producer.produce("typo", b"")
    with pytest.raises(KafkaException, match="UNKNOWN_PARTITION"):
        producer.produce("t", b"", partition=7)


def test_seek_pause_resume_and_positions(log: EmbeddedLog) -> None:
    log.topic("t").append([(0, 100 + n, b"k", b"%d" % n, None) for n in range(4)])
    log.topic("t").append([(1, 1, b"k", b"other", None)])
    reader = consumer(log)
    reader.subscribe(["t"])
    first = TopicPartition("t", 0)
    assert reader.poll(0) is not None
    assert [tp.offset for tp in reader.position([first])] == [1]
    reader.pause([first])
    assert read_all(reader) == [b"other"]
    reader.resume([first])
    assert read_all(reader) == [b"1", b"2", b"3"]
    reader.seek(TopicPartition("t", 0, 2))
    assert read_all(reader) == [b"2", b"3"]
    reader.seek(TopicPartition("t", 0, OFFSET_BEGINNING))
    assert len(read_all(reader)) == 4
    reader.seek(TopicPartition("t", 0, OFFSET_END))
    assert read_all(reader) == []
    assert reader.get_watermark_offsets(first) == (0, 4)
    assert [
        tp.offset for tp in reader.offsets_for_times([TopicPartition("t", 0, 102), TopicPartition("t", 1, 50)])
    ] == [2, -1]
    reader.close()


@pytest.mark.parametrize(("reset", "expected"), [("earliest", [b"old", b"new"]), ("latest", [b"new"])])
def test_a_new_group_begins_where_the_reset_says(log: EmbeddedLog, reset: str, expected: list[bytes]) -> None:
    log.topic("t").append([(0, 1, b"k", b"old", None)])
    reader = consumer(log, **{"auto.offset.reset": reset})
    reader.subscribe(["t"])
    seen = read_all(reader)
    EmbeddedLog(log.folder).topic("t").append([(0, 1, b"k", b"new", None)])
    assert [*seen, wait_for(lambda: reader.poll(1), "a message").value()] == expected
    reader.close()


def test_a_group_goes_on_at_its_committed_offset(log: EmbeddedLog) -> None:
    log.topic("t").append([(0, 1, b"k", b"%d" % n, None) for n in range(3)])
    uncommitting: dict[str, Any] = {"enable.auto.commit": False}
    reader = consumer(log, **uncommitting)
    reader.subscribe(["t"])
    message = reader.poll(0)
    assert message is not None
    reader.commit(message=message)
    reader.close()
    again = consumer(log)
    again.subscribe(["t"])
    assert read_all(again) == [b"1", b"2"]
    assert [tp.offset for tp in again.committed([TopicPartition("t", 0), TopicPartition("t", 1)])] == [1, -1001]
    again.close()


def test_a_second_consumer_in_a_group_is_told_what_to_do(log: EmbeddedLog) -> None:
    first, second, other = consumer(log, "candles-dev"), consumer(log, "candles-dev"), consumer(log, "else")
    first.subscribe(["t"])
    other.subscribe(["t"])
    with pytest.raises(GroupTakenError) as refused:
        second.subscribe(["t"])
    for word in ("candles-dev", str(log.folder), "TRADESTREAM_BROKER_ADDRESS=host:9092"):
        assert word in str(refused.value)
    first.close()
    second.subscribe(["t"])
    second.close()


def test_plain_clients_of_an_application(tmp_path: Path) -> None:
    app = application(tmp_path)
    app.topic("plain", config=TopicConfig(num_partitions=2, replication_factor=1))
    with app.get_producer() as producer:
        producer.produce("plain", key="a", value="1", headers=[("h", b"x")], timestamp=77)
    with app.get_consumer() as reader:
        reader.subscribe(["plain"])
        message = wait_for(lambda: reader.poll(0.1), "a message")
        reader.store_offsets(message)
    assert (message.key(), message.value(), message.headers(), message.timestamp()[1]) == (
        b"a",
        b"1",
        [("h", b"x")],
        77,
    )
    with app.get_consumer() as reader:
        reader.subscribe(["plain"])
        assert reader.poll(0) is None, "the stored offset was committed on closing"


class Ticker(Source):
    """Writes three messages from a process of its own."""

    def run(self) -> None:
        for number in range(3):
            message = self.serialize(key=b"k", value={"n": number, "pid": os.getpid()})
            self.produce(key=message.key, value=message.value)


def test_a_source_writes_from_its_own_process(tmp_path: Path) -> None:
    app = application(tmp_path)
    app._setup_signal_handlers = lambda: None  # type: ignore[method-assign]
    frame = app.dataframe(source=Ticker("ticker"))
    found = [row for row in app.run(count=3, timeout=30, metadata=False) if frame is not None]
    assert [row["n"] for row in found] == [0, 1, 2]
    assert {row["pid"] for row in found} != {os.getpid()}


def test_group_by_and_concat_work(tmp_path: Path) -> None:
    app = application(tmp_path)
    app._setup_signal_handlers = lambda: None  # type: ignore[method-assign]
    left, right, out = app.topic("left"), app.topic("right"), app.topic("out")
    with app.get_producer() as producer:
        for number in range(20):
            producer.produce(
                "left" if number % 2 else "right", key=b"k", value=b'{"g":"%d"}' % (number % 3), timestamp=number + 1
            )
    merged = app.dataframe(left).concat(app.dataframe(right)).group_by("g")

    def count(value: dict[str, Any], state: Any) -> dict[str, Any]:
        seen = state.get("seen", 0) + 1
        state.set("seen", seen)
        return {**value, "seen": seen}

    merged.apply(count, stateful=True).to_topic(out)
    found = app.run(count=20, timeout=10)
    assert {group: max(row["seen"] for row in found if row["g"] == group) for group in "012"} == {
        "0": 7,
        "1": 7,
        "2": 6,
    }


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p"])
def test_a_network_file_system_is_refused(tmp_path: Path, kind: str) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/share {tmp_path} {kind} rw 0 0\n")
    with pytest.raises(UnsuitableFolderError, match=f"network file system \\({kind}\\)"):
        require_local_filesystem(tmp_path / "log", mounts)
    mounts.write_text("/dev/vda / ext4 rw 0 0\n")
    require_local_filesystem(tmp_path / "log", mounts)
