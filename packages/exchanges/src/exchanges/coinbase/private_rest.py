"""Coinbase's private REST calls: each is made once, and an order that nobody answers once more, by its name."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx
from loguru import logger

from contracts.clock import Clock, SystemClock
from contracts.counted import counted
from contracts.instrument import Instrument, default_instrument
from contracts.order import Order
from contracts.units import MS_PER_SECOND, US_PER_MS
from exchanges.coinbase import private_messages
from exchanges.coinbase.instruments import parse_instruments
from exchanges.coinbase.order_arguments import order_arguments, sold_at_once
from exchanges.coinbase.private_messages import PRIVATE_PAGE_ROWS, RowsPage
from exchanges.coinbase.private_stream import CoinbaseOrders
from exchanges.coinbase.refusals import is_of_a_stop_that_is_reached
from exchanges.coinbase.rest import CoinbaseRest
from exchanges.coinbase.rest_messages import parse_products, parse_time_us
from exchanges.coinbase.signing import TOKEN_SECONDS, json_web_token
from exchanges.pairs import find_pairs
from exchanges.private.calls import PrivateCalls, Secret
from exchanges.private.execution import Balances, VenueExecution
from exchanges.private.order import OrderName, VenueOrder
from exchanges.private.refusal import Refusal, RefusedError
from exchanges.private.stream import PrivateStream
from exchanges.private.venue import NotAnsweredError

R = TypeVar("R")
T = TypeVar("T")
_ROOT = "/api/v3/brokerage"
_ORDERS = "orders/historical/batch"
_TOO_MANY = 429
_LEAST_PAUSE_SECONDS = 1.0
#: How many orders' names are kept: many times what may be open at once.
_MOST_NAMES = 20_000


class CoinbasePrivate:
    """A client of the private REST calls.

    Parameters
    ----------
    key, secret
        As Coinbase gave them, of an ECDSA key: its name, and its private half as PEM.
    url
        In place of Coinbase's own.
    timeout_seconds
        After so long a call counts as not answered.
    clock
        Goes on from the venue's time.
    transport
        In place of the network, in tests.
    monotonic
        For how long to stay away.

    Raises
    ------
    BadSettingError
        If the secret is that of another kind of key; it is not shown.
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
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._signer = _Signer(key, secret)
        self._clock = clock or SystemClock()
        self._ahead_ms = 0
        self._calls = PrivateCalls(url or CoinbaseRest.address, timeout_seconds, transport)
        self._monotonic = monotonic
        self._away_until = 0.0
        self._instruments: Mapping[str, Instrument] = {}
        self._ids: dict[str, str] = {}

    def find_pairs(self, pairs: Iterable[str]) -> None:
        """Learn that Coinbase lists `pairs`, what their orders are rounded to, and what the account pays."""
        wanted = list(pairs)
        text = self._public("market/products?product_type=SPOT")
        listed, other_names = self._calls.read(parse_products, text)
        find_pairs(wanted, listed, other_names, "Coinbase")
        self._instruments = self._calls.read(lambda body: parse_instruments(body, wanted), text)
        tier = self._ask("GET", "transaction_summary", {"product_type": "SPOT"}, private_messages.parse_fee_tier)
        logger.info("the account at Coinbase pays {} bps as a maker, {} as a taker", tier.maker_bps, tier.taker_bps)

    def venue_time_ms(self) -> int:
        """Return Coinbase's time."""
        found = self._calls.read(parse_time_us, self._public("time")) // US_PER_MS
        self._ahead_ms = found - self._now_ms()
        return found

    def add_order(self, order: Order, client_order_id: str, deadline_ms: int) -> str:
        """Send an order; return what Coinbase calls it. A stop that is reached already is sold at the market."""
        instrument = self._instruments.get(order.pair) or default_instrument("coinbase", order.pair)
        arguments = order_arguments(order, client_order_id, instrument)
        try:
            return self._placed(arguments, deadline_ms)
        except RefusedError as error:
            if not is_of_a_stop_that_is_reached(error.refusal):
                raise
        # Refused for certain, so it is not there: what such a stop comes to is sent, with the same name and deadline.
        return self._placed(sold_at_once(arguments), deadline_ms)

    def _placed(self, arguments: Mapping[str, Any], deadline_ms: int) -> str:
        """Send an order, and once more if nobody answers: of two with one name Coinbase takes one, and says which."""
        until_s, content = deadline_ms // MS_PER_SECOND, json.dumps(arguments)

        def place() -> str:
            return self._signed("POST", "orders", private_messages.parse_new_order, until_s, content=content)

        try:
            found = place()
        except NotAnsweredError as unanswered:
            try:
                found = place()
            except RefusedError as error:  # that it takes no second one says nothing of the first
                raise NotAnsweredError(f"{unanswered}; sent again by its name: {error}") from None
        self._knows(str(arguments["client_order_id"]), found)
        return found

    def cancel_order(self, client_order_id: str, pair: str) -> None:
        """Ask for an open order's end, by the name that Coinbase has for it."""
        if (order_id := self._ids.get(client_order_id)) is None:
            raise RefusedError(
                "Coinbase", Refusal(f"no order called {client_order_id} was seen", True, "unknown_order")
            )

        def cancelled(text: bytes) -> None:
            private_messages.parse_cancelled(text, order_id)

        content = json.dumps({"order_ids": [order_id]})
        self._signed("POST", "orders/batch_cancel", cancelled, self._soon_s(), content=content)

    def cancel_all_after(self, seconds: int) -> None:
        """Refuse: there is no such call."""
        if seconds:
            raise RefusedError("Coinbase", Refusal("Coinbase has no dead man's switch", True, "invalid"))

    def open_orders(self) -> tuple[VenueOrder, ...]:
        """Return the orders that have not ended, of all products."""
        return self._orders({"order_status": "OPEN"})

    def ended_orders(
        self, since_ms: int, pairs: Collection[str] | None = None, names: Collection[OrderName] = ()
    ) -> tuple[VenueOrder, ...]:
        """Return the orders that ended, of those made since then, and what became of each of `names`.

        The list is one of orders that were made since then; so an older one, or one that it does not show as over, is
        asked for by the name that Coinbase has for it. One that has none was not found when it was made either.
        """
        wanted = {name.client_order_id for name in names}
        listed = self._orders({"start_date": _rfc3339(since_ms)})
        known = {order.client_order_id for order in listed if order.has_ended}
        asked = [self._one(self._ids[name]) for name in sorted(wanted - known) if name in self._ids]
        seen = (order for order in listed if order.has_ended or order.client_order_id in wanted)
        return (*seen, *(order for order in asked if order is not None))

    def executions(
        self, since_ms: int, pairs: Collection[str] | None = None, orders: Collection[VenueOrder] = ()
    ) -> tuple[VenueExecution, ...]:
        """Return what was executed since then, of all products, each execution by its own name."""
        arguments = {"start_sequence_timestamp": _rfc3339(since_ms)}
        return self._pages("orders/historical/fills", arguments, private_messages.parse_fills)

    def balances(self) -> Balances:
        """Return what the account has, by currency."""
        return private_messages.summed(self._pages("accounts", {}, private_messages.parse_accounts))

    def stream_token(self) -> str:
        """Return what a subscription to ``user`` has to show; no call is made for it."""
        return self._signer.token(self._soon_s())

    def open_stream(self, url: str, heard: Callable[[], None]) -> PrivateStream:
        """Return what listens to ``user``."""
        return CoinbaseOrders(url, heard=heard)

    def close(self) -> None:
        """Let go of the connection."""
        self._calls.close()

    def _orders(self, arguments: Mapping[str, str]) -> tuple[VenueOrder, ...]:
        found = self._pages(_ORDERS, {"product_type": "SPOT", **arguments}, private_messages.parse_orders)
        for order in found:
            if order.client_order_id is not None:
                self._knows(order.client_order_id, order.venue_order_id)
        return found

    def _one(self, order_id: str) -> VenueOrder | None:
        """Return an order, None if it is not to be seen."""
        try:
            return self._ask("GET", f"orders/historical/{order_id}", {}, private_messages.parse_order)
        except RefusedError as error:
            if error.refusal.kind != "unknown_order":
                raise
            return None

    def _knows(self, client_order_id: str, order_id: str) -> None:
        self._ids.pop(client_order_id, None)  # to the end: those that were seen last are kept
        self._ids[client_order_id] = order_id
        if len(self._ids) > _MOST_NAMES:
            del self._ids[next(iter(self._ids))]

    def _pages(self, call: str, arguments: Mapping[str, str], parse: Callable[[bytes], RowsPage[T]]) -> tuple[T, ...]:
        """Return all rows, page after page."""
        rows: list[T] = []
        cursor: str | None = None
        while True:
            asked = {**arguments, "limit": str(PRIVATE_PAGE_ROWS), **({} if cursor is None else {"cursor": cursor})}
            page = self._ask("GET", call, asked, parse)
            rows += page.rows
            if page.cursor is None:
                return tuple(rows)
            if page.cursor == cursor:
                raise NotAnsweredError(f"{call} does not go on after {counted(len(rows), 'row')}")
            cursor = page.cursor

    def _now_ms(self) -> int:
        return self._clock.now_us() // US_PER_MS

    def _soon_s(self) -> int:
        """Return until when a token is good of which only that counts: so that clocks may differ by a minute."""
        return (self._now_ms() + self._ahead_ms) // MS_PER_SECOND + TOKEN_SECONDS // 2

    def _public(self, call: str) -> bytes:
        return self._body(self._send("GET", f"{_ROOT}/{call}"))

    def _ask(self, method: str, call: str, arguments: Mapping[str, str], parse: Callable[[bytes], R]) -> R:
        query = f"?{urlencode(arguments)}" if arguments else ""
        return self._signed(method, f"{call}{query}", parse, self._soon_s())

    def _signed(
        self, method: str, call: str, parse: Callable[[bytes], R], until_s: int, content: str | None = None
    ) -> R:
        response = self._send(method, f"{_ROOT}/{call}", content=content, auth=_Bearer(self._signer, until_s))
        return self._calls.read(parse, self._body(response))

    def _send(
        self, method: str, path: str, content: str | None = None, auth: httpx.Auth | None = None
    ) -> httpx.Response:
        left = self._away_until - self._monotonic()
        if left > 0:
            # No refusal, though nothing was sent: one would end the order, for a reason that passes.
            raise NotAnsweredError(f"Coinbase was asked too often and is left alone for {left:.0f} s more")
        response = self._calls.send(method, path, content=content, auth=auth)
        if response.status_code == _TOO_MANY:
            after = response.headers.get("Retry-After", "")
            seconds = float(after) if after.isascii() and after.isdigit() else _LEAST_PAUSE_SECONDS
            self._away_until = self._monotonic() + max(seconds, _LEAST_PAUSE_SECONDS)
        return response

    def _body(self, response: httpx.Response) -> bytes:
        """Return the body; what HTTP calls the caller's fault is a refusal, if it is Coinbase that says so."""
        if response.status_code == httpx.codes.UNAUTHORIZED:
            text = "401 Unauthorized: the key, its rights, or a token whose time is over"
            raise RefusedError("Coinbase", Refusal(text, True, "key"))
        if response.is_client_error:
            raise self._calls.read(private_messages.refused, response.content)
        return self._calls.body(response)


class _Signer:
    """Makes tokens; the secret stands in no variable that a traceback could show."""

    def __init__(self, key: Secret, secret: Secret) -> None:
        self._key = key
        self._secret = secret
        json_web_token(
            "", TOKEN_SECONDS, "", None, secret.get_secret_value()
        )  # a wrong one is refused before the first call

    def token(self, until_s: int, uri: str | None = None) -> str:
        """Return a token; `uri` is None for a WebSocket."""
        nonce = secrets.token_hex(16)
        return json_web_token(self._key.get_secret_value(), until_s, nonce, uri, self._secret.get_secret_value())


class _Bearer(httpx.Auth):
    """Shows a token for what is about to be sent, good until a time."""

    def __init__(self, signer: _Signer, until_s: int) -> None:
        self._signer = signer
        self._until_s = until_s

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        uri = f"{request.method} {request.url.netloc.decode()}{request.url.path}"
        if request.method == "POST":
            request.headers["Content-Type"] = "application/json"
        request.headers["Authorization"] = f"Bearer {self._signer.token(self._until_s, uri)}"
        yield request


def _rfc3339(time_ms: int) -> str:
    """Return the whole second before a time."""
    return f"{datetime.fromtimestamp(max(0, time_ms // MS_PER_SECOND), UTC):%Y-%m-%dT%H:%M:%SZ}"
