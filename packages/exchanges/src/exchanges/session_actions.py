"""What a session wants done: requests to send, pages to fetch, trades and heartbeats to hand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from exchanges import continuity
from exchanges.venue import BadRow, Trade


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Ask the venue for the trades of these pairs."""

    pairs: list[str]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Tell the venue that these pairs are not wanted any more."""

    pairs: list[str]


@dataclass(frozen=True, slots=True)
class EmitTrades:
    """Hand trades on, in id order."""

    pair: str
    trades: list[Trade]


@dataclass(frozen=True, slots=True)
class EmitHeartbeat:
    """Say that every trade of the pair before `venue_time_us` was handed on."""

    pair: str
    venue_time_us: int


@dataclass(frozen=True, slots=True)
class LoseTrades:
    """Trades of a pair that came and cannot be used: for the dead letters, and their time is not known."""

    pair: str
    trades: list[Trade]
    reason: str


@dataclass(frozen=True, slots=True)
class FetchPage:
    """Ask REST; the answer comes back as `PageArrived` or `PageFailed`."""

    pair: str
    fetch: continuity.Fetch


@dataclass(frozen=True, slots=True)
class Report:
    """Something for the log and the metrics.

    Parameters
    ----------
    kind
        One word for what happened: the metrics' label.
    text
        The same for people.
    pair
        Of which pair, or None.
    count
        How often.
    level
        How loud the log says it.
    """

    kind: str
    text: str
    pair: str | None = None
    count: int = 1
    level: Literal["INFO", "WARNING", "ERROR"] = "INFO"


@dataclass(frozen=True, slots=True)
class Refuse:
    """A row that cannot be used, for the dead letters."""

    row: BadRow


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The venue does not stream this pair, and asking again would not help."""

    pair: str
    reason: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The feed is over, as planned."""


Action = (
    Subscribe | Unsubscribe | EmitTrades | EmitHeartbeat | LoseTrades | FetchPage | Report | Refuse | GiveUp | Finish
)
