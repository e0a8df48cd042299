"""The logs that the contestants run on: a throwaway Kafka broker, or an embedded log in a temporary folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from tests.kafka.throwaway_broker import Broker, free_port

from contracts.message import Message
from streaming.broker_address import SCHEME, is_embedded
from streaming.embedded.producer import EmbeddedProducer
from streaming.settings import ServiceSettings

LOGS = ("embedded", "kafka")
#: key, value, time in milliseconds
Item = tuple[str, bytes, int]


class CannotRunError(Exception):
    """Something that a benchmark needs is missing here."""


@contextmanager
def running_log(kind: str) -> Iterator[ServiceSettings]:
    """Yield settings of a log of one's own, `embedded` or `kafka`, which is gone afterwards.

    Raises
    ------
    CannotRunError
        If there is no Java, or Kafka cannot be fetched.
    """
    with tempfile.TemporaryDirectory(prefix=f"bench-{kind}-") as name:
        folder = Path(name)
        if kind == "embedded":
            yield ServiceSettings(broker_address=f"{SCHEME}{folder}/log", data_dir=folder / "data")
            return
        if shutil.which("java") is None:
            raise CannotRunError("no Java on the PATH: Kafka cannot run here (logs=embedded skips it)")
        broker = Broker(folder / "kafka", free_port())
        try:
            started = broker.run("up")
            if started.returncode != 0:
                raise CannotRunError(f"Kafka is not available here: {started.stderr.strip()}")
            yield ServiceSettings(broker_address=broker.address, data_dir=folder / "data")
        finally:
            broker.run("down")


def item(message: Message) -> Item:
    """Return a message as it is written to a log."""
    return message.key, message.to_json(), message.event_time_ms


def fill(settings: ServiceSettings, topic: str, items: Iterable[Item]) -> int:
    """Write `items` to an existing topic as fast as the log takes them; return how many."""
    producer = raw_producer(settings)
    count = 0
    for key, value, timestamp_ms in items:
        while True:
            try:
                producer.produce(topic, key=key, value=value, timestamp=timestamp_ms)
                break
            except BufferError:
                producer.poll(0.1)
        count += 1
        producer.poll(0)
    producer.flush()
    return count


def raw_producer(settings: ServiceSettings) -> Any:
    """Return a producer of plain bytes."""
    if is_embedded(settings.broker_address):
        return EmbeddedProducer({"bootstrap.servers": settings.broker_address})
    config = {
        "bootstrap.servers": settings.broker_address,
        "partitioner": "murmur2",
        "compression.type": "lz4",
        "linger.ms": 20,
    }
    return Producer(config)
