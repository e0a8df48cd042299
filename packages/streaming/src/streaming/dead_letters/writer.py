"""Dead letters: what cannot be used is set aside whole, with the reason, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from loguru import logger
from quixstreams.context import message_context
from quixstreams.models.topics import Topic

from contracts.clock import Clock, SystemClock
from contracts.errors import BadMessageError
from contracts.topics import dead_letters_spec
from streaming.dead_letters.classification import is_systematic
from streaming.dead_letters.dead_letter import Source, dead_letter_headers, describe
from streaming.service.intake import Intake
from streaming.telemetry import metrics
from streaming.topics import topic_config

if TYPE_CHECKING:
    from quixstreams.models import Row

    from streaming.quix.application import HookedApplication
    from streaming.settings import ServiceSettings

UNDECODABLE = "undecodable"
PROCESSING_FAILED = "processing-failed"


class DeadLetters:
    """The dead-letter topic of one service.

    A letter holds the original key and bytes; its headers are the original ones and `reason`, `error`,
    `source_topic`, `source_partition`, `source_offset`, `service`, `dead_lettered_at_us`.

    Parameters
    ----------
    service
        Whose letters these are.
    intake
        Of the application: knows the original bytes.
    clock
        The wall clock: when a letter was written.

    Attributes
    ----------
    on_set_aside
        Told the topic, partition and offset of each message that could not even be decoded.
    """

    def __init__(self, service: str, intake: Intake, clock: Clock | None = None) -> None:
        self._service = service
        self._intake = intake
        self._clock = clock or SystemClock()
        self._app: HookedApplication | None = None
        self._topic: Topic | None = None
        self.on_set_aside: Callable[[str, int, int], None] | None = None

    def attach(self, app: HookedApplication, settings: ServiceSettings) -> None:
        """Create the topic, and send through `app` from now on: in its transaction, before its offsets."""
        self._app, spec = app, dead_letters_spec(self._service)
        self._topic = app.topic(
            spec.full_name(settings.environment),
            key_serializer="bytes",
            value_serializer="bytes",
            config=topic_config(spec, settings),
        )

    def send(self, key: str | bytes | None, value: bytes | None, reason: str, error: object) -> None:
        """Set aside part of the message being processed.

        Parameters
        ----------
        key, value
            What the letter holds.
        reason
            One word or two from a small set: it becomes a metric's label.
        error
            What was wrong, for people.
        """
        context = message_context()
        source = Source(context.topic, context.partition, context.offset)
        self._send(key, value, reason, error, source, self._intake.headers)

    def on_consumer_error(self, error: Exception, message: Any, _: Any) -> bool:
        """QuixStreams' callback: a message that cannot be decoded is set aside, any other error stops the service.

        Parameters
        ----------
        error
            What was raised.
        message
            What came, or None.

        Returns
        -------
        bool
            True to go on, False to stop.
        """
        if message is None or is_systematic(error) or self._app is None:
            return _stops("consume", error)
        place = message.topic(), message.partition(), message.offset()
        reason = UNDECODABLE if isinstance(error, BadMessageError | UnicodeError) else PROCESSING_FAILED
        self._send(message.key(), message.value(), reason, error, Source(*place), message.headers())
        # QuixStreams commits only what it has processed: without this a restart would write the letter again.
        self._app.context.store_offset(*place)
        if self.on_set_aside is not None:
            self.on_set_aside(*place)
        return True

    def on_processing_error(self, error: Exception, row: Row | None, _: Any) -> bool:
        """QuixStreams' callback: a message whose processing raised is set aside, unless all would be.

        Parameters
        ----------
        error
            What was raised.
        row
            The message in hand, or None.

        Returns
        -------
        bool
            True to go on, False to stop.
        """
        if row is None or is_systematic(error):
            return _stops("process", error)
        source = Source(row.topic, row.partition, row.offset)
        self._send(row.key, self._intake.raw, PROCESSING_FAILED, error, source, row.headers)
        return True

    def on_producer_error(self, error: Exception, _row: Row | None, _: Any) -> bool:
        """QuixStreams' callback: never ignored; during processing `on_processing_error` gets it next.

        Returns
        -------
        bool
            False: the service stops.
        """
        return False

    def _send(
        self,
        key: str | bytes | None,
        value: bytes | None,
        reason: str,
        error: object,
        source: Source,
        original_headers: Any,
    ) -> None:
        if self._app is None or self._topic is None:
            raise RuntimeError("DeadLetters.send: expected attach() before, was not called")
        headers = dead_letter_headers(self._service, reason, error, source, self._clock.now_us(), original_headers)
        raw_key = key.encode() if isinstance(key, str) else key
        self._app.context.producer.produce(self._topic.name, value=value, key=raw_key, headers=headers)
        metrics.DEAD_LETTERS.labels(topic=source.topic, reason=reason).inc()
        logger.warning("dead letter from {}: {}: {}", source, reason, describe(error))


def _stops(stage: str, error: Exception) -> bool:
    metrics.PROCESSING_ERRORS.labels(stage=stage, kind=type(error).__name__).inc()
    return False
