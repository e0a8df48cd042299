"""Message headers as the log stores them: JSON text, bytes as latin-1, so that any SQLite tool can read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from contracts.errors import shorten
from streaming.embedded.errors import LogDamagedError

HeaderPairs = list[tuple[str, bytes | None]]


def encode(headers: Mapping[str, Any] | Iterable[tuple[str, Any]] | None) -> bytes | None:
    """Return the stored form of Kafka headers; none at all is stored as NULL.

    Examples
    --------
    >>> encode([("schema", b"candle")])
    b'[["schema","candle"]]'
    """
    if not headers:
        return None
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return orjson.dumps(
        [(name, value.decode("latin-1") if type(value) is bytes else _text(value)) for name, value in pairs]
    )


def _text(value: Any) -> str | None:
    """Strings travel as UTF-8 bytes, like in Kafka."""
    return None if value is None else (value if isinstance(value, bytes) else str(value).encode()).decode("latin-1")


def decode(stored: bytes | None) -> HeaderPairs | None:
    """Return the headers as confluent_kafka gives them.

    Returns
    -------
    HeaderPairs | None
        None for a message without headers.

    Raises
    ------
    LogDamagedError
        If `stored` is nothing that `encode` wrote.

    Examples
    --------
    >>> decode(b'[["schema","candle"]]')
    [('schema', b'candle')]
    """
    if stored is None:
        return None
    try:
        return [(name, None if value is None else value.encode("latin-1")) for name, value in orjson.loads(stored)]
    except (ValueError, TypeError, AttributeError) as error:
        raise LogDamagedError(f"headers: expected JSON pairs of text, was {shorten(stored)}") from error
