"""Whose fault an error is: the message's, or everything's."""

from __future__ import annotations

import sqlite3

from confluent_kafka import KafkaException
from quixstreams.exceptions import QuixException
from quixstreams.models.serializers import SerializationError

from contracts.errors import BadMessageError
from streaming.embedded.errors import EmbeddedLogError
from streaming.errors import ServiceError, SettingsError
from streaming.service.exit import is_rocksdb

_SYSTEMATIC = (
    ServiceError,
    SettingsError,
    EmbeddedLogError,
    KafkaException,
    QuixException,
    sqlite3.OperationalError,
    OSError,
    MemoryError,
    ImportError,
)
_ABOUT_ONE_MESSAGE = (BadMessageError, SerializationError, UnicodeError)


def is_systematic(error: BaseException) -> bool:
    """Whether `error`, or what caused it, would hit every message: disk, log, state store, database, outside service.

    Dead-lettering those would turn a full disk into a topic's worth of lost messages; the service must stop instead.

    Returns
    -------
    bool
        False for an error of one message.
    """
    current: BaseException | None = error
    while current is not None and not isinstance(current, _ABOUT_ONE_MESSAGE):
        if isinstance(current, _SYSTEMATIC) or is_rocksdb(current):
            return True
        current = current.__cause__
    return False
