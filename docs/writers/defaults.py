"""The defaults that were changed or kept on purpose, read off the code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docs.writers.markdown import code, table

from streaming.choices import CHOICES

_PLACES = {
    "consumer": "librdkafka, consumers",
    "producer": "librdkafka, producers",
    "transactions": "librdkafka, transactions",
    "broker": "Kafka, brokers",
    "topic": "Kafka, topics",
}


def lines() -> Iterator[str]:
    """Return the table."""
    rows = [
        (_PLACES.get(each.place, each.place), code(each.name), _said(each.default), _said(each.ours), each.why)
        for each in CHOICES
    ]
    yield from table(("of", "setting", "its default", "here", "what the default does, or why it was kept"), rows)


def _said(value: Any) -> str:
    return code(str(value).lower() if isinstance(value, bool) or value is None else f"{value}")
