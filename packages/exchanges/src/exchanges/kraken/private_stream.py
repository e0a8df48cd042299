"""Kraken's channel ``executions``, listened to by a thread of its own."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Literal

from loguru import logger
from websockets.exceptions import InvalidHandshake, InvalidURI, WebSocketException
from websockets.sync.client import ClientConnection, connect

from contracts.errors import BadInputError
from exchanges.frames import Ignored
from exchanges.kraken.executions_channel import ExecutionsAnswer, executions_request, parse_executions
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
    """The venue does not tell; the words are its own."""


class KrakenExecutions:
    """Implements `exchanges.private.stream.PrivateStream`.

    A frame that cannot be read, or a ``sequence`` that jumps, is news that something was missed. A connection
    on which nothing comes is dead: heartbeats come every second.

    Parameters
    ----------
    url
        Such as `exchanges.kraken.executions_channel.ADDRESS`.
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
        *,
        silence_seconds: float = 5.0,
        backoff: Backoff | None = None,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        self._url = url
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
        """Say whether it waits for `begin`."""
        return self._wants.is_set()

    def begin(self, token: str) -> None:
        """Connect with a token."""
        self._wants.clear()
        self._tokens.put(token)

    def read(self) -> list[StreamEvent]:
        """Return what was told since the last call."""
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
            connection.send(json.dumps(executions_request(token, 1)))
            sequence: int | None = None
            while not self._over.is_set():
                try:
                    text = connection.recv(timeout=self._silence_seconds)
                except TimeoutError:
                    raise TimeoutError(f"no message for {self._silence_seconds:g} s") from None
                sequence = self._take(text, sequence)

    def _take(self, text: str | bytes, last: int | None) -> int | None:
        """Hand on what a message says; return the number of the last frame."""
        try:
            said = parse_executions(text)
        except BadInputError as error:
            logger.warning("a message about executions cannot be read, so the venue is asked: {}", error)
            self._say(StreamNews(missed=True))
            return last
        if isinstance(said, Ignored):
            return last
        if isinstance(said, ExecutionsAnswer):
            if said.error is not None:
                raise NotSubscribedError(said.error)
            self._backoff.connected()
            self._say(StreamOpened())
            return last
        missed = last is not None and said.sequence != last + 1
        self._say(StreamNews(said.executions, said.changes, missed))
        return said.sequence

    def _say(self, event: StreamEvent) -> None:
        self._events.put(event)
        self._heard()
