"""A producer of a Kafka broker outside an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confluent_kafka import Producer

from streaming.kafka.connection import KAFKA_PRODUCER_CONFIG, kafka_connection, patience_config

if TYPE_CHECKING:
    from streaming.settings import ServiceSettings


class KafkaProducer(Producer):  # type: ignore[misc]  # confluent_kafka has no types
    """Writes as the services do: a key lands in the same partition and in order, whichever service writes it.

    Parameters
    ----------
    timeout_seconds
        A message that the broker has not taken by then has failed, infinity: it waits for ever; librdkafka's five
        minutes by default.
    """

    def __init__(self, settings: ServiceSettings, timeout_seconds: float | None = None) -> None:
        timeout = {} if timeout_seconds is None else patience_config(timeout_seconds)
        super().__init__(
            {
                **kafka_connection(settings).as_librdkafka_dict(),
                **KAFKA_PRODUCER_CONFIG,
                **timeout,
                "partitioner": "murmur2",
                "enable.idempotence": True,
            }
        )

    def close(self) -> None:
        """Return when nothing is on its way any more."""
        self.flush()
