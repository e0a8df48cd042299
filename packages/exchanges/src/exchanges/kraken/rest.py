"""Kraken's public REST calls, asynchronous."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self, TypeVar

import httpx

from contracts.errors import BadInputError
from exchanges.kraken import rest_messages
from exchanges.kraken.pairs import PairNames, find_pairs
from exchanges.kraken.rest_messages import PAGE_ROWS, Page
from exchanges.resilience import Resilience, Spacing
from exchanges.venue import PermanentVenueError, TransientVenueError

REST_URL = "https://api.kraken.com"
USER_AGENT = "tradestream/0.1"
_NS_PER_US = 1_000
R = TypeVar("R")
_TOO_MANY_REQUESTS = 429


def cursor_at(time_us: int) -> int:
    """Return the `since` that includes every trade of `time_us` and later.

    Kraken's `since` is exclusive and counts nanoseconds; our times are cut to microseconds, and REST's may be one
    too high, so the cursor is a microsecond earlier and what comes twice is dropped by id.

    Examples
    --------
    >>> cursor_at(1_772_445_601_448_120)
    1772445601448118999
    """
    return max(0, (time_us - 1) * _NS_PER_US - 1)


class KrakenRest:
    """A client of the public REST calls; use it as an async context manager.

    Parameters
    ----------
    url
        Without ``/0/public``.
    requests_per_second
        Over all calls; Kraken says one is safe.
    give_up_seconds
        How long a call is retried while the venue is unreachable, busy or limits our rate.

    Raises
    ------
    UnknownPairError, PermanentVenueError
        By each call, for what no retry helps.
    TransientVenueError
        By each call, if retrying did not help either.
    """

    def __init__(
        self,
        url: str = REST_URL,
        *,
        requests_per_second: float = 1.0,
        give_up_seconds: float = 300.0,
        timeout_seconds: float = 15.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._spacing = Spacing(requests_per_second)
        self._resilience = Resilience(f"Kraken REST at {self._url}", give_up_seconds=give_up_seconds)
        self._client = httpx.AsyncClient(
            headers={"User-Agent": USER_AGENT}, timeout=timeout_seconds, transport=transport, follow_redirects=True
        )
        self._listed: dict[str, PairNames] | None = None

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def venue_time_us(self) -> int:
        """Return the venue's time, whole seconds, in microseconds."""

        return await self._ask("Time", {}, rest_messages.parse_time_us)

    async def find_pairs(self, pairs: Iterable[str]) -> dict[str, PairNames]:
        """Return the venue's names for `pairs`.

        Raises
        ------
        UnknownPairError
            For a pair it does not list, with similar ones.
        """
        if self._listed is None:
            self._listed = await self._ask("AssetPairs", {}, rest_messages.parse_asset_pairs)
        return find_pairs(pairs, self._listed)

    async def trades(self, pair: str, since: int) -> Page:
        """Return the oldest trades after the cursor `since`, at most `PAGE_ROWS`."""
        names = (await self.find_pairs([pair]))[pair]
        arguments = {"pair": names.altname, "since": str(since), "count": str(PAGE_ROWS)}
        return await self._ask("Trades", arguments, lambda text: rest_messages.parse_trades(text, pair))

    async def _ask(self, call: str, arguments: dict[str, str], parse: Callable[[bytes], R]) -> R:
        """Return what `parse` makes of the answer; one that is not Kraken's at all (a proxy's page) may pass."""

        async def attempt() -> R:
            body = await self._get(call, arguments)
            try:
                return parse(body)
            except BadInputError as error:
                raise TransientVenueError(f"the answer to {call} cannot be read: {error}") from error

        return await self._resilience.call(attempt)

    async def _get(self, call: str, arguments: dict[str, str]) -> bytes:
        """Return the body of an answer; errors inside it are the parsers' business."""
        await self._spacing.wait()
        url = f"{self._url}/0/public/{call}"
        try:
            response = await self._client.get(url, params=arguments)
        except httpx.TransportError as error:
            what = str(error) or type(error).__name__
            raise TransientVenueError(f"no answer from {url}: {what}") from error
        except httpx.HTTPError as error:
            raise PermanentVenueError(f"cannot ask {url}: {error}") from error
        if response.status_code == _TOO_MANY_REQUESTS or response.is_server_error:
            raise TransientVenueError(f"{url} answered HTTP {response.status_code}")
        if not response.is_success:
            raise PermanentVenueError(f"{url} answered HTTP {response.status_code}: {response.text[:200]!r}")
        return response.content
