"""Binance's private REST calls: each is made once, and what did not answer is said to have not."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar
from urllib.parse import urlencode

import httpx

from contracts.clock import Clock, SystemClock
from contracts.counted import counted
from contracts.errors import BadSettingError
from contracts.instrument import Instrument, default_instrument
from contracts.order import Order
from contracts.units import MS_PER_DAY, US_PER_MS
from exchanges.binance import private_messages
from exchanges.binance.instruments import parse_instruments, parse_most_stops, parse_order_types
from exchanges.binance.order_arguments import WINDOW_MS, order_arguments, sold_at_once
from exchanges.binance.private_messages import PRIVATE_PAGE_ROWS
from exchanges.binance.private_stream import BinanceUserStream
from exchanges.binance.refusals import NO_SUCH_ORDER, is_of_a_stop_that_is_reached
from exchanges.binance.rest import BinanceRest
from exchanges.binance.rest_messages import parse_symbols, parse_time_us
from exchanges.binance.signing import signature
from exchanges.pairs import find_pairs
from exchanges.private.calls import PrivateCalls, Secret
from exchanges.private.execution import Balances, VenueExecution
from exchanges.private.order import OrderName, VenueOrder
from exchanges.private.refusal import Refusal, RefusedError
from exchanges.private.stream import PrivateStream
from exchanges.private.venue import NotAnsweredError

R = TypeVar("R")
T = TypeVar("T", VenueOrder, VenueExecution)
#: Binance's for too many calls, and for going on after that: an address is banned, for longer each time.
_TOO_MANY = (429, 418)
_LEAST_PAUSE_SECONDS = 1.0
#: How long a round of questions may take.
_MEANWHILE_MS = 600_000
#: The type of the order that protects a position while everything of ours is dead.
_STOP_TYPE = "STOP_LOSS"


class BinancePrivate:
    """A client of the private REST calls; it makes none twice, as the second might be answered for the first.

    Parameters
    ----------
    key, secret
        As Binance gave them, of an HMAC key.
    url
        In place of Binance's own.
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
        self._calls = PrivateCalls(url or BinanceRest.address, timeout_seconds, transport)
        self._monotonic = monotonic
        self._away_until = 0.0
        self._symbols: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._wanted: list[str] = []
        self._instruments: Mapping[str, Instrument] = {}

    def find_pairs(self, pairs: Iterable[str]) -> None:
        """Learn what Binance calls `pairs`, and what their orders are rounded to.

        Raises
        ------
        UnknownPairError
            If it does not list one.
        BadSettingError
            If it takes no stop of one, fewer than there are accounts, or takes fees in a third currency.
        """
        accounts = Counter(pairs)
        self._wanted = list(accounts)
        text = self._public("/api/v3/exchangeInfo")
        self._symbols, other_names = self._calls.read(parse_symbols, text)
        find_pairs(self._wanted, self._symbols, other_names, "Binance")
        self._names = {symbol: pair for pair, symbol in self._symbols.items()}
        self._instruments = self._calls.read(lambda body: parse_instruments(body, self._wanted), text)
        types = self._calls.read(lambda body: parse_order_types(body, self._wanted), text)
        for pair in self._wanted:
            if _STOP_TYPE not in types[pair]:
                raise BadSettingError("pairs", f"pairs of which Binance takes orders of the type {_STOP_TYPE}", pair)
        for pair, most in self._calls.read(lambda body: parse_most_stops(body, self._wanted), text).items():
            if accounts[pair] > most:
                expected = (
                    f"at most {counted(most, 'account')} with {pair}: Binance holds no more stops of it for a key"
                )
                raise BadSettingError("TRADESTREAM_ACCOUNTS", expected, accounts[pair])
        self.venue_time_ms()
        for pair in self._wanted:
            self._refuse_fees_elsewhere(pair)

    def _refuse_fees_elsewhere(self, pair: str) -> None:
        """A fee in a third currency stands in no account's books, so none may be taken from the start."""
        arguments = {"symbol": self._symbols[pair]}
        asset = self._ask("GET", "account/commission", arguments, private_messages.parse_pays_elsewhere)
        if asset is not None:
            expected = f"fees in the currencies of {pair}: switch off paying them in {asset}, in Binance's settings"
            raise BadSettingError("the account at Binance", expected, f"fees in {asset}")

    def venue_time_ms(self) -> int:
        """Return Binance's time."""
        found = self._calls.read(parse_time_us, self._public("/api/v3/time")) // US_PER_MS
        self._ahead_ms = found - self._now_ms()
        return found

    def add_order(self, order: Order, client_order_id: str, deadline_ms: int) -> str:
        """Send an order; return what Binance calls it. A stop that is reached already is sold at the market."""
        instrument = self._instruments.get(order.pair) or default_instrument("binance", order.pair)
        arguments = order_arguments(order, self._symbols[order.pair], client_order_id, deadline_ms, instrument)
        try:
            return self._signed("POST", "order", arguments, private_messages.parse_new_order)
        except RefusedError as error:
            if not is_of_a_stop_that_is_reached(error.refusal):
                raise
        # Refused for certain, so it is not there: what such a stop comes to is sent, with the same name and deadline.
        return self._signed("POST", "order", sold_at_once(arguments), private_messages.parse_new_order)

    def cancel_order(self, client_order_id: str, pair: str) -> None:
        """Ask for an open order's end."""
        arguments = {"symbol": self._symbols[pair], "origClientOrderId": client_order_id}
        self._ask("DELETE", "order", arguments, lambda _: None)

    def cancel_all_after(self, seconds: int) -> None:
        """Refuse: there is no such call on spot."""
        if seconds:
            text = "Binance spot has no dead man's switch"
            raise RefusedError("Binance", Refusal(text, True, "invalid"))

    def open_orders(self) -> tuple[VenueOrder, ...]:
        """Return the orders that have not ended, of all symbols."""
        return self._ask("GET", "openOrders", {}, self._orders)

    def ended_orders(
        self, since_ms: int, pairs: Collection[str] | None = None, names: Collection[OrderName] = ()
    ) -> tuple[VenueOrder, ...]:
        """Return the orders of `pairs` that ended, of those made since then, and what became of each of `names`.

        The list comes from Binance's database, which is behind, and is one of orders that were made since then; so an
        order that it does not show as over is asked for by its name.
        """
        listed = [order for order in self._listed("allOrders", since_ms, pairs, self._orders) if order.has_ended]
        known = {order.client_order_id for order in listed}
        asked = [self._named(name) for name in names if name.client_order_id not in known]
        return (*listed, *(order for order in asked if order is not None))

    def executions(
        self, since_ms: int, pairs: Collection[str] | None = None, orders: Collection[VenueOrder] = ()
    ) -> tuple[VenueExecution, ...]:
        """Return what was executed of `pairs` since then, in the last day, and of those of `orders` from before."""
        start_ms = self._from_ms(since_ms)
        listed = self._listed("myTrades", since_ms, pairs, self._trades)
        wanted = self._wanted if pairs is None else pairs
        old = {
            order.venue_order_id: order
            for order in orders
            if order.pair in wanted and order.filled and order.opened_at_ms < start_ms
        }
        return (*listed, *(each for order in old.values() for each in self._executions_of(order)))

    def _executions_of(self, order: VenueOrder) -> tuple[VenueExecution, ...]:
        """Return all of an order's."""
        symbol, _, number = order.venue_order_id.partition(":")
        found: tuple[VenueExecution, ...] = ()
        arguments = {"symbol": symbol, "orderId": number, "limit": str(PRIVATE_PAGE_ROWS)}
        while True:
            page = self._ask("GET", "myTrades", arguments, self._trades)
            found += page
            if len(page) < PRIVATE_PAGE_ROWS:
                return found
            newest = max(int(each.execution_id.partition(":")[2]) for each in page)
            arguments = {**arguments, "fromId": str(newest + 1)}

    def balances(self) -> Balances:
        """Return what the account has, by currency."""
        return self._ask("GET", "account", {"omitZeroBalances": "true"}, private_messages.parse_balances)

    def stream_token(self) -> str:
        """Return the signed request for the user data stream; no call is made for it."""
        return json.dumps(self._signer.subscription(self._timestamp(), WINDOW_MS))

    def open_stream(self, url: str, heard: Callable[[], None]) -> PrivateStream:
        """Return what listens to the user data stream."""
        return BinanceUserStream(url, {self._symbols[pair]: pair for pair in self._wanted}, heard=heard)

    def close(self) -> None:
        """Let go of the connection."""
        self._calls.close()

    def _trades(self, text: bytes) -> tuple[VenueExecution, ...]:
        return private_messages.parse_my_trades(text, self._names)

    def _orders(self, text: bytes) -> tuple[VenueOrder, ...]:
        return private_messages.parse_orders(text, self._names)

    def _named(self, name: OrderName) -> VenueOrder | None:
        """Return an order by its name, None if there is none; a cancellation may have given it another."""
        arguments = {"symbol": self._symbols[name.pair], "origClientOrderId": name.client_order_id}

        def order(text: bytes) -> VenueOrder:
            return replace(private_messages.parse_order(text, self._names), client_order_id=name.client_order_id)

        try:
            return self._ask("GET", "order", arguments, order)
        except RefusedError as error:
            if not error.refusal.text.startswith(tuple(f"{code} " for code in NO_SUCH_ORDER)):
                raise
            return None

    def _listed(
        self,
        call: str,
        since_ms: int,
        pairs: Collection[str] | None,
        parse: Callable[[bytes], tuple[T, ...]],
    ) -> list[T]:
        """Return the rows of `pairs` since then, of the last day at most: that is what one question may be about."""
        found: list[T] = []
        for pair in sorted(self._wanted if pairs is None else pairs):
            found += self._pages(call, self._symbols[pair], self._from_ms(since_ms), parse)
        return found

    def _from_ms(self, since_ms: int) -> int:
        """Return where lists begin; a day from there ends a little after now, as what happens meanwhile counts."""
        return max(0, since_ms, self._timestamp() - MS_PER_DAY + _MEANWHILE_MS)

    def _pages(self, call: str, symbol: str, start_ms: int, parse: Callable[[bytes], tuple[T, ...]]) -> list[T]:
        """Return all rows of a symbol from then on, the oldest first; a page ends where the next one begins."""
        rows: dict[str, T] = {}
        end_ms = start_ms + MS_PER_DAY - 1
        while True:
            times = {"startTime": str(start_ms), "endTime": str(end_ms), "limit": str(PRIVATE_PAGE_ROWS)}
            page = self._ask("GET", call, {"symbol": symbol, **times}, parse)
            rows |= {_id(row): row for row in page}
            if len(page) < PRIVATE_PAGE_ROWS:
                return list(rows.values())
            newest_ms = max(_made_ms(row) for row in page)
            if newest_ms <= start_ms:
                rows_said = counted(len(page), "row")
                raise NotAnsweredError(f"{call} of {symbol} shows no more than {rows_said} of {start_ms}")
            start_ms = newest_ms

    def _now_ms(self) -> int:
        return self._clock.now_us() // US_PER_MS

    def _timestamp(self) -> int:
        """Return the venue's time as far as it is known: what it said was not later than it was."""
        return self._now_ms() + self._ahead_ms

    def _public(self, path: str) -> bytes:
        return self._body(self._send("GET", path))

    def _ask(self, method: str, call: str, arguments: Mapping[str, str], parse: Callable[[bytes], R]) -> R:
        times = {"recvWindow": str(WINDOW_MS), "timestamp": str(self._timestamp())}
        return self._signed(method, call, {**arguments, **times}, parse)

    def _signed(self, method: str, call: str, arguments: Mapping[str, str], parse: Callable[[bytes], R]) -> R:
        path, form = f"/api/v3/{call}", urlencode(arguments)
        response = (
            self._send(method, path, content=form, auth=self._signer)
            if method == "POST"
            else self._send(method, f"{path}?{form}", auth=self._signer)
        )
        return self._calls.read(parse, self._body(response))

    def _send(
        self, method: str, path: str, content: str | None = None, auth: httpx.Auth | None = None
    ) -> httpx.Response:
        left = self._away_until - self._monotonic()
        if left > 0:
            # No refusal, though nothing was sent: one would end the order, for a reason that passes.
            raise NotAnsweredError(f"Binance was asked too often and is left alone for {left:.0f} s more")
        response = self._calls.send(method, path, content=content, auth=auth)
        if response.status_code in _TOO_MANY:
            after = response.headers.get("Retry-After", "")
            seconds = float(after) if after.isascii() and after.isdigit() else _LEAST_PAUSE_SECONDS
            self._away_until = self._monotonic() + max(seconds, _LEAST_PAUSE_SECONDS)
        return response

    def _body(self, response: httpx.Response) -> bytes:
        """Return the body; what HTTP calls the caller's fault is a refusal, if it is Binance that says so."""
        if response.is_client_error:
            raise self._calls.read(private_messages.refused, response.content)
        return self._calls.body(response)


class _Signer(httpx.Auth):
    """Signs what is about to be sent; the secret stands in no variable that a traceback could show."""

    requires_request_body = True

    def __init__(self, key: Secret, secret: Secret) -> None:
        self._key = key
        self._secret = secret
        signature("", secret.get_secret_value())  # a wrong one is refused before the first call

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        form, query = request.content.decode(), request.url.query.decode()
        signed = f"{form or query}&signature={signature(query + form, self._secret.get_secret_value())}"
        about = {"User-Agent": request.headers["User-Agent"]}
        if form:
            about["Content-Type"] = "application/x-www-form-urlencoded"
            made = httpx.Request(request.method, request.url, headers=about, content=signed)
        else:
            made = httpx.Request(request.method, request.url.copy_with(query=signed.encode()), headers=about)
        made.headers["X-MBX-APIKEY"] = self._key.get_secret_value()
        made.extensions = request.extensions  # its timeouts
        yield made

    def subscription(self, timestamp: int, window_ms: int) -> dict[str, str | int]:
        """Return the parameters of a subscription: signed in the order of their names."""
        parameters: dict[str, str | int] = {
            "apiKey": self._key.get_secret_value(),
            "recvWindow": window_ms,
            "timestamp": timestamp,
        }
        return {**parameters, "signature": signature(urlencode(parameters), self._secret.get_secret_value())}


def _id(row: VenueOrder | VenueExecution) -> str:
    return row.execution_id if isinstance(row, VenueExecution) else row.venue_order_id


def _made_ms(row: VenueOrder | VenueExecution) -> int:
    return row.at_ms if isinstance(row, VenueExecution) else row.opened_at_ms
