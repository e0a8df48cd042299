"""A client of the log that the settings name."""

from __future__ import annotations

from streaming.broker_address import is_embedded
from streaming.embedded.client import EmbeddedClient
from streaming.kafka.client import KafkaClient
from streaming.settings import ServiceSettings

LogClient = EmbeddedClient | KafkaClient


def open_client(settings: ServiceSettings) -> LogClient:
    """Return a client without a consumer group, to be closed after use."""
    return EmbeddedClient(settings) if is_embedded(settings.broker_address) else KafkaClient(settings)
