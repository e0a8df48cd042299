"""Put messages on an embedded log as a service would."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from contracts.message import Message
from contracts.topics import TopicSpec
from streaming.embedded import headers
from streaming.embedded.group import GroupOffsets
from streaming.embedded.log import EmbeddedLog
from streaming.embedded.topic_log import TopicSettings

INGESTED_AT_US = 1_763_710_000_000_000


def put(folder: Path, spec: TopicSpec, messages: Iterable[Message], wait_us: int = 5_000) -> None:
    """Append `messages`; each was produced `wait_us` after its trade came in."""
    log = EmbeddedLog(folder)
    name = spec.full_name("dev")
    log.create_topic(name, TopicSettings())
    stored = headers.encode(
        [("produced_at_us", str(INGESTED_AT_US + wait_us)), ("ingested_at_us", str(INGESTED_AT_US))]
    )
    drafts = [(0, m.event_time_ms, m.key.encode(), m.to_json(), stored) for m in messages]
    if drafts:
        log.topic(name).append(drafts)
    log.close()


def commit(folder: Path, group: str, spec: TopicSpec, offset: int) -> None:
    """Let `group` have read up to `offset`."""
    offsets = GroupOffsets(folder, group)
    offsets.commit({(spec.full_name("dev"), 0): offset})
    offsets.close()
