"""The topics of a broker are those of contracts; what differs is said, and altered only when asked for."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource
from confluent_kafka.cimpl import NewTopic
from quixstreams.models.topics import Topic
from quixstreams.models.topics import TopicAdmin as QuixTopicAdmin
from tests.support.waiting import wait_for
from tests.support.workspace import SERVICES

from contracts.clock import SystemClock
from contracts.heartbeat import Heartbeat
from contracts.topics import CANDLES, TOPICS, TRADES
from contracts.units import MS_PER_DAY, US_PER_MS
from streaming.clients import create_topics, end_offsets, read_topic
from streaming.kafka import manage_topics, topic_admin
from streaming.kafka.client import KafkaClient
from streaming.kafka.topic_admin import Difference, TopicAdmin
from streaming.producer import open_producer
from streaming.quix.topics import KafkaTopicManager
from streaming.settings import ServiceSettings

TWO_YEARS_MS = 730 * MS_PER_DAY


def run(settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setenv("TRADESTREAM_BROKER_ADDRESS", settings.broker_address)
    monkeypatch.setenv("TRADESTREAM_ENVIRONMENT", settings.environment)
    return manage_topics.main(arguments)


def test_create_then_reconcile(
    on_kafka: ServiceSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(on_kafka, monkeypatch, "--dry-run") == 1
    assert capsys.readouterr().out.count("MISSING") == len(TOPICS) + len(SERVICES)
    assert run(on_kafka, monkeypatch) == 0
    assert capsys.readouterr().out.count("created") == len(TOPICS) + len(SERVICES)

    trades = TRADES.full_name(on_kafka.environment)
    admin = TopicAdmin(on_kafka)
    found = admin.describe([trades])[trades]
    assert found.num_partitions == TRADES.partitions
    assert found.extra_config is not None
    assert found.extra_config["retention.ms"] == "-1"
    assert found.extra_config["compression.type"] == "lz4"

    admin.alter([Difference(trades, settings={"retention.ms": ("-1", str(7 * MS_PER_DAY))})])
    assert run(on_kafka, monkeypatch) == 1
    assert f"DIFFERS: retention.ms is {7 * MS_PER_DAY}; --alter changes it" in capsys.readouterr().out
    assert run(on_kafka, monkeypatch, "--alter") == 0
    assert capsys.readouterr().out.count("altered") == 1
    assert run(on_kafka, monkeypatch, "--dry-run") == 0


@pytest.mark.parametrize(("answers_late", "shown"), [(3, "604800000"), (10**9, "-1")], ids=["late", "never"])
def test_what_was_altered_is_waited_for(
    answers_late: int, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The controller has it at once, the broker that describes it a moment later, or not in time."""

    class LaggingAdmin:
        described = 0

        def list_topics(self, timeout: float) -> SimpleNamespace:
            return SimpleNamespace(topics={"trades": SimpleNamespace(partitions={0: SimpleNamespace(replicas=[1])})})

        def describe_configs(self, resources: list[ConfigResource], **_: object) -> dict[ConfigResource, Future[Any]]:
            self.described += 1
            value = "604800000" if self.described > answers_late else "-1"
            return {resources[0]: answered({"retention.ms": SimpleNamespace(value=value)})}

        def incremental_alter_configs(
            self, resources: list[ConfigResource], **_: object
        ) -> dict[ConfigResource, Future[Any]]:
            return {resources[0]: answered(None)}

    def answered(value: object) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(value)
        return future

    monkeypatch.setattr(topic_admin, "_TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(topic_admin, "open_admin", lambda *_: LaggingAdmin())
    admin = TopicAdmin(ServiceSettings(data_dir=tmp_path))
    admin.alter([Difference("trades", settings={"retention.ms": ("-1", "604800000")})])
    assert admin.describe(["trades"])["trades"].extra_config == {"retention.ms": shown}


def test_another_number_of_partitions_is_said_and_left(
    on_kafka: ServiceSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    candles = CANDLES.full_name(on_kafka.environment)
    admin = AdminClient({"bootstrap.servers": on_kafka.broker_address})
    for future in admin.create_topics([NewTopic(candles, 2, 1)]).values():
        future.result()
    assert run(on_kafka, monkeypatch, "--alter") == 1
    assert "DIFFERS: partitions is 2; partitions and replicas are not altered here" in capsys.readouterr().out
    assert TopicAdmin(on_kafka).describe([candles])[candles].num_partitions == 2


def test_changelogs_are_looked_at_too(
    on_kafka: ServiceSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Services make them; somebody else may have made one with the broker's defaults, which delete state."""
    assert run(on_kafka, monkeypatch) == 0
    name = f"changelog__candles-{on_kafka.environment}--trades-{on_kafka.environment}--default"
    admin = AdminClient({"bootstrap.servers": on_kafka.broker_address})
    for future in admin.create_topics([NewTopic(name, 6, 1)]).values():
        future.result()
    capsys.readouterr()
    assert run(on_kafka, monkeypatch) == 1
    said = capsys.readouterr().out
    assert next(line for line in said.splitlines() if line.startswith(name)).endswith(
        "DIFFERS: cleanup.policy is delete; --alter changes it"
    )
    assert "brokers forget" not in said, "make kafka-up keeps offsets for ten years"
    assert run(on_kafka, monkeypatch, "--alter") == 0
    monkeypatch.setattr(manage_topics, "_LEAST_OFFSETS_KEPT_MINUTES", 10**9)
    assert run(on_kafka, monkeypatch, "--dry-run") == 0
    assert "brokers forget the offsets of a service that was stopped for 3650 days" in capsys.readouterr().out


def test_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(topic_admin, "_TIMEOUT_SECONDS", 1.0)
    nowhere = ServiceSettings(broker_address="127.0.0.1:1", data_dir=tmp_path)
    assert run(nowhere, monkeypatch) == 2
    assert "expected a Kafka broker at 127.0.0.1:1, none answers" in capsys.readouterr().err


def test_a_topic_that_was_created_is_waited_for() -> None:
    """On a busy broker the first answers do not know it yet."""

    class SlowAdmin(QuixTopicAdmin):
        asked = 0

        def create_topics(self, *_: object, **__: object) -> None:
            pass

        def list_topics(self, timeout: float = -1) -> dict[str, object]:
            self.asked += 1
            return {"changelog": None} if self.asked > 3 else {}

    admin = SlowAdmin("nowhere:1")
    KafkaTopicManager(admin, "group")._create_topic(Topic("changelog"), 1.0, 10.0)
    assert admin.asked == 4


def test_two_years_old_messages_outlive_the_retention_check(on_kafka: ServiceSettings) -> None:
    """The broker of these tests checks twice a second; a topic that keeps a week shows that it does."""
    week = replace(TRADES, name="a-week-of-trades", retention_ms=7 * MS_PER_DAY)
    then_ms = SystemClock().now_us() // US_PER_MS - TWO_YEARS_MS
    create_topics(on_kafka, [TRADES, week])
    with open_producer(on_kafka, "trades") as producer:
        for second in range(100):
            beat = Heartbeat(exchange="kraken", pair="BTC/USD", venue_time_us=(then_ms + second * 1_000) * US_PER_MS)
            for spec in (TRADES, week):
                producer.produce(spec, beat)
    assert sum(end_offsets(on_kafka, week).values()) == 100
    with KafkaClient(on_kafka) as client:
        topic = week.full_name(on_kafka.environment)
        wait_for(
            lambda: all(low == high for low, high in client.watermarks(topic).values()),
            "the week's topic to be empty",
        )
    assert not list(read_topic(on_kafka, week))
    kept = list(read_topic(on_kafka, TRADES))
    assert [record.timestamp_ms for record in kept] == [then_ms + second * 1_000 for second in range(100)]
