"""A key lands in the partition where librdkafka and Kafka's Java client put it."""

from __future__ import annotations

import pytest
from confluent_kafka import Producer

from streaming.embedded.partitioner import murmur2, partition_for

# From librdkafka's own unit test of its murmur2.
LIBRDKAFKA_VECTORS = {
    b"kafka": 0xD067CF64,
    b"giberish123456789": 0x8F552B0C,
    b"1234": 0x9FC97B14,
    b"234": 0xE7C009CA,
    b"34": 0x873930DA,
    b"4": 0x5A4B5CA1,
    b"": 0x106E08D9,
}
# From org.apache.kafka.common.utils.UtilsTest, signed.
JAVA_VECTORS = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize("key", LIBRDKAFKA_VECTORS)
def test_murmur2_is_librdkafkas(key: bytes) -> None:
    assert murmur2(key) == LIBRDKAFKA_VECTORS[key]


@pytest.mark.parametrize("key", JAVA_VECTORS)
def test_murmur2_is_javas(key: bytes) -> None:
    assert murmur2(key) == JAVA_VECTORS[key] & 0xFFFFFFFF


def test_partitions_are_those_of_a_real_producer() -> None:
    delivered: dict[bytes, int] = {}
    producer = Producer({"test.mock.num.brokers": 1, "partitioner": "murmur2", "log_level": 0})
    keys = [b"BTC/USD", b"ETH/USD", b"", "Zürich/é".encode(), *(b"account-%d" % n for n in range(40))]
    for key in keys:
        producer.produce(
            "t", b"", key, on_delivery=lambda _, message: delivered.update({message.key(): message.partition()})
        )
    assert producer.flush(20) == 0
    partitions = 4  # what the mock cluster creates topics with
    assert {key: partition_for(key, partitions) for key in keys if key} == {k: p for k, p in delivered.items() if k}


def test_a_missing_key_goes_where_the_setting_says() -> None:
    assert partition_for(None, 4) == partition_for(b"", 4)
    assert {partition_for(None, 4, "murmur2_random") for _ in range(200)} == {0, 1, 2, 3}
