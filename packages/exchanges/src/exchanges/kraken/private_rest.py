"""Kraken's private REST calls: each is made once, and what did not answer is said to have not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

import httpx

from contracts.clock import Clock, SystemClock
from contracts.instrument import Instrument, default_instrument
from contracts.order import Order
from contracts.units import MS_PER_SECOND, US_PER_MS
from exchanges.kraken import private_messages
from exchanges.kraken.instruments import parse_instruments
from exchanges.kraken.order_arguments import order_arguments
from exchanges.kraken.pairs import PairNames, asset_names, other_names
from exchanges.kraken.private_stream import KrakenExecutions
from exchanges.kraken.rest import KrakenRest
from exchanges.kraken.rest_messages import parse_asset_pairs, parse_time_us
from exchanges.kraken.signing import signature
from exchanges.pairs import find_pairs
from exchanges.private.calls import PrivateCalls, Secret
from exchanges.private.execution import Balances, VenueExecution
from exchanges.private.order import OrderName, VenueOrder
from exchanges.private.stream import PrivateStream

R = TypeVar("R")
T = TypeVar("T")


class KrakenPrivate:
    """A client of the private REST calls; it makes none twice, as the second might be answered for the first.

    Parameters
    ----------
    key, secret
        As Kraken gave them. One process for a key: nonces have to grow from call to call.
    url
        In place of Kraken's own.
    timeout_seconds
        After so long a call counts as not answered.
    clock
        For nonces.
    transport
        In place of the network, in tests.

    Raises
    ------
    BadSettingError
        If the secret is not base64; it is not shown.
    """

    def __init__(
        self,
        key: Secret,
        secret: Secret,
        url: str | None = None,
        *,
        timeout_seconds: float = 5.0,
        clock: Clock | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._signer = _Signer(key, secret)
        self._clock = clock or SystemClock()
        self._nonce = 0
        self._calls = PrivateCalls(url or KrakenRest.address, timeout_seconds, transport)
        self._listed: dict[str, PairNames] = {}
        self._instruments: Mapping[str, Instrument] = {}

    def find_pairs(self, pairs: Iterable[str]) -> None:
        """Learn what Kraken calls `pairs`, and what their orders are rounded to."""
        wanted = list(pairs)
        text = self._public("AssetPairs")
        self._listed = self._calls.read(parse_asset_pairs, text)
        find_pairs(wanted, self._listed, other_names(self._listed), "Kraken")
        self._instruments = self._calls.read(lambda body: parse_instruments(body, wanted), text)

    def venue_time_ms(self) -> int:
        """Return Kraken's time: whole seconds, so up to a second early."""
        return self._calls.read(parse_time_us, self._public("Time")) // US_PER_MS

    def add_order(self, order: Order, client_order_id: str, deadline_ms: int) -> str:
        """Send an order; return what Kraken calls it."""
        instrument = self._instruments.get(order.pair) or default_instrument("kraken", order.pair)
        altname = self._listed[order.pair].altname
        arguments = order_arguments(order, altname, client_order_id, deadline_ms, instrument)
        return self._ask("AddOrder", arguments, private_messages.parse_add_order)

    def cancel_order(self, client_order_id: str, pair: str) -> None:
        """Ask for an open order's end: its name is enough."""
        self._ask("CancelOrder", {"cl_ord_id": client_order_id}, private_messages.parse_cancel_order)

    def cancel_all_after(self, seconds: int) -> None:
        """Ask for the end of all open orders unless this is said again before; 0 takes it back."""
        self._ask("CancelAllOrdersAfter", {"timeout": str(seconds)}, private_messages.parse_cancel_all_after)

    def open_orders(self) -> tuple[VenueOrder, ...]:
        """Return the orders that have not ended."""
        names = other_names(self._listed)
        return self._ask("OpenOrders", {}, lambda text: private_messages.parse_open_orders(text, names))

    def ended_orders(
        self, since_ms: int, pairs: Collection[str] | None = None, names: Collection[OrderName] = ()
    ) -> tuple[VenueOrder, ...]:
        """Return the orders that ended since then, page after page: of all pairs, and none is ever missing."""
        other = other_names(self._listed)

        def page(offset: int) -> tuple[tuple[VenueOrder, ...], int]:
            arguments = {"start": _seconds(since_ms), "closetime": "close", "ofs": str(offset)}
            found = self._ask(
                "ClosedOrders", arguments, lambda text: private_messages.parse_closed_orders(text, other)
            )
            return found.orders, found.count

        return _all_pages(page)

    def executions(
        self, since_ms: int, pairs: Collection[str] | None = None, orders: Collection[VenueOrder] = ()
    ) -> tuple[VenueExecution, ...]:
        """Return what was executed since then, of all pairs, page after page, each execution by its own id."""
        names = other_names(self._listed)

        def page(offset: int) -> tuple[tuple[VenueExecution, ...], int]:
            arguments = {"start": _seconds(since_ms), "consolidate_taker": "false", "ofs": str(offset)}
            found = self._ask(
                "TradesHistory", arguments, lambda text: private_messages.parse_trades_history(text, names)
            )
            return found.executions, found.count

        return _all_pages(page)

    def balances(self) -> Balances:
        """Return what the account has, by currency."""
        assets = asset_names(self._listed)
        return self._ask("Balance", {}, lambda text: private_messages.parse_balance(text, assets))

    def stream_token(self) -> str:
        """Return what a subscription to ``executions`` has to show."""
        return self._ask("GetWebSocketsToken", {}, private_messages.parse_websockets_token)

    def open_stream(self, url: str, heard: Callable[[], None]) -> PrivateStream:
        """Return what listens to ``executions``."""
        return KrakenExecutions(url, heard=heard)

    def close(self) -> None:
        """Let go of the connection."""
        self._calls.close()

    def _public(self, method: str) -> bytes:
        return self._calls.body(self._calls.send("GET", f"/0/public/{method}"))

    def _ask(self, method: str, arguments: Mapping[str, str], parse: Callable[[bytes], R]) -> R:
        self._nonce = max(self._nonce + 1, self._clock.now_us())
        body = urlencode({"nonce": str(self._nonce), **arguments})
        response = self._calls.send("POST", f"/0/private/{method}", content=body, auth=self._signer)
        # Kraken says its own refusals in an answer that HTTP calls a success.
        return self._calls.read(parse, self._calls.body(response))


class _Signer(httpx.Auth):
    """Signs what is about to be sent; keys stand in no variable that a traceback could show."""

    requires_request_body = True

    def __init__(self, key: Secret, secret: Secret) -> None:
        self._key = key
        self._secret = secret
        signature("", "", "", secret.get_secret_value())  # a wrong one is refused before the first call

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        body = request.content.decode()
        path, nonce = request.url.path, dict(parse_qsl(body))["nonce"]
        request.headers["Content-Type"] = "application/x-www-form-urlencoded"
        request.headers["API-Key"] = self._key.get_secret_value()
        request.headers["API-Sign"] = signature(path, nonce, body, self._secret.get_secret_value())
        yield request


def _seconds(time_ms: int) -> str:
    return str(max(0, time_ms // MS_PER_SECOND - 1))


def _all_pages(page: Callable[[int], tuple[tuple[T, ...], int]]) -> tuple[T, ...]:
    """Return all rows; they are listed newest first, so what comes meanwhile makes some of them come twice."""
    rows: list[T] = []
    while True:
        found, count = page(len(rows))
        rows += found
        if not found or len(rows) >= count:
            return tuple(rows)
