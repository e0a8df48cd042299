"""The topics, read off contracts."""

from __future__ import annotations

from collections.abc import Iterator

from docs.writers.markdown import code, table

from contracts.message import Message
from contracts.services import readers_of
from contracts.topics import DEAD_LETTERS_RETENTION_MS, EVERY_SERVICE, FOREVER, TOPICS, TopicSpec
from contracts.units import MS_PER_DAY

HEAD = ("topic", "key", "written by", "read by", "partitions", "kept")


def lines() -> Iterator[str]:
    """Return the table of topics and that of their messages."""
    letters = ("`dead-letters.<service>`", "original", EVERY_SERVICE, "", "1", _days(DEAD_LETTERS_RETENTION_MS))
    yield from table(HEAD, [*map(_row, TOPICS), letters])
    yield from ("", "## Messages", "")
    rows = [
        (code(spec.name), code(message.__name__), _about(message), code(f"{message.schema_name}.json"))
        for spec in TOPICS
        for message in spec.messages
    ]
    yield from table(("topic", "message", "what it says", "schema"), rows)


def _row(spec: TopicSpec) -> tuple[str, ...]:
    kept = _days(spec.retention_ms) if spec.cleanup_policy == "delete" else "the newest of each key"
    writers, readers = ", ".join(spec.writers), ", ".join(readers_of(spec))
    return f"`{spec.name}`", spec.key, writers, readers, str(spec.partitions), kept


def _days(retention_ms: int) -> str:
    days = retention_ms // MS_PER_DAY
    return "for ever" if retention_ms == FOREVER else f"{days} day{'s' if days > 1 else ''}"


def _about(message: type[Message]) -> str:
    """Return the first line of the class's docstring, or of the class it is made from."""
    return next(cls.__doc__.splitlines()[0] for cls in message.__mro__ if cls.__doc__)
