"""The live feed: a WebSocket and REST repairs under `session.step`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Protocol

from loguru import logger
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI, WebSocketException

from contracts.errors import BadInputError
from exchanges.kraken import session
from exchanges.kraken import websocket_messages as ws
from exchanges.kraken.rest import USER_AGENT, KrakenRest, cursor_at
from exchanges.kraken.session import SessionState
from exchanges.resilience import Backoff
from exchanges.venue import BadRow, PermanentVenueError, Trade, TransientVenueError

WEBSOCKET_URL = "wss://ws.kraken.com/v2"
_CONFIGURATION_STATUSES = (400, 401, 403, 404)
_POLICY_VIOLATION = 1008
_MAX_FRAME_BYTES = 16 * 2**20


class FeedSink(Protocol):
    """Where the feed hands on what it has, in order; called from the event loop."""

    def trades(self, pair: str, trades: list[Trade]) -> None:
        """Take trades of one pair in id order."""

    def heartbeat(self, pair: str, venue_time_us: int) -> None:
        """Take the news that every trade of `pair` before this time was handed on."""

    def bad_row(self, row: BadRow) -> None:
        """Take something the venue sent that cannot be used."""

    def report(self, report: session.Report) -> None:
        """Take a count for the metrics; the log line is written already."""


class KrakenFeed:
    """Streams the trades of the pairs in `state` until it is stopped or `state.stop_at_us` is reached.

    Parameters
    ----------
    rest
        Repairs gaps.
    state
        Where each pair stands.
    sink
        Takes what comes.
    ping_interval_seconds
        Wall seconds between pings: each pong lets quiet pairs advance.
    silence_seconds
        Wall seconds without any message after which the connection is dead.
    """

    def __init__(
        self,
        rest: KrakenRest,
        state: SessionState,
        sink: FeedSink,
        *,
        url: str = WEBSOCKET_URL,
        ping_interval_seconds: float = 1.0,
        silence_seconds: float = 5.0,
        backoff: Backoff | None = None,
    ) -> None:
        self._rest = rest
        self._state = state
        self._sink = sink
        self._url = url
        self._ping_interval_seconds = ping_interval_seconds
        self._silence_seconds = silence_seconds
        self._backoff = backoff or Backoff()
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._fetches: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()
        self._error: Exception | None = None
        self._performers: dict[type, Callable[..., None]] = {
            session.Send: lambda action: self._outbox.put_nowait(json.dumps(action.request)),
            session.EmitTrades: lambda action: sink.trades(action.pair, action.trades),
            session.EmitHeartbeat: lambda action: sink.heartbeat(action.pair, action.venue_time_us),
            session.FetchPage: self._start_fetch,
            session.Report: self._report,
            session.Refuse: lambda action: sink.bad_row(action.row),
            session.Finish: self._finish,
        }

    def stop(self) -> None:
        """End the feed soon; what was received is handed on."""
        self._over.set()

    async def run(self) -> None:
        """Stream until the end.

        Raises
        ------
        PermanentVenueError
            If the venue rejects every pair, or the address is wrong.
        """
        connections = asyncio.create_task(self._connect_for_ever())
        over = asyncio.create_task(self._over.wait())
        try:
            await asyncio.wait({connections, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            tasks = [connections, over, *self._fetches]
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        errors = [r for r in results if isinstance(r, Exception)]
        if self._error or errors:
            raise self._error or errors[0]

    async def _connect_for_ever(self) -> None:
        while True:
            try:
                await self._one_connection()
            except InvalidStatus as error:
                status = error.response.status_code
                if status in _CONFIGURATION_STATUSES:
                    raise PermanentVenueError(f"{self._url} refuses WebSockets with HTTP {status}") from error
                self._lost(f"{self._url} answered HTTP {status}")
            except InvalidURI as error:
                raise PermanentVenueError(f"{self._url!r} is not a WebSocket address: {error}") from error
            except ConnectionClosed as error:
                if error.rcvd is not None and error.rcvd.code == _POLICY_VIOLATION:
                    raise PermanentVenueError(f"{self._url} closed for a policy: {error.rcvd.reason!r}") from error
                self._lost(f"{self._url} closed the connection: {error}")
            except (OSError, TimeoutError, EOFError, InvalidHandshake, WebSocketException) as error:
                self._lost(f"no connection to {self._url}: {error or type(error).__name__}")
            pause_seconds = self._backoff.pause_seconds()
            logger.info("next attempt to connect to {} in {:.1f} s", self._url, pause_seconds)
            await asyncio.sleep(pause_seconds)

    def _lost(self, reason: str) -> None:
        self._perform(session.Lost(reason))

    async def _one_connection(self) -> None:
        """Talk over one connection until it breaks."""
        async with connect(
            self._url,
            open_timeout=10,
            close_timeout=1,
            ping_interval=None,
            max_size=_MAX_FRAME_BYTES,
            user_agent_header=USER_AGENT,
        ) as connection:
            self._backoff.connected()
            self._outbox = asyncio.Queue()
            self._report(session.Report("connected", f"connected to {self._url}"))
            self._perform(session.Connected())
            helpers = [asyncio.create_task(self._send(connection)), asyncio.create_task(self._ping())]
            try:
                await self._receive(connection)
            finally:
                for helper in helpers:
                    helper.cancel()
                await asyncio.gather(*helpers, return_exceptions=True)

    async def _receive(self, connection: ClientConnection) -> None:
        while True:
            try:
                async with asyncio.timeout(self._silence_seconds):
                    text = await connection.recv()
            except TimeoutError as error:
                raise TimeoutError(f"not a word for {self._silence_seconds:g} s") from error
            self._received(text)
            if self._over.is_set():
                return

    def _received(self, text: str | bytes) -> None:
        try:
            frame = ws.parse(text)
        except BadInputError as error:
            shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
            logger.warning("a frame that cannot be read goes to the dead letters: {}", error)
            self._perform(session.Garbled(BadRow(shown, str(error))))
            return
        self._perform(frame)

    async def _send(self, connection: ClientConnection) -> None:
        while True:
            await connection.send(await self._outbox.get())

    async def _ping(self) -> None:
        request_id = 1_000_000
        while True:
            self._outbox.put_nowait(json.dumps(ws.ping_request(request_id)))
            request_id += 1
            await asyncio.sleep(self._ping_interval_seconds)

    def _perform(self, event: session.Event) -> None:
        for action in session.step(self._state, event):
            self._performers[type(action)](action)

    def _report(self, report: session.Report) -> None:
        logger.log("DEBUG" if report.kind == "duplicate" else report.level, "{}", report.text)
        self._sink.report(report)

    def _finish(self, action: session.Finish) -> None:
        if action.error is not None:
            self._error = PermanentVenueError(action.error)
        self._over.set()

    def _start_fetch(self, action: session.FetchPage) -> None:
        task = asyncio.create_task(self._guarded(self._fetch(action)))
        self._fetches.add(task)
        task.add_done_callback(self._fetches.discard)

    async def _guarded(self, work: Awaitable[None]) -> None:
        """Let an error nobody expects end the feed instead of vanishing in a task."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - handed to run(), which raises it
            self._error = error
            self._over.set()

    async def _fetch(self, action: session.FetchPage) -> None:
        pair, fetch = action.pair, action.fetch
        await asyncio.sleep(fetch.delay_seconds)
        since = cursor_at(fetch.since_us) if fetch.cursor is None else fetch.cursor
        try:
            page = await self._rest.trades(pair, since)
        except TransientVenueError as error:
            logger.warning("{}: the gap cannot be repaired yet: {}", pair, error)
            self._perform(session.PageFailed(pair, fetch.token))
            return
        for row in page.bad_rows:
            self._sink.bad_row(row)
        self._perform(session.PageArrived(pair, fetch.token, page.trades, page.next_since(since)))
