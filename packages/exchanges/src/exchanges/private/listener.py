"""A private WebSocket, listened to by a thread of its own; what is said on it is the venue's."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Literal, Protocol

from loguru import logger
from websockets.exceptions import InvalidHandshake, InvalidURI, WebSocketException
from websockets.sync.client import ClientConnection, connect

from contracts.errors import BadInputError
from exchanges.private.stream import StreamEvent, StreamLost, StreamNews, StreamOpened
from exchanges.proxies import is_loopback, through
from exchanges.resilience import Backoff
from exchanges.rest_client import USER_AGENT

_CONNECTION: dict[str, Any] = {
    "open_timeout": 10,
    "close_timeout": 1,
    "ping_interval": None,
    "max_size": 16 * 2**20,
}
_JOIN_SECONDS = 5.0


class NotSubscribedError(Exception):
    """The venue does not tell, or tells no more; the words are its own."""


class Conversation(Protocol):
    """What is said on one connection, as long as it lives."""

    def opening(self, token: str) -> list[str]:
        """Return what is asked first.

        Parameters
        ----------
        token
            From `exchanges.private.venue.PrivateVenue.stream_token`.

        Returns
        -------
        list of str
            The requests for the stream, one after the other.
        """

    def hear(self, text: str | bytes) -> StreamOpened | StreamNews | None:
        """Return what a message says.

        Parameters
        ----------
        text
            The message.

        Returns
        -------
        StreamOpened, StreamNews or None
            None for what concerns nobody.

        Raises
        ------
        NotSubscribedError
            If the venue does not tell of executions.
        BadInputError
            If it cannot be read.
        """

    def question(self) -> str | None:
        """Return what to ask after nothing has come for a while.

        Returns
        -------
        str or None
            None where that means that the connection is dead.
        """


class Listener:
    """Implements `exchanges.private.stream.PrivateStream`.

    A message that cannot be read is news that something was missed.

    Parameters
    ----------
    url
        Where the venue tells.
    begin
        Makes what is said on a connection.
    silence_seconds
        So long nothing may come.
    backoff
        How long is waited before a token is asked for again.
    heard
        Called by the thread when there is something to read.
    """

    def __init__(
        self,
        url: str,
        begin: Callable[[], Conversation],
        *,
        silence_seconds: float,
        backoff: Backoff | None = None,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        self._url = url
        self._conversation = begin
        self._silence_seconds = silence_seconds
        self._backoff = backoff or Backoff()
        self._heard = heard
        self._quiet = logging.getLogger(f"{__name__}.frames")
        self._quiet.setLevel(logging.WARNING)  # at DEBUG it would show frames, and with them tokens
        self._events: SimpleQueue[StreamEvent] = SimpleQueue()
        self._tokens: SimpleQueue[str | None] = SimpleQueue()
        self._wants = threading.Event()
        self._wants.set()
        self._over = threading.Event()
        self._connection: ClientConnection | None = None
        self._thread = threading.Thread(target=self._run, name="executions", daemon=True)
        self._thread.start()

    def needs_token(self) -> bool:
        """Say whether it waits for `begin`.

        Returns
        -------
        bool
            True at first, and after a connection was lost and a pause is over.
        """
        return self._wants.is_set()

    def begin(self, token: str) -> None:
        """Connect.

        Parameters
        ----------
        token
            Good for one connection.
        """
        self._wants.clear()
        self._tokens.put(token)

    def read(self) -> list[StreamEvent]:
        """Return what was told since the last call.

        Returns
        -------
        list of StreamEvent
            In the order in which it came.
        """
        found: list[StreamEvent] = []
        while True:
            try:
                found.append(self._events.get_nowait())
            except Empty:
                return found

    def close(self) -> None:
        """Stop listening."""
        self._over.set()
        self._tokens.put(None)
        if (connection := self._connection) is not None:
            connection.close()
        self._thread.join(_JOIN_SECONDS)

    def _run(self) -> None:
        try:
            self._listen_for_ever()
        finally:  # whatever ends this thread: who reads must not believe that it still listens
            self._say(StreamLost("nobody listens any more"))

    def _listen_for_ever(self) -> None:
        while (token := self._tokens.get()) is not None and not self._over.is_set():
            try:
                self._listen(token)
            except NotSubscribedError as error:
                self._say(StreamLost(f"{self._url} does not tell of executions: {error}"))
            except (OSError, EOFError, InvalidHandshake, InvalidURI, WebSocketException) as error:
                what = str(error) or type(error).__name__
                self._say(StreamLost(f"no connection to {self._url}{through(self._url)}: {what}"))
            if self._over.wait(self._backoff.pause_seconds()):
                return
            self._wants.set()
            self._heard()

    def _listen(self, token: str) -> None:
        proxy: Literal[True] | None = None if is_loopback(self._url) else True
        about: dict[str, Any] = {"user_agent_header": USER_AGENT, "proxy": proxy, "logger": self._quiet}
        with connect(self._url, **about, **_CONNECTION) as connection:
            self._connection = connection
            conversation = self._conversation()
            for request in conversation.opening(token):
                connection.send(request)
            while not self._over.is_set():
                self._take(conversation, self._next(connection, conversation))

    def _next(self, connection: ClientConnection, conversation: Conversation) -> str | bytes:
        """Wait for a message; once ask whether anybody is there, where the venue says nothing by itself."""
        try:
            return connection.recv(timeout=self._silence_seconds)
        except TimeoutError:
            question = conversation.question()
        try:
            if question is not None:
                connection.send(question)
                return connection.recv(timeout=self._silence_seconds)
        except TimeoutError:
            pass
        raise TimeoutError(f"no message for {self._silence_seconds:g} s") from None

    def _take(self, conversation: Conversation, text: str | bytes) -> None:
        """Hand on what a message says."""
        try:
            said = conversation.hear(text)
        except BadInputError as error:
            logger.warning("a message about executions cannot be read, so the venue is asked: {}", error)
            said = StreamNews(missed=True)
        if isinstance(said, StreamOpened):
            self._backoff.connected()
        if said is not None:
            self._say(said)

    def _say(self, event: StreamEvent) -> None:
        self._events.put(event)
        self._heard()
