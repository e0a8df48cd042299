"""Kraken's private REST calls: each is made once, and what did not answer is said to have not."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Protocol, TypeVar
from urllib.parse import parse_qsl, urlencode

import httpx

from contracts.clock import Clock, SystemClock
from contracts.errors import BadInputError
from contracts.instrument import Instrument, default_instrument
from contracts.order import Order
from contracts.units import MS_PER_SECOND, US_PER_MS
from exchanges.kraken import private_messages
from exchanges.kraken.instruments import parse_instruments
from exchanges.kraken.order_arguments import order_arguments
from exchanges.kraken.pairs import PairNames, asset_names, other_names
from exchanges.kraken.rest import KrakenRest
from exchanges.kraken.rest_messages import parse_asset_pairs, parse_time_us
from exchanges.kraken.signing import signature
from exchanges.pairs import find_pairs
from exchanges.private.execution import Balances, VenueExecution
from exchanges.private.order import VenueOrder
from exchanges.private.venue import NotAnsweredError
from exchanges.proxies import is_loopback, through
from exchanges.rest_client import USER_AGENT
from exchanges.venue import VenueError

R = TypeVar("R")
T = TypeVar("T")


class Secret(Protocol):
    """Something that shows what it keeps only when asked to, such as pydantic's `SecretStr`."""

    def get_secret_value(self) -> str:
        """Return it.

        Returns
        -------
        str
            Not to be kept, logged or put into an error.
        """


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
        self._url = (url or KrakenRest.address).rstrip("/")
        self._clock = clock or SystemClock()
        self._nonce = 0
        self._client = httpx.Client(
            headers={"User-Agent": USER_AGENT},
            timeout=timeout_seconds,
            transport=transport,
            follow_redirects=False,
            trust_env=not is_loopback(self._url),
        )
        self._listed: dict[str, PairNames] = {}
        self._instruments: Mapping[str, Instrument] = {}

    def find_pairs(self, pairs: Iterable[str]) -> None:
        """Learn what Kraken calls `pairs`, and what their orders are rounded to."""
        wanted = list(pairs)
        text = self._text(self._request("GET", "/0/public/AssetPairs"))
        self._listed = self._read(parse_asset_pairs, text)
        find_pairs(wanted, self._listed, other_names(self._listed), "Kraken")
        self._instruments = self._read(lambda body: parse_instruments(body, wanted), text)

    def venue_time_ms(self) -> int:
        """Return Kraken's time: whole seconds, so up to a second early."""
        return self._read(parse_time_us, self._text(self._request("GET", "/0/public/Time"))) // US_PER_MS

    def add_order(self, order: Order, client_order_id: str, deadline_ms: int) -> str:
        """Send an order; return what Kraken calls it."""
        instrument = self._instruments.get(order.pair) or default_instrument("kraken", order.pair)
        altname = self._listed[order.pair].altname
        arguments = order_arguments(order, altname, client_order_id, deadline_ms, instrument)
        return self._ask("AddOrder", arguments, private_messages.parse_add_order)

    def cancel_order(self, client_order_id: str) -> None:
        """Ask for an open order's end."""
        self._ask("CancelOrder", {"cl_ord_id": client_order_id}, private_messages.parse_cancel_order)

    def cancel_all_after(self, seconds: int) -> None:
        """Ask for the end of all open orders unless this is said again before; 0 takes it back."""
        self._ask("CancelAllOrdersAfter", {"timeout": str(seconds)}, private_messages.parse_cancel_all_after)

    def open_orders(self) -> tuple[VenueOrder, ...]:
        """Return the orders that have not ended."""
        names = other_names(self._listed)
        return self._ask("OpenOrders", {}, lambda text: private_messages.parse_open_orders(text, names))

    def ended_orders(self, since_ms: int) -> tuple[VenueOrder, ...]:
        """Return the orders that ended since then, page after page."""
        names = other_names(self._listed)

        def page(offset: int) -> tuple[tuple[VenueOrder, ...], int]:
            arguments = {"start": _seconds(since_ms), "closetime": "close", "ofs": str(offset)}
            found = self._ask(
                "ClosedOrders", arguments, lambda text: private_messages.parse_closed_orders(text, names)
            )
            return found.orders, found.count

        return _all_pages(page)

    def executions(self, since_ms: int) -> tuple[VenueExecution, ...]:
        """Return what was executed since then, page after page, each execution by its own id."""
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

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _ask(self, method: str, arguments: Mapping[str, str], parse: Callable[[bytes], R]) -> R:
        path = f"/0/private/{method}"
        self._nonce = max(self._nonce + 1, self._clock.now_us())
        nonce = str(self._nonce)
        body = urlencode({"nonce": nonce, **arguments})
        return self._read(parse, self._text(self._request("POST", path, content=body, auth=self._signer)))

    def _request(
        self, method: str, path: str, content: str | None = None, auth: httpx.Auth | None = None
    ) -> httpx.Response:
        url = f"{self._url}{path}"
        try:
            return self._client.request(method, url, content=content, auth=auth)
        except httpx.HTTPError as error:
            what = str(error) or type(error).__name__
            raise NotAnsweredError(f"no answer from {url}{through(url)}: {what}") from None

    def _text(self, response: httpx.Response) -> bytes:
        """Return the body; Kraken says its own refusals in an answer that HTTP calls a success."""
        if not response.is_success:
            raise NotAnsweredError(f"{response.url}{through(str(response.url))} answered HTTP {response.status_code}")
        return response.content

    def _read(self, parse: Callable[[bytes], R], text: bytes) -> R:
        try:
            return parse(text)
        except BadInputError as error:
            raise NotAnsweredError(f"the answer of {self._url} cannot be read: {error}") from error
        except VenueError as error:
            raise NotAnsweredError(str(error)) from error


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
