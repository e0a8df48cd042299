"""Private calls over HTTP: each is made once, and what did not answer is said to have not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import httpx

from contracts.errors import BadInputError
from exchanges.private.venue import NotAnsweredError
from exchanges.proxies import is_loopback, through
from exchanges.rest_client import USER_AGENT
from exchanges.venue import VenueError

R = TypeVar("R")


class Secret(Protocol):
    """Something that shows what it keeps only when asked to, such as pydantic's `SecretStr`."""

    def get_secret_value(self) -> str:
        """Return it.

        Returns
        -------
        str
            Not to be kept, logged or put into an error.
        """


class PrivateCalls:
    """A connection to a venue; it repeats nothing, as the second request might be answered for the first.

    Parameters
    ----------
    url
        Where the venue is.
    timeout_seconds
        After so long a call counts as not answered.
    transport
        In place of the network, in tests.
    """

    def __init__(self, url: str, timeout_seconds: float, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.Client(
            headers={"User-Agent": USER_AGENT},
            timeout=timeout_seconds,
            transport=transport,
            follow_redirects=False,
            trust_env=not is_loopback(self._url),
        )

    def send(
        self, method: str, path: str, *, content: str | None = None, auth: httpx.Auth | None = None
    ) -> httpx.Response:
        """Make a call.

        Parameters
        ----------
        method, path
            Of HTTP; the path with its query.
        content
            A form.
        auth
            What signs it.

        Returns
        -------
        httpx.Response
            Whatever its status.

        Raises
        ------
        NotAnsweredError
            If none came.
        """
        url = f"{self._url}{path}"
        try:
            return self._client.request(method, url, content=content, auth=auth)
        except httpx.HTTPError as error:
            what = str(error) or type(error).__name__
            raise NotAnsweredError(f"no answer from {_without_query(url)}{through(url)}: {what}") from None

    def body(self, response: httpx.Response) -> bytes:
        """Return what an answer says.

        Parameters
        ----------
        response
            Of `send`.

        Returns
        -------
        bytes
            The body.

        Raises
        ------
        NotAnsweredError
            If HTTP does not call it a success: it may come from something in between.
        """
        if not response.is_success:
            url = str(response.url)
            raise NotAnsweredError(f"{_without_query(url)}{through(url)} answered HTTP {response.status_code}")
        return response.content

    def read(self, parse: Callable[[bytes], R], text: bytes) -> R:
        """Read an answer.

        Parameters
        ----------
        parse
            Makes something of it.
        text
            The body.

        Returns
        -------
        R
            What `parse` returns.

        Raises
        ------
        NotAnsweredError
            If it cannot be read: the venue did not say so.
        """
        try:
            return parse(text)
        except BadInputError as error:
            raise NotAnsweredError(f"the answer of {self._url} cannot be read: {error}") from error
        except VenueError as error:
            raise NotAnsweredError(str(error)) from error

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()


def _without_query(url: str) -> str:
    return url.partition("?")[0]
