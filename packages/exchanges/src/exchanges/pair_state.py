"""Where one pair of a feed stands, and what its continuity wants done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from exchanges.venue import Trade


@dataclass(frozen=True, slots=True)
class Emit:
    """Hand these trades on, in id order."""

    trades: list[Trade]


@dataclass(frozen=True, slots=True)
class Fetch:
    """Ask REST for the trades since `since_us` (or since the cursor `cursor`, where a page said so)."""

    since_us: int
    delay_seconds: float
    token: int
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class SetAside:
    """These trades cannot be used, for `reason`: their ids are those of other trades."""

    trades: list[Trade]
    reason: str


NoticeKind = Literal["gap", "repaired", "unrepaired", "duplicate", "late", "restarted"]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person or a metric should know: `count` trades, `text` which."""

    kind: NoticeKind
    count: int
    text: str


Output = Emit | Fetch | Notice | SetAside


@dataclass(slots=True)
class PairState:
    """Where one pair stands.

    Parameters
    ----------
    last_id, last_us
        The newest trade handed on (None before the first), and the time REST is asked from.
    start_us
        Trades before it are not wanted; None until the first subscription says when we started.
    held
        Trades that wait for older ones, by id.
    holes
        Ids passed over because nobody could deliver them: one that comes after all is late, not a duplicate.
    subscribed, live
        Whether this connection streams the pair; whether nothing is missing.
    base_known
        Whether the first trade we see is the first there is since `start_us`.
    token, fetching, attempts
        The current fetch, whether it is under way, and how many made no progress.
    max_attempts
        Fetches without progress before a hole is passed over.
    doubtful
        Something unreadable came after the current fetch began, so its page does not say that nothing is missing.
    aside
        Times and ids of trades that were set aside because ids had started again, so that each is so once.
    aside_us
        The time up to which REST has shown such trades.
    restarts
        Fetches since ids have started again; None while they have not.
    """

    last_id: int | None = None
    last_us: int = 0
    start_us: int | None = None
    held: dict[int, Trade] = field(default_factory=dict)
    holes: list[tuple[int, int]] = field(default_factory=list)
    subscribed: bool = False
    live: bool = False
    base_known: bool = False
    token: int = 0
    fetching: bool = False
    attempts: int = 0
    max_attempts: int = 5
    doubtful: bool = False
    aside: dict[tuple[int, int], None] = field(default_factory=dict)
    aside_us: int = 0
    restarts: int | None = None

    @classmethod
    def resume(cls, last_id: int | None, from_us: int, max_attempts: int = 5) -> PairState:
        """Return the state of a pair whose trades up to `last_id` (or before `from_us`) were handed on earlier.

        Parameters
        ----------
        last_id
            The newest trade handed on; None if there is none.
        from_us
            Event time up to which the pair was handed on, microseconds.
        max_attempts
            Fetches without progress before a hole is passed over.

        Returns
        -------
        PairState
            Not subscribed yet.
        """
        start_us = from_us if last_id is None else 0
        return cls(last_id=last_id, last_us=from_us, start_us=start_us, max_attempts=max_attempts)
