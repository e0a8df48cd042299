"""One page of a venue's past trades, and where the next one begins."""

from __future__ import annotations

from dataclasses import dataclass

from exchanges.venue import BadRow, Trade

#: A venue's own paging position, as text; only that venue's client can read it.
Cursor = str


@dataclass(frozen=True, slots=True)
class Page:
    """Trades in id order.

    Parameters
    ----------
    trades, bad_rows
        What could be read, and what could not.
    resume
        Where to go on, also later, when the venue has nothing more for now.
    more
        Whether the venue has more already.
    """

    trades: list[Trade]
    bad_rows: list[BadRow]
    resume: Cursor
    more: bool

    @property
    def trades_until_us(self) -> int:
        """Return the newest trade's time; 0 on an empty page."""
        return self.trades[-1].timestamp_us if self.trades else 0

    @property
    def next(self) -> Cursor | None:
        """Return the cursor of the next page; None if this was the last."""
        return self.resume if self.more else None
