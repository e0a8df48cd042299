"""What the gateway asks of a venue on behalf of its owner, and how such a request can fail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from contracts.errors import TransientError
from contracts.order import Order
from exchanges.private.execution import Balances, VenueExecution
from exchanges.private.order import OrderName, VenueOrder
from exchanges.private.stream import PrivateStream


class NotAnsweredError(TransientError):
    """No answer came, or none that can be read: whether the venue did what it was asked is not known."""


class PrivateVenue(Protocol):
    """A venue's private calls, each made once: whoever calls decides what may be said twice.

    Raises
    ------
    RefusedError
        By each call, if the venue says no.
    NotAnsweredError
        By each call, if it says nothing that can be understood.
    """

    def find_pairs(self, pairs: Iterable[str]) -> None:
        """Learn what the venue calls `pairs`, and what their orders are rounded to.

        Parameters
        ----------
        pairs
            Each as often as there are accounts that trade it.

        Raises
        ------
        UnknownPairError
            If it does not list one.
        """

    def venue_time_ms(self) -> int:
        """Return the venue's time.

        Returns
        -------
        int
            Milliseconds since the epoch, never too late.
        """

    def add_order(self, order: Order, client_order_id: str, deadline_ms: int) -> str:
        """Send an order.

        Parameters
        ----------
        order
            What is to be bought or sold.
        client_order_id
            What the venue is to call it for us.
        deadline_ms
            The venue's time from which on it must not take the order any more.

        Returns
        -------
        str
            What the venue calls it.
        """

    def cancel_order(self, client_order_id: str, pair: str) -> None:
        """Ask for an open order's end.

        Parameters
        ----------
        client_order_id, pair
            What we called it, and of what it is.
        """

    def cancel_all_after(self, seconds: int) -> None:
        """Ask for the end of all open orders, whoever sent them, unless this is said again before.

        Parameters
        ----------
        seconds
            From now; 0 takes it back.
        """

    def open_orders(self) -> tuple[VenueOrder, ...]:
        """Return the orders that have not ended.

        Returns
        -------
        tuple of VenueOrder
            Others' too.
        """

    def ended_orders(
        self, since_ms: int, pairs: Collection[str] | None = None, names: Collection[OrderName] = ()
    ) -> tuple[VenueOrder, ...]:
        """Return the orders that ended since then.

        Parameters
        ----------
        since_ms
            The venue's time, milliseconds since the epoch.
        pairs
            Of which they are wanted, for a venue that lists pair by pair; None: of all that were found.
        names
            Orders whose fate has to be known, for a venue whose lists may lack some: they are asked for one by one,
            and come back even where they are still open.

        Returns
        -------
        tuple of VenueOrder
            Of all pages.
        """

    def executions(
        self, since_ms: int, pairs: Collection[str] | None = None, orders: Collection[VenueOrder] = ()
    ) -> tuple[VenueExecution, ...]:
        """Return what was executed since then.

        Parameters
        ----------
        since_ms
            The venue's time, milliseconds since the epoch.
        pairs
            As of `ended_orders`.
        orders
            What was just found, for a venue whose lists do not go back far: what was executed of those that are older
            comes back as well.

        Returns
        -------
        tuple of VenueExecution
            Of all pages.
        """

    def balances(self) -> Balances:
        """Return what the account has.

        Returns
        -------
        Balances
            By currency.
        """

    def stream_token(self) -> str:
        """Return what a connection to the venue's stream of executions has to show.

        Returns
        -------
        str
            Good for one connection, soon; not to be logged.
        """

    def open_stream(self, url: str, heard: Callable[[], None]) -> PrivateStream:
        """Return what listens to the venue's stream of executions; it waits for a token.

        Parameters
        ----------
        url
            Where they are told.
        heard
            Called by the stream's thread when there is something to read.

        Returns
        -------
        PrivateStream
            Of the pairs that were found.
        """

    def close(self) -> None:
        """Let go of the connection."""
