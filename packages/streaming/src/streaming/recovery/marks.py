"""What each state store notes at every checkpoint: up to which offset of its inputs it has taken messages in.

Offsets live in a consumer group, which a broker forgets; the changelog may be deleted, a folder restored from a
backup. The mark travels with the state itself, in the same transaction and the same changelog, so that the two can be
held against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import orjson

from streaming.quix.changelog import STORE_HEADER

if TYPE_CHECKING:
    from streaming.log_client import LogClient

#: Of the mark in its store. A checkpoint's column families are written in order of their names and this is the first:
#: a changelog that compaction has rid of an entry has lost the mark of that entry's checkpoint too.
COLUMN_FAMILY = "__at__"
KEY = "offsets"
_FIRST_LOOK_RECORDS = 64
_WIDER = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the state of one partition stands after a checkpoint.

    Attributes
    ----------
    began
        By topic, the offset at which the checkpoint began: what was committed then.
    reached
        By topic, the offset after the newest message taken in.
    topic_ids
        By topic, what tells it from another one of its name, where that is known.
    stores
        All stores of the same state: one that is not named is newer than the mark.
    """

    began: Mapping[str, int]
    reached: Mapping[str, int]
    topic_ids: Mapping[str, str]
    stores: tuple[str, ...]

    def as_value(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return asdict(self)

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """Return what `as_value` gave."""
        return cls(value["began"], value["reached"], value["topic_ids"], tuple(value["stores"]))


def newest_mark(client: LogClient, changelog: str, partition: int, low: int, high: int) -> Mark | None:
    """Return the newest mark of a changelog, committed or not; None if it has none."""
    end, width = high, _FIRST_LOOK_RECORDS
    while end > low:
        start = max(low, end - width)
        records = list(client.read(changelog, partition, start, end, None))
        for record in reversed(records):
            if record.headers.get(STORE_HEADER) == COLUMN_FAMILY.encode() and record.value is not None:
                return Mark.of(orjson.loads(record.value))
        end, width = start, width * _WIDER
    return None
