"""Messages ahead of the broker's clock: Kafka takes them, and where it may not, one pair's stop no other's."""

from __future__ import annotations

import pytest
from confluent_kafka.cimpl import NewTopic

import streaming.kafka.producer as producer_module
from contracts.clock import SystemClock
from contracts.heartbeat import Heartbeat
from contracts.topics import TRADES
from streaming.clients import create_topics, read_dead_letters, read_topic
from streaming.kafka.connection import KAFKA_PRODUCER_CONFIG
from streaming.log_client import open_client
from streaming.producer import AHEAD_OF_LOG, open_producer
from streaming.settings import ServiceSettings

HOURS_US = 3_600_000_000


def beat(pair: str, ahead_us: int) -> Heartbeat:
    return Heartbeat(exchange="kraken", pair=pair, venue_time_us=SystemClock().now_us() + ahead_us)


def test_a_market_three_hours_ahead_is_taken(on_kafka: ServiceSettings) -> None:
    create_topics(on_kafka, [TRADES])
    ahead = beat("BTC/USD", 3 * HOURS_US)
    with open_producer(on_kafka, "trades") as producer:
        producer.produce(TRADES, ahead)
    assert [record.message() for record in read_topic(on_kafka, TRADES)] == [ahead]
    assert not list(read_dead_letters(on_kafka, "trades"))


@pytest.mark.parametrize("bad", [(3, 10, 17), (0,), (9,), (19,)], ids=str)
def test_what_a_topic_of_somebody_elses_refuses_is_set_aside_and_the_rest_goes_on(
    on_kafka: ServiceSettings, monkeypatch: pytest.MonkeyPatch, bad: tuple[int, ...]
) -> None:
    name = TRADES.full_name(on_kafka.environment)
    with open_client(on_kafka) as client:
        # One partition and long enough a wait: what is refused comes in one batch with what is not.
        (made,) = client.admin.create_topics(
            [NewTopic(name, 1, 1, config={"message.timestamp.after.max.ms": "3600000"})]
        ).values()
        made.result(30)
    monkeypatch.setattr(producer_module, "KAFKA_PRODUCER_CONFIG", KAFKA_PRODUCER_CONFIG | {"linger.ms": 2000})
    ahead = [beat("BTC/USD", 3 * HOURS_US + number) for number in bad]
    fine = [beat("ETH/USD", number) for number in range(20)]
    with open_producer(on_kafka, "trades") as producer:
        for number, message in enumerate(fine):
            producer.produce(TRADES, message)
            if number in bad:
                producer.produce(TRADES, ahead[bad.index(number)])
    assert [record.message() for record in read_topic(on_kafka, TRADES)] == fine
    letters = list(read_dead_letters(on_kafka, "trades"))
    assert {letter.value for letter in letters} == {message.to_json() for message in ahead}
    assert {letter.headers["reason"] for letter in letters} == {AHEAD_OF_LOG.encode()}
    assert all(b"ahead of the broker's clock" in (letter.headers["error"] or b"") for letter in letters)
