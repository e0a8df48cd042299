"""What a venue tells of an account without being asked: executions as they happen, and what becomes of orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from exchanges.private.execution import VenueExecution
from exchanges.private.order import OrderChange


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """The venue tells from now on; what happened before has to be asked for."""


@dataclass(frozen=True, slots=True)
class StreamNews:
    """Something happened.

    Parameters
    ----------
    executions, changes
        In the order in which they were told; each may come twice, late, or not at all.
    missed
        Whether something was told before that did not arrive, or could not be read.
    """

    executions: tuple[VenueExecution, ...] = ()
    changes: tuple[OrderChange, ...] = ()
    missed: bool = False


@dataclass(frozen=True, slots=True)
class StreamLost:
    """Nothing is told any more.

    Parameters
    ----------
    reason
        In words.
    """

    reason: str


StreamEvent = StreamOpened | StreamNews | StreamLost


class PrivateStream(Protocol):
    """Listens beside whoever uses it, and connects again by itself; each connection needs a token.

    Its calls do not wait.
    """

    def needs_token(self) -> bool:
        """Say whether it waits for `begin`.

        Returns
        -------
        bool
            True at first, and after a connection was lost and a pause is over.
        """

    def begin(self, token: str) -> None:
        """Connect.

        Parameters
        ----------
        token
            From `exchanges.private.venue.PrivateVenue.stream_token`.
        """

    def read(self) -> list[StreamEvent]:
        """Return what was told since the last call.

        Returns
        -------
        list of StreamEvent
            In the order in which it came.
        """

    def close(self) -> None:
        """Stop listening."""
