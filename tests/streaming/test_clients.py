"""Plain clients: write, read to the end, see who is behind."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from tests.streaming.tally import beat
from tests.support.offsets import commit_offsets

from contracts.topics import TRADES, TRADES_CHECKPOINTS
from streaming.clients import committed_offsets, create_topics, end_offsets, lag, read_topic
from streaming.embedded.topic_log import TopicLog
from streaming.producer import open_producer
from streaming.settings import ServiceSettings
from streaming.tail import TopicTail


def test_what_is_written_is_read(settings: ServiceSettings) -> None:
    with open_producer(settings, "trades") as producer:
        for number in range(5_000):
            producer.produce(TRADES, beat(number), {"cause": 7, "ingested_at_us": 99})
    records = list(read_topic(settings, TRADES))
    assert [record.offset for record in records] == list(range(5_000))
    assert records[17].message() == beat(17)
    assert records[17].timestamp_ms == beat(17).event_time_ms
    assert (records[17].headers["cause"], records[17].headers["ingested_at_us"]) == (b"7", b"99")
    assert [record.offset for record in read_topic(settings, TRADES, {0: 4_998})] == [4_998, 4_999]
    assert end_offsets(settings, TRADES) == {0: 5_000}


def test_a_topic_that_does_not_exist_is_empty(settings: ServiceSettings) -> None:
    assert list(read_topic(settings, TRADES)) == []
    assert end_offsets(settings, TRADES) == {}
    assert lag(settings, "g", TRADES) == 0


def test_lag_and_hand_over(settings: ServiceSettings) -> None:
    create_topics(settings, [TRADES, TRADES_CHECKPOINTS])
    create_topics(settings, [TRADES])
    with open_producer(settings, "trades") as producer:
        for number in range(10):
            producer.produce(TRADES, beat(number))
    assert committed_offsets(settings, "candles-dev", TRADES) == {}
    assert lag(settings, "candles-dev", TRADES) == 10
    commit_offsets(settings, "candles-dev", TRADES, {0: 7})
    assert committed_offsets(settings, "candles-dev", TRADES) == {0: 7}
    assert lag(settings, "candles-dev", TRADES) == 3


def test_flush_waits_for_a_batch_that_is_being_written(
    settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The background thread has taken the batch, the buffer is empty, and nothing is written yet."""
    taken, go_on, flushed = threading.Event(), threading.Event(), threading.Event()
    append = TopicLog.append

    def slow_append(log: TopicLog, drafts: Any) -> Any:
        taken.set()
        assert go_on.wait(10)
        return append(log, drafts)

    with open_producer(settings, "trades") as producer:
        monkeypatch.setattr(TopicLog, "append", slow_append)
        # On a busy machine `produce` itself would find the message old enough to write.
        monkeypatch.setattr("streaming.embedded.producer.LINGER_SECONDS", 60.0)
        producer.produce(TRADES, beat(0))
        assert taken.wait(10)
        flusher = threading.Thread(target=lambda: (producer.flush(), flushed.set()))
        flusher.start()
        assert not flushed.wait(0.1), "flush returned before the message was on the log"
        go_on.set()
        flusher.join(10)
        assert flushed.is_set()
        assert end_offsets(settings, TRADES) == {0: 1}


def test_a_tail_returns_each_record_once(settings: ServiceSettings) -> None:
    tail = TopicTail(settings, TRADES)
    assert tail.read_new() == [], "a topic that does not exist yet is empty"
    with open_producer(settings, "trades") as producer:
        for number in range(3):
            producer.produce(TRADES, beat(number))
            producer.flush()
            assert [record.message() for record in tail.read_new()] == [beat(number)]
            tail.close()  # as after an error: the next look connects again and goes on
    assert tail.read_new() == []
    assert len(TopicTail(settings, TRADES).read_new()) == 3
