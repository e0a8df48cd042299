"""The state of one pair: what is known of its market, as JSON."""

from __future__ import annotations

from typing import Any, TypedDict

from candles.core.id_ranges import Ranges


class Pair(TypedDict):
    """What is known of one pair.

    Attributes
    ----------
    exchange, pair
        Whose trades these are.
    consecutive
        Whether the venue numbers its trades without holes.
    known_from_us
        A window that starts earlier is cut off by the start of input; None before any message.
    clock_us
        Time of the newest message.
    promised_us
        Newest heartbeat: no trade before it is outstanding.
    traded_us
        Time of the newest trade; None before the first.
    ended_us
        End of input, once it has been announced as final.
    since_us
        By interval in seconds, as text: when its candles were first asked for; 0 from the beginning.
    grace_ms
        The grace so far.
    closed_ms
        With another grace before, windows that end by then have closed.
    ranges
        Ids that have been applied.
    waiting
        The newest trades, in columns, if they have not gone to the windows yet (`core.admit`).
    outage
        The span in which the feed was last said to be dead, if it ever was (`core.outage`).
    lost
        Spans in which trades were traded that cannot be used, and of which no id speaks (`core.lost`).
    forgotten_id
        Of ids up to this one that `ranges` do not have, nothing is known any more.
    """

    exchange: str
    pair: str
    consecutive: bool
    known_from_us: int | None
    clock_us: int
    promised_us: int
    traded_us: int | None
    ended_us: int | None
    since_us: dict[str, int]
    grace_ms: int
    closed_ms: int
    ranges: Ranges
    waiting: list[Any] | None
    outage: list[int] | None
    lost: list[list[int]]
    forgotten_id: int | None


def initial(exchange: str, pair: str) -> Pair:
    """Return what is known before the first message."""
    return {
        "exchange": exchange,
        "pair": pair,
        "consecutive": True,
        "known_from_us": None,
        "clock_us": 0,
        "promised_us": 0,
        "traded_us": None,
        "ended_us": None,
        "since_us": {},
        "grace_ms": 0,
        "closed_ms": 0,
        "ranges": [],
        "waiting": None,
        "outage": None,
        "lost": [],
        "forgotten_id": None,
    }


def trades_waiting(pair: Pair | None) -> int:
    """Return how many trades have not gone to the windows yet."""
    columns = None if pair is None else pair.get("waiting")
    return 0 if columns is None else len(columns[0])
