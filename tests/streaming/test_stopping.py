"""Asked to stop while the log is away, a service gives up what is not taken, in words, and in time."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from loguru import logger
from tests.support.waiting import wait_for

from streaming.kafka.retry import commit_with_retry
from streaming.service.stopping import give_up_soon, giving_up

NOBODY = "127.0.0.1:1"
LONG_SECONDS = 120.0


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """SIGTERM is handled as a service does: the number is noted, and the work goes on to its end."""
    numbers: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: numbers.append(number))
    yield numbers
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def said() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(str(message)), level="ERROR")
    yield lines
    logger.remove(sink)


def waiting_producer(messages: int = 3) -> tuple[Producer, list[Any]]:
    """Return a producer of a broker that is not there, with messages, and what it is told of them."""
    told: list[Any] = []
    producer = Producer({"bootstrap.servers": NOBODY, "message.timeout.ms": 300_000, "log_level": 0})
    for number in range(messages):
        producer.produce("t", str(number), on_delivery=lambda error, _: told.append(error))
    return producer, told


def asked_to_stop_soon() -> None:
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()


def test_a_flush_without_a_broker_ends_and_says_how_many_were_not_taken(heard: list[int], said: list[str]) -> None:
    """The main thread hears no signal while it is in the client: only the flush's end lets it."""
    producer, told = waiting_producer()
    began = time.monotonic()
    with giving_up(lambda: producer, patience_seconds=0.3):
        asked_to_stop_soon()
        left = producer.flush(LONG_SECONDS)
    assert time.monotonic() - began < 10
    assert left == 0 and [error.code() for error in told] == [KafkaError._PURGE_QUEUE] * 3
    assert heard == [signal.SIGTERM]
    (line,) = said
    assert "messages given up: 3; the log has taken none for 0.3 s" in line


def test_nothing_is_given_up_before_a_signal() -> None:
    producer, told = waiting_producer()
    with giving_up(lambda: producer, patience_seconds=0.0):
        assert producer.flush(0.5) == 3
    assert not told
    producer.purge()


class _Slow:
    """A log that takes a message now and then, and never stands still for long."""

    def __init__(self) -> None:
        self.left, self.purged = 40, False

    def __len__(self) -> int:
        self.left = max(0, self.left - 1)
        return self.left

    def purge(self) -> None:
        self.purged = True


def test_a_slow_log_is_waited_for() -> None:
    slow = _Slow()
    give_up_soon(slow, patience_seconds=0.3)
    wait_for(lambda: slow.left == 0, "everything to be taken", 30)
    assert not slow.purged


def test_who_has_heard_the_signal_himself_gives_up_too(said: list[str]) -> None:
    producer, told = waiting_producer(messages=1)
    give_up_soon(producer, patience_seconds=0.2)
    assert producer.flush(LONG_SECONDS) == 0 and len(told) == 1
    assert "messages given up: 1" in said[0]


def test_a_commit_is_not_asked_again_by_who_is_stopping() -> None:
    asked: list[int] = []

    def commit() -> None:
        asked.append(1)
        raise KafkaException(KafkaError(KafkaError._TRANSPORT))

    with pytest.raises(KafkaException):
        commit_with_retry(commit, LONG_SECONDS, stopping=lambda: len(asked) >= 2)()
    assert len(asked) == 2
