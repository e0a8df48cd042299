"""What a venue's WebSocket protocol must be able to do for the feed."""

from __future__ import annotations

from typing import Protocol

from exchanges.frames import Frame


class VenueProtocol(Protocol):
    """One venue's frames, read and written; no socket, no clock.

    Attributes
    ----------
    address
        The venue's, of its WebSocket.
    asks_clock
        Whether the venue's time is read over REST before each ping, because no frame of its WebSocket says it.
    min_margin_us
        How long after a trade the venue may still be collecting it: heartbeats stay at least so far behind.
    """

    address: str
    asks_clock: bool
    min_margin_us: int

    def parse(self, text: str | bytes) -> list[Frame]:
        """Read one message.

        Raises
        ------
        OldProtocolError
            If the other side speaks what the venue has replaced: no message of it can be used.
        BadInputError
            If the message as a whole cannot be used; single bad trades come back in `TradesFrame.bad_rows`.
        """

    def opening(self, request_id: int) -> list[str]:
        """Return what is sent first on every connection."""

    def subscribe(self, pairs: list[str], request_id: int) -> list[str]:
        """Return the requests for the trades of `pairs`."""

    def unsubscribe(self, pairs: list[str], request_id: int) -> list[str]:
        """Return the requests that end them."""

    def ping(self, request_id: int) -> str | None:
        """Return a request whose answer is a `Pong`; None where those come unasked."""
