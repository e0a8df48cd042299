"""What every message about one window of one pair has in common."""

from __future__ import annotations

from pydantic import Field

from contracts.message import Message
from contracts.units import MS_PER_SECOND, Pair


class WindowMessage(Message):
    """A message about the window ``[window_start_ms, window_end_ms)`` of a pair.

    Attributes
    ----------
    exchange, pair
        The venue, and what is traded there.
    interval_s
        Length of the window, seconds.
    window_start_ms
        Start of the window, event time, milliseconds.
    """

    exchange: str = Field(min_length=1)
    pair: Pair
    interval_s: int = Field(gt=0)
    window_start_ms: int

    @property
    def window_end_ms(self) -> int:
        """End of the window, exclusive."""
        return self.window_start_ms + self.interval_s * MS_PER_SECOND

    @property
    def window_id(self) -> str:
        """Which window it is: the start of the ids of what speaks of it."""
        return f"{self.exchange}:{self.pair}:{self.interval_s}:{self.window_start_ms}"

    @property
    def key(self) -> str:
        return self.pair

    @property
    def event_time_ms(self) -> int:
        # The window's end, never its start: a reader that joins by time must not see a candle before it is final.
        return self.window_end_ms


class OpenWindowMessage(WindowMessage):
    """What a window would say had it ended at `as_of_ms`, by event time: for screens, nothing decides on it."""

    as_of_ms: int

    @property
    def event_time_ms(self) -> int:
        return self.as_of_ms

    @property
    def message_id(self) -> str:
        return f"{self.window_id}:forming:{self.as_of_ms}"
