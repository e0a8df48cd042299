"""Half a million waiting messages cost a service no memory, and a broker that is away costs it no report for good."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
from confluent_kafka import Producer
from tests.support.waiting import let_pass, wait_for

from contracts.audit_event import AuditEvent
from contracts.service_metrics import ServiceMetrics
from contracts.topics import AUDIT_LOG, METRICS, TRADES
from streaming.clients import create_topics, end_offsets, read_topic
from streaming.settings import ServiceSettings

WAITING = 500_000
#: The queue's 16 MB, and one fetch more: 256 KB of each of six partitions as the broker has it, compressed. These
#: messages unpack to twelve times that and librdkafka adds 200 bytes to each, 80 MB in all if a whole fetch comes at
#: once, as on a loaded machine. All that wait, were they taken, would be 185 MB.
ALLOWED_MB = 128
_SLOW = """
import sys
from tests.streaming.tally import *
from streaming.service.runner import run_service
from streaming.settings import load_settings
sys.exit(run_service(load_settings(TallySettings), service="tally", inputs=[TRADES], outputs=[TALLIES],
    topology=topology))
"""


def test_half_a_million_waiting_messages_stay_on_the_broker(on_kafka: ServiceSettings) -> None:
    create_topics(on_kafka, [TRADES])
    with _slow_service(on_kafka) as process:
        probe = psutil.Process(process.pid)
        wait_for(lambda: bool(_samples(on_kafka)), "the service to report")
        empty_mb = probe.memory_info().rss / 1e6
        _write_backlog(on_kafka)
        wait_for(lambda: sum(_samples(on_kafka)[-1].lag_messages.values()) > WAITING * 0.9, "the lag to be told")
        peak_mb = 0.0
        for _ in range(50):
            peak_mb = max(peak_mb, probe.memory_info().rss / 1e6)
            let_pass(0.1)
        process.terminate()
        assert process.wait(60) == 0
    print(f"\n{WAITING:,} messages wait: {empty_mb:.0f} MB before, {peak_mb:.0f} MB with them")
    assert peak_mb < empty_mb + ALLOWED_MB
    actions = [
        message.action
        for message in (record.message() for record in read_topic(on_kafka, AUDIT_LOG))
        if isinstance(message, AuditEvent)
    ]
    assert actions == ["service_started", "service_stopped"]


def _slow_service(settings: ServiceSettings) -> subprocess.Popen[bytes]:
    environment = {
        "TRADESTREAM_BROKER_ADDRESS": settings.broker_address,
        "TRADESTREAM_ENVIRONMENT": settings.environment,
        "TRADESTREAM_DATA_DIR": str(settings.data_dir),
        "TRADESTREAM_REPORT_SECONDS": "0.5",
        "TALLY_PAUSE_SECONDS": "0.01",
    }
    tests = Path(__file__).parents[1] / "streaming"
    return subprocess.Popen([sys.executable, "-c", _SLOW, str(tests)], env=os.environ | environment)


def _samples(settings: ServiceSettings) -> list[ServiceMetrics]:
    messages = (record.message() for record in read_topic(settings, METRICS))
    return [message for message in messages if isinstance(message, ServiceMetrics)]


def _write_backlog(settings: ServiceSettings) -> None:
    """A million heartbeats of 150 bytes, over all partitions."""
    producer = Producer({"bootstrap.servers": settings.broker_address, "linger.ms": 50, "compression.type": "lz4"})
    topic = TRADES.full_name(settings.environment)
    for number in range(WAITING):
        value = b'{"type":"heartbeat","exchange":"kraken","pair":"BTC/USD","venue_time_us":%d}' % (
            1_700_000_000_000_000 + number * 1_000
        )
        while True:
            try:
                producer.produce(
                    topic, value=value, key=b"BTC/USD", partition=number % 6, headers={"padding": b"x" * 60}
                )
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush()
    assert sum(end_offsets(settings, TRADES).values()) == WAITING
