"""What the REST clients of all venues share: one HTTP client, spaced and retried calls, the list of pairs."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import ClassVar, Generic, Protocol, Self, TypeVar

import httpx

from contracts.errors import BadInputError
from contracts.instrument import Instrument
from exchanges.page import Cursor, Page
from exchanges.pairs import find_pairs
from exchanges.proxies import is_loopback, through
from exchanges.resilience import Resilience, Spacing
from exchanges.venue import PermanentVenueError, TransientVenueError, UnknownPairError

USER_AGENT = "tradestream/0.1"
_LISTING_AGE_SECONDS = 60.0
_TIMEOUT_SECONDS = 15.0
_LIMITED = (418, 429)
R = TypeVar("R")
N = TypeVar("N")


class VenueRest(Protocol):
    """A venue's public REST calls.

    Raises
    ------
    UnknownPairError, PermanentVenueError
        By each call, for what no retry helps.
    TransientVenueError
        By each call, if retrying did not help either.
    """

    async def find_pairs(self, pairs: Iterable[str]) -> Mapping[str, object]:
        """Return the venue's names for `pairs`.

        Returns
        -------
        Mapping[str, object]
            By pair; what a name is like is the venue's.

        Raises
        ------
        UnknownPairError
            If the venue does not list one; it names similar ones.
        """

    async def trades(self, pair: str, since: Cursor) -> Page:
        """Return the oldest trades from the cursor `since` on.

        Returns
        -------
        Page
            In the order of their ids, with the cursor to go on from.
        """

    async def instruments(self, pairs: Iterable[str]) -> Mapping[str, Instrument]:
        """Return what orders of `pairs` are rounded to, and their fees.

        Returns
        -------
        Mapping[str, Instrument]
            By pair.

        Raises
        ------
        UnknownPairError
            If the venue does not list one.
        """

    async def venue_time_us(self) -> int:
        """Return the venue's time in microseconds.

        Returns
        -------
        int
            Microseconds since the epoch, UTC.
        """


class RestClient(VenueRest, Generic[N]):
    """The common half of a `VenueRest`; use it as an async context manager.

    Attributes
    ----------
    venue
        As people write it, for errors.
    address
        Of the venue, without a path.
    calls_per_second
        Over all calls, with room to what the venue allows.
    headers
        Beside the user agent.

    Parameters
    ----------
    url, requests_per_second
        In place of the venue's own.
    give_up_seconds
        How long a call is retried while the venue is unreachable, busy or limits our rate.

    Raises
    ------
    PermanentVenueError
        If the environment names a proxy that cannot be used.
    """

    venue: ClassVar[str]
    address: ClassVar[str]
    calls_per_second: ClassVar[float]
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self,
        url: str | None = None,
        *,
        requests_per_second: float | None = None,
        give_up_seconds: float = 300.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = (url or self.address).rstrip("/")
        self._spacing = Spacing(requests_per_second or self.calls_per_second)
        self._resilience = Resilience(f"{self.venue} REST at {self._url}", give_up_seconds=give_up_seconds)
        try:
            self._client = httpx.AsyncClient(
                headers={"User-Agent": USER_AGENT, **self.headers},
                timeout=_TIMEOUT_SECONDS,
                transport=transport,
                follow_redirects=True,
                trust_env=not is_loopback(self._url),
            )
        except (ImportError, ValueError) as error:  # the environment names a proxy of a kind that is not installed
            raise PermanentVenueError(f"cannot ask {self._url}{through(self._url)}: {error}") from error
        self._listed: dict[str, N] | None = None
        self._other_names: Mapping[str, str] = {}
        self._listed_at = 0.0

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def find_pairs(self, pairs: Iterable[str]) -> dict[str, N]:
        """Return the venue's names for `pairs`; a list that is a minute old is asked for again before a refusal.

        Raises
        ------
        UnknownPairError
            For a pair it does not list, with similar ones.
        """
        wanted = list(pairs)
        if self._listed is None:
            await self._list()
        try:
            return find_pairs(wanted, self._listed or {}, self._other_names, self.venue)
        except UnknownPairError:
            if time.monotonic() - self._listed_at < _LISTING_AGE_SECONDS:
                raise
        await self._list()
        return find_pairs(wanted, self._listed or {}, self._other_names, self.venue)

    async def _list(self) -> None:
        self._listed, self._other_names = await self._listing()
        self._listed_at = time.monotonic()

    @abstractmethod
    async def _listing(self) -> tuple[dict[str, N], Mapping[str, str]]:
        """Ask for all pairs: the venue's names by pair, and the pair by other names."""

    async def instruments(self, pairs: Iterable[str]) -> dict[str, Instrument]:
        """Return what orders of `pairs` are rounded to, and their fees.

        Raises
        ------
        UnknownPairError
            For a pair the venue does not list, with similar ones.
        """
        wanted = list(pairs)
        await self.find_pairs(wanted)
        return await self._instruments(wanted)

    @abstractmethod
    async def _instruments(self, pairs: list[str]) -> dict[str, Instrument]:
        """Ask for the steps and minima of `pairs`, which are listed."""

    async def _ask(
        self, path: str, arguments: Mapping[str, str], parse: Callable[[bytes], R], *, spaced: bool = True
    ) -> R:
        """Return what `parse` makes of the answer; one that is not the venue's at all (a proxy's page) may pass."""

        async def attempt() -> R:
            if spaced:
                await self._spacing.wait()
            body = await self._get(path, arguments)
            try:
                return parse(body)
            except BadInputError as error:
                raise TransientVenueError(f"the answer to {path} cannot be read: {error}") from error

        return await self._resilience.call(attempt)

    async def _get(self, path: str, arguments: Mapping[str, str]) -> bytes:
        """Return the body of an answer; errors inside it are the parsers' business."""
        url = f"{self._url}{path}"
        try:
            response = await self._client.get(url, params=dict(arguments))
        except httpx.TransportError as error:
            what = str(error) or type(error).__name__
            raise TransientVenueError(f"no answer from {url}{through(url)}: {what}") from error
        except httpx.HTTPError as error:
            raise PermanentVenueError(f"cannot ask {url}: {error}") from error
        if response.status_code in _LIMITED or response.is_server_error:
            pause = response.headers.get("Retry-After", "")
            if pause.isascii() and pause.isdigit():
                self._spacing.pause(float(pause))
            raise TransientVenueError(f"{url}{through(url)} answered HTTP {response.status_code}")
        if not response.is_success:
            answer = f"HTTP {response.status_code}: {response.text[:200]!r}"
            raise PermanentVenueError(f"{url}{through(url)} answered {answer}")
        return response.content
