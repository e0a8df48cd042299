"""How every client of a Kafka broker is set up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from quixstreams.kafka import ConnectionConfig

from streaming.settings import BROKERS_AWAY_SECONDS

if TYPE_CHECKING:
    from streaming.settings import ServiceSettings

#: Of messages on their way and on the broker's disk.
COMPRESSION = "lz4"
#: Every client's. A broker that comes back at another address, as a pod does, is silent on the old one: librdkafka
#: would wait half a minute for an answer there, and then up to ten seconds before it looks again. One that goes down
#: in order tells its clients that partitions have no leader; they would take that for the truth for five minutes.
_RECONNECTING: dict[str, Any] = {
    "socket.connection.setup.timeout.ms": 3_000,
    "reconnect.backoff.max.ms": 1_000,
    "topic.metadata.refresh.interval.ms": 10_000,
}

#: Waiting so for brokers is no reason to be thrown out of the group by them.
_POLL_SPARE_SECONDS = 120.0
#: A transaction is as long as a checkpoint, which may be late; Kafka's 60 s would end each one of a longer interval.
_TRANSACTION_SPARE_SECONDS = 60.0


def patience_config(patience_seconds: float) -> dict[str, Any]:
    """Return what a producer adds whose messages may wait so long for a broker; infinity: for ever.

    Examples
    --------
    >>> patience_config(2.5), patience_config(float("inf"))
    ({'message.timeout.ms': 2500}, {'message.timeout.ms': 0})
    """
    return {"message.timeout.ms": 0 if patience_seconds == math.inf else int(patience_seconds * 1_000)}


#: Every producer's: nothing is acknowledged before all in-sync replicas have it. Nothing waits for company either:
#: librdkafka's linger of 5 ms would be added by each of five services in turn. Under load messages still travel
#: together, those that come while a request is on its way.
KAFKA_PRODUCER_CONFIG: dict[str, Any] = {
    "acks": "all",
    "compression.type": COMPRESSION,
    "linger.ms": 0,
    **patience_config(BROKERS_AWAY_SECONDS),
    **_RECONNECTING,
}
#: Where latency does not count: fewer and larger requests.
BULK_LINGER_MS = 5

#: Backpressure: a service that is slower than its input keeps this much of it in memory and leaves the rest on the
#: broker, which stops being asked. librdkafka's own 64 MB would be most of a small container's memory. The queue's
#: limits are looked at before a fetch, and a fetch is counted as compressed: its megabyte of small messages would be
#: 50 MB in memory for each partition.
_BOUNDED_QUEUE: dict[str, Any] = {
    "queued.max.messages.kbytes": 16_384,
    "queued.min.messages": 10_000,
    "max.partition.fetch.bytes": 262_144,
}

#: Of the client's own defaults the first is another one, the others were looked at (`streaming.choices`).
_CAREFUL: dict[str, Any] = {
    "check.crcs": True,
    "isolation.level": "read_committed",
    "allow.auto.create.topics": False,
}

#: Every consumer's. A broker answers the requests of a connection one after the other, so while an idle fetch waits
#: for messages everything else waits too. At librdkafka's 500 ms a service with three stores and six partitions,
#: which asks for the ends of eighteen changelogs when it starts, took twelve seconds to its first commit; now two.
KAFKA_CONSUMER_CONFIG: dict[str, Any] = {"fetch.wait.max.ms": 50, **_BOUNDED_QUEUE, **_RECONNECTING, **_CAREFUL}


def group_config(session_timeout_seconds: float, patience_seconds: float = BROKERS_AWAY_SECONDS) -> dict[str, Any]:
    """Return what a member of a consumer group adds.

    Examples
    --------
    >>> group_config(45.0)
    {'session.timeout.ms': 45000, 'max.poll.interval.ms': 420000}
    """
    longest_seconds = max(patience_seconds + _POLL_SPARE_SECONDS, session_timeout_seconds)
    return {
        "session.timeout.ms": int(session_timeout_seconds * 1_000),
        "max.poll.interval.ms": int(longest_seconds * 1_000),
    }


def transaction_config(
    transactional_id: str, commit_interval_seconds: float, patience_seconds: float = BROKERS_AWAY_SECONDS
) -> dict[str, Any]:
    """Return what a producer adds whose transactions last from one checkpoint to the next.

    Examples
    --------
    >>> transaction_config("candles-dev-0", 120.0)["transaction.timeout.ms"]
    300000
    """
    timeout_ms = int((2 * commit_interval_seconds + _TRANSACTION_SPARE_SECONDS) * 1_000)
    return {
        "transactional.id": transactional_id,
        "transaction.timeout.ms": timeout_ms,
        # Of a transaction that has ended no message counts any more; librdkafka takes no longer one.
        "message.timeout.ms": min(timeout_ms, int(patience_seconds * 1_000)),
    }


def kafka_connection(settings: ServiceSettings) -> ConnectionConfig:
    """Return how to reach the Kafka broker that `settings` name."""
    files = {
        "ssl_ca_location": settings.ssl_ca_location,
        "ssl_certificate_location": settings.ssl_certificate_location,
        "ssl_key_location": settings.ssl_key_location,
    }
    given: dict[str, Any] = {
        "security_protocol": settings.security_protocol,
        "sasl_mechanism": settings.sasl_mechanism,
        "sasl_username": settings.sasl_username,
        "sasl_password": settings.sasl_password,
        **{name: path and str(path) for name, path in files.items()},
        "ssl_key_password": settings.ssl_key_password,
    }
    return ConnectionConfig(
        bootstrap_servers=settings.broker_address,
        **{name: value for name, value in given.items() if value is not None},
    )
