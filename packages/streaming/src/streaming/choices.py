"""Defaults of libraries and brokers that trade correctness for going on, and what is set instead; on purpose, each.

The page docs/reference/defaults.md is written from this list, and a test holds it against an assembled application.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from streaming.settings import BROKERS_AWAY_SECONDS

Place = Literal["QuixStreams", "RocksDB", "consumer", "producer", "transactions", "broker", "topic", "MLflow"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A default, and what stands in its place.

    Attributes
    ----------
    place
        Of QuixStreams' Application and its state stores; of librdkafka's consumers, producers and producers with
        transactions; of Kafka's brokers and topics; of MLflow.
    name
        As its owner spells it.
    default
        Its owner's.
    ours
        What is set here; the same where the default was looked at and kept.
    why
        What the default would do, or why it is right.
    """

    place: Place
    name: str
    default: Any
    ours: Any
    why: str


_AWAY_MS = int(BROKERS_AWAY_SECONDS * 1_000)

CHOICES: tuple[Choice, ...] = (
    Choice("QuixStreams", "auto_offset_reset", "latest", "error", "skips or repeats messages if an offset is gone"),
    Choice(
        "QuixStreams",
        "auto_recover_from_source_offset_out_of_range",
        True,
        False,
        "deletes state and goes on where the log no longer has the committed offset",
    ),
    Choice("QuixStreams", "broker_availability_timeout", 120.0, BROKERS_AWAY_SECONDS, "ends before messages do"),
    Choice("QuixStreams", "commit_interval", 5.0, 1.0, "five seconds of messages come again after a kill"),
    Choice("QuixStreams", "use_changelog_topics", True, True, "state outlives its folder"),
    Choice("QuixStreams", "processing_guarantee", "at-least-once", "at-least-once", "outputs repeat, equal"),
    Choice("RocksDB", "on_corrupted_recreate", True, True, "rebuilt from its changelog, and its mark is compared"),
    Choice("RocksDB", "use_fsync", True, True, "what is committed is on the disk"),
    Choice("consumer", "auto.offset.reset", "largest", "error", "skips what it has not read where an offset is gone"),
    Choice("consumer", "enable.auto.commit", True, False, "commits what has been fetched and not processed"),
    Choice("consumer", "check.crcs", False, True, "takes damaged messages for good"),
    Choice("consumer", "isolation.level", "read_committed", "read_committed", "no broken transaction is read"),
    Choice("consumer", "allow.auto.create.topics", False, False, "a misspelt topic is an error"),
    Choice("consumer", "max.poll.interval.ms", 300_000, _AWAY_MS + 120_000, "throws out who waits for brokers"),
    Choice("producer", "acks", "all", "all", "acknowledged is what every replica in sync has"),
    Choice("producer", "enable.idempotence", False, True, "a repeated request writes twice, or out of order"),
    Choice("producer", "message.timeout.ms", 300_000, _AWAY_MS, "then the service ends, nothing is committed"),
    Choice("producer", "enable.gapless.guarantee", False, False, "the service ends with the first that fails"),
    Choice("producer", "partitioner", "consistent_random", "murmur2", "other clients put a key elsewhere"),
    Choice("transactions", "transaction.timeout.ms", 60_000, "interval", "ends transactions of a longer interval"),
    Choice("transactions", "transactional.id", "random", "<group>-<instance>", "readers wait behind a dead one's"),
    Choice("broker", "offsets.retention.minutes", 10_080, 5_256_000, "offsets go after a week, messages never"),
    Choice("broker", "auto.create.topics.enable", True, False, "a misspelt topic is written to"),
    Choice("broker", "unclean.leader.election.enable", False, False, "acknowledged messages would be lost"),
    Choice("topic", "retention.ms", 604_800_000, -1, "deletes backfilled history on arrival: it goes by event time"),
    Choice(
        "topic",
        "message.timestamp.after.max.ms",
        3_600_000,
        2**63 - 1,
        "refuses what is an hour ahead of the broker's clock, and all after it: messages go by the venue's",
    ),
    Choice("topic", "cleanup.policy of changelogs", "delete", "compact", "`make topics` compares it; state would go"),
    Choice("MLflow", "MLFLOW_TRACKING_URI", None, "named", "an empty database in the folder where it happens to run"),
    Choice("MLflow", "MLFLOW_REGISTRY_URI", None, "named", "models of another place than their runs"),
    Choice("MLflow", "MLFLOW_ALLOW_PICKLE_DESERIALIZATION", True, "not used", "models are ONNX: none is unpickled"),
)
