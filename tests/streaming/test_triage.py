"""Which errors stop a service and which set one message aside."""

from __future__ import annotations

import sqlite3

import pytest
from confluent_kafka import KafkaError, KafkaException
from quixstreams.exceptions import QuixException
from quixstreams.models.serializers import SerializationError

from contracts.errors import BadMessageError
from streaming.dead_letters.classification import is_systematic
from streaming.embedded.errors import LogFullError
from streaming.errors import ServiceError


def caused_by(cause: Exception) -> Exception:
    try:
        try:
            raise cause
        except Exception as inner:
            raise RuntimeError("wrapped") from inner
    except RuntimeError as outer:
        return outer


@pytest.mark.parametrize(
    "error",
    [
        LogFullError("full"),
        ServiceError("model is gone"),
        OSError(28, "No space left on device"),
        sqlite3.OperationalError("database is locked"),
        KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN)),
        QuixException("state"),
        Exception("IO error: No space left on device: While appending to file: state/000012.log"),
        caused_by(ConnectionError("database away")),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_systematic(error: Exception) -> None:
    assert is_systematic(error)


@pytest.mark.parametrize(
    "error",
    [
        BadMessageError("trades.pair", "BASE/QUOTE", "btc"),
        ValueError("negative price"),
        ZeroDivisionError(),
        KeyError("x"),
        SerializationError("not JSON"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        caused_by(ValueError("inner")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_about_one_message(error: Exception) -> None:
    assert not is_systematic(error)
