"""What a frame from a venue's WebSocket can mean to the session, whoever the venue is."""

from __future__ import annotations

from dataclasses import dataclass, field

from exchanges.venue import BadRow, Trade


@dataclass(frozen=True, slots=True)
class TradesFrame:
    """Trades by pair, in id order, and the rows that could not be read.

    A `snapshot` shows the newest trades there are, also those from before the subscription.
    """

    snapshot: bool
    trades: dict[str, list[Trade]] = field(default_factory=dict)
    bad_rows: list[BadRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """`pair` streams since `venue_time_us`, and a snapshot of it comes or came."""

    pair: str
    venue_time_us: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """The venue refused a request; `pair` is None where it did not say for which."""

    pair: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Pong:
    """All trades matched well before `venue_time_us` came before this frame.

    Parameters
    ----------
    venue_time_us
        The venue's time; None where the venue does not say it here: then it is the time that the feed read over
        REST before it sent request `request_id`.
    subscribed
        Pairs that stream, from a venue that says so here instead of acknowledging, and sends no snapshots.
    """

    venue_time_us: int | None
    request_id: int | None = None
    subscribed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Numbered:
    """The message's number on this connection: one more than the last one's, or something was lost."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Status:
    """The matching engine is ``online``, in ``maintenance``, ..."""

    system: str


@dataclass(frozen=True, slots=True)
class RateLimited:
    """We send too much."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something that needs nothing done: heartbeats, other channels, frames a venue may add one day."""

    what: str


Frame = TradesFrame | Subscribed | Rejected | Pong | Numbered | Status | RateLimited | Ignored
