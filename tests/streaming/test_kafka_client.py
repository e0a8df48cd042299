"""The Kafka side, against librdkafka's own mock cluster: no broker, the real client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from tests.streaming.tally import PAIRS, beats
from tests.support.offsets import commit_offsets

from contracts.message import Message
from contracts.topics import TRADES
from streaming.clients import committed_offsets, end_offsets, lag, read_topic
from streaming.embedded.partitioner import partition_for
from streaming.kafka.client import KafkaClient
from streaming.kafka.retry import commit_with_retry
from streaming.producer import open_producer
from streaming.service.application import EmbeddedServiceApplication, ServiceApplication
from streaming.service.assembly import create_application
from streaming.settings import ServiceSettings

PARTITIONS = 4  # what the mock cluster creates topics with


@pytest.fixture
def kafka(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceSettings]:
    cluster = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    brokers = cluster.list_topics(timeout=10).brokers
    address = ",".join(f"{broker.host}:{broker.port}" for broker in brokers.values())
    # The mock creates a topic when it is first asked for it and knows no CreateTopics.
    monkeypatch.setattr(KafkaClient, "create_topic", lambda self, name, config: cluster.list_topics(name, timeout=10))
    yield ServiceSettings(broker_address=address, data_dir=tmp_path)


def test_the_same_client_calls_on_kafka(kafka: ServiceSettings) -> None:
    sent: list[Message] = [*beats(50)]
    with open_producer(kafka, "trades") as producer:
        for message in sent:
            producer.produce(TRADES, message)
    records = list(read_topic(kafka, TRADES))
    assert sorted(r.message().to_json() for r in records) == sorted(m.to_json() for m in sent)
    for pair in PAIRS:
        mine = [record for record in records if record.key == pair.encode()]
        assert [r.message() for r in mine] == [m for m in sent if m.key == pair]
        assert {record.partition for record in mine} == {partition_for(pair.encode(), PARTITIONS)}
        assert mine[0].headers["producer"].startswith(b"trades/")
    ends = end_offsets(kafka, TRADES)
    assert sum(ends.values()) == len(sent) == lag(kafka, "g", TRADES)
    commit_offsets(kafka, "g", TRADES, ends)
    assert committed_offsets(kafka, "g", TRADES) == ends
    assert lag(kafka, "g", TRADES) == 0


def test_the_address_decides(tmp_path: Path) -> None:
    kafka = ServiceSettings(
        broker_address="kafka:9092",
        data_dir=tmp_path,
        processing_guarantee="exactly-once",
        security_protocol="sasl_ssl",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="u",
        sasl_password="secret",
    )
    app = create_application(kafka, "candles")
    assert type(app) is ServiceApplication
    assert app.config.broker_address.as_librdkafka_dict()["sasl.mechanism"] == "SCRAM-SHA-512"
    assert app.config.consumer_extra_config["group.instance.id"] == "candles-dev-0"
    assert app.config.producer_extra_config["transactional.id"] == "candles-dev-0"
    assert app.config.producer_extra_config["compression.type"] == "lz4"
    assert app.config.auto_offset_reset == "error"
    assert not app.config.auto_recover_from_source_offset_out_of_range
    assert "secret" not in repr(kafka) + str(app.config)
    local = kafka.model_copy(update={"broker_address": f"embedded://{tmp_path}/log"})
    assert type(create_application(local, "candles")) is EmbeddedServiceApplication


def test_clients_look_for_a_broker_that_comes_back_elsewhere_within_seconds(tmp_path: Path) -> None:
    app = create_application(ServiceSettings(broker_address="kafka:9092", data_dir=tmp_path), "candles")
    for config in (app.config.consumer_extra_config, app.config.producer_extra_config):
        assert config["socket.connection.setup.timeout.ms"] + config["reconnect.backoff.max.ms"] <= 5_000
        assert config["topic.metadata.refresh.interval.ms"] <= 10_000


@pytest.mark.parametrize("code", [KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError._WAIT_COORD])
@pytest.mark.parametrize("raised", [True, False])
def test_a_commit_waits_for_a_broker_that_loads_its_groups(code: int, raised: bool) -> None:
    answers = [KafkaError(code), None]

    def commit(*, offsets: list[object]) -> list[SimpleNamespace]:
        error = answers.pop(0)
        if error is not None and raised:
            raise KafkaException(error)
        return [SimpleNamespace(error=error)]

    assert commit_with_retry(commit)(offsets=[])[0].error is None
    assert not answers


def test_a_commit_of_somebody_who_was_put_out_fails_at_once() -> None:
    def commit() -> None:
        raise KafkaException(KafkaError(KafkaError.UNKNOWN_MEMBER_ID))

    with pytest.raises(KafkaException):
        commit_with_retry(commit)()


def test_who_does_not_come_back_under_its_name_leaves_its_group(tmp_path: Path) -> None:
    pod = ServiceSettings(broker_address="kafka:9092", data_dir=tmp_path, static_membership=False)
    assert "group.instance.id" not in create_application(pod, "candles").config.consumer_extra_config


@pytest.mark.parametrize(
    ("guarantee", "ends", "linger_ms"),
    [("at-least-once", False, 0), ("at-least-once", True, 5), ("exactly-once", False, 5)],
)
def test_only_where_latency_counts_nothing_waits_for_company(
    tmp_path: Path, guarantee: str, ends: bool, linger_ms: int
) -> None:
    settings = ServiceSettings(broker_address="kafka:9092", data_dir=tmp_path, processing_guarantee=guarantee)
    app = create_application(settings, "candles", ends=ends)
    assert app.config.producer_extra_config["linger.ms"] == linger_ms
