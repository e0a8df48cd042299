"""What can happen to a session: a frame came, the connection stands or is gone, REST answered, a pair is wanted."""

from __future__ import annotations

from dataclasses import dataclass

from exchanges.continuity import PairState
from exchanges.frames import Frame
from exchanges.page import Cursor
from exchanges.venue import BadRow, Trade


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection stands."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is gone."""

    reason: str


@dataclass(frozen=True, slots=True)
class Added:
    """Another pair is wanted, which the venue lists."""

    pair: str
    state: PairState


@dataclass(frozen=True, slots=True)
class Removed:
    """A pair is not wanted any more."""

    pair: str


@dataclass(frozen=True, slots=True)
class PageArrived:
    """REST answered a fetch."""

    pair: str
    token: int
    trades: list[Trade]
    next_cursor: Cursor | None


@dataclass(frozen=True, slots=True)
class PageFailed:
    """REST did not answer a fetch."""

    pair: str
    token: int


@dataclass(frozen=True, slots=True)
class Garbled:
    """A frame could not be read: whatever it said is missing until REST has said it."""

    row: BadRow


Event = Connected | Lost | Added | Removed | Garbled | PageArrived | PageFailed | Frame
