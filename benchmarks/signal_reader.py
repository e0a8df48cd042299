"""Notes when each signal can be read: `python -m benchmarks.signal_reader <broker address> <file>`, until SIGTERM."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer

from contracts.signal import Signal
from contracts.topics import SIGNALS
from streaming.broker_address import is_embedded
from streaming.embedded.consumer import EmbeddedConsumer
from streaming.kafka.connection import KAFKA_CONSUMER_CONFIG
from streaming.settings import ServiceSettings

GROUP = "signal-reader"
_SCHEMA = Signal.schema_name.encode()


def main(broker_address: str, file: str) -> int:
    """Write [ingested_at_us, produced_at_us, read_at_us] of each signal into `file`."""
    settings = ServiceSettings(broker_address=broker_address)
    config: dict[str, Any] = {"bootstrap.servers": broker_address, "group.id": GROUP, "auto.offset.reset": "latest"}
    embedded = is_embedded(broker_address)
    consumer: Any = EmbeddedConsumer(config) if embedded else Consumer({**config, **KAFKA_CONSUMER_CONFIG})
    consumer.subscribe([SIGNALS.full_name(settings.environment)])
    going = True

    def stop(*_: object) -> None:
        nonlocal going
        going = False

    signal.signal(signal.SIGTERM, stop)
    read: list[tuple[int, int, int]] = []
    while going:
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            headers = dict(message.headers() or ())
            if headers["schema"] != _SCHEMA:  # a mark leaves at once, whatever a strategy waits for
                continue
            ingested_us, produced_us = int(headers["ingested_at_us"]), int(headers["produced_at_us"])
            read.append((ingested_us, produced_us, time.time_ns() // 1_000))
    Path(file).write_text(json.dumps(read))
    consumer.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
