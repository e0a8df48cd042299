"""The live feed of any venue: a WebSocket and REST repairs under `session.step`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from loguru import logger
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI, WebSocketException

from contracts.clock import Clock, SystemClock
from contracts.errors import BadInputError
from contracts.units import US_PER_SECOND
from exchanges import session
from exchanges.continuity import PairState
from exchanges.frames import Frame, Pong
from exchanges.old_protocol import OldProtocolError
from exchanges.outages import OutageWatch
from exchanges.page import Cursor
from exchanges.protocol import VenueProtocol
from exchanges.proxies import is_loopback, through
from exchanges.resilience import Backoff
from exchanges.rest_client import USER_AGENT, VenueRest
from exchanges.session import SessionState
from exchanges.sink import FeedSink
from exchanges.venue import BadRow, PermanentVenueError, TransientVenueError, VenueError

_CONFIGURATION_STATUSES = (400, 401, 403, 404)
_POLICY_VIOLATION = 1008
#: Pings are the session's, not the protocol's: only theirs are answered with the venue's time.
_CONNECTION: dict[str, Any] = {"open_timeout": 10, "close_timeout": 1, "ping_interval": None, "max_size": 16 * 2**20}
_CLOCK_READINGS = 64


class VenueFeed:
    """Streams the trades of the pairs in `state` until it is stopped or `state.stop_at_us` is reached.

    Made by `exchanges.venues.Venue.open_feed`. `add` and `remove` change the pairs while it runs.

    Parameters
    ----------
    rest
        Repairs gaps.
    protocol
        The venue's frames.
    cursor_at
        REST's paging position for a time in microseconds.
    state
        Where each pair stands.
    sink
        Takes what comes.
    url
        Address of the websocket.
    ping_interval_seconds
        Wall seconds between pings: each pong lets quiet pairs advance.
    silence_seconds
        Wall seconds without any message after which the connection is dead.
    backoff
        How long to wait between attempts to connect.
    outage_seconds
        How long a pair may be without its trades before the sink hears of an outage; None for ever.
    clock
        Says until when an outage lasts, and how old it is.
    """

    def __init__(
        self,
        rest: VenueRest,
        protocol: VenueProtocol,
        cursor_at: Callable[[int], Cursor],
        state: SessionState,
        sink: FeedSink,
        *,
        url: str,
        ping_interval_seconds: float = 1.0,
        silence_seconds: float = 5.0,
        backoff: Backoff | None = None,
        outage_seconds: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._rest = rest
        self._wire = protocol
        self._cursor_at = cursor_at
        state.margin_us = max(state.margin_us, protocol.min_margin_us)
        self._state = state
        self._sink = sink
        self._url = url
        self._ping_interval_seconds = ping_interval_seconds
        self._silence_seconds = silence_seconds
        self._backoff = backoff or Backoff()
        self._outage_seconds = outage_seconds
        self._clock = clock or SystemClock()
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._request_id = 0
        self._venue_times_us: dict[int, int] = {}
        self._over = asyncio.Event()
        self._error: Exception | None = None
        self._performers: dict[type, Callable[..., None]] = {
            session.Subscribe: lambda action: self._send_all(protocol.subscribe(action.pairs, self._next_id())),
            session.Unsubscribe: lambda action: self._send_all(protocol.unsubscribe(action.pairs, self._next_id())),
            session.EmitTrades: lambda action: sink.trades(action.pair, action.trades),
            session.EmitHeartbeat: lambda action: sink.heartbeat(action.pair, action.venue_time_us),
            session.LoseTrades: lambda action: sink.lost(action.pair, action.trades, action.reason),
            session.FetchPage: lambda action: self._start(action.pair, partial(self._fetch, action)),
            session.Report: self._report,
            session.Refuse: lambda action: sink.bad_row(action.row),
            session.GiveUp: lambda action: sink.refused(action.pair, action.reason),
            session.Finish: lambda _: self.stop(),
        }

    def add(self, pair: str, pair_state: PairState) -> None:
        """Stream another pair; the sink hears of it if the venue does not list it."""
        self._start(pair, partial(self._add, pair, pair_state))

    def remove(self, pair: str) -> None:
        """Stream `pair` no more, and repair nothing of it."""
        for task in [task for task, name in self._tasks.items() if name == pair]:
            task.cancel()
            del self._tasks[task]
        self._perform(session.Removed(pair))

    def stop(self) -> None:
        """End the feed soon; what was received is handed on."""
        self._over.set()

    async def run(self) -> None:
        """Stream until the end.

        Raises
        ------
        PermanentVenueError
            If the address is wrong, or the venue wants nothing of us.
        """
        connections = asyncio.create_task(self._connect_for_ever())
        over = asyncio.create_task(self._over.wait())
        watch = asyncio.create_task(self._guarded(self._watch_outages))
        try:
            await asyncio.wait({connections, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            tasks = [connections, over, watch, *self._tasks]
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
                    raise PermanentVenueError(
                        f"{self._url}{through(self._url)} refuses WebSockets with HTTP {status}"
                    ) from error
                self._lost(f"{self._url}{through(self._url)} answered HTTP {status}")
            except InvalidURI as error:
                raise PermanentVenueError(f"{self._url!r} is not a WebSocket address: {error}") from error
            except ConnectionClosed as error:
                if error.rcvd is not None and error.rcvd.code == _POLICY_VIOLATION:
                    raise PermanentVenueError(f"{self._url} closed for a policy: {error.rcvd.reason!r}") from error
                self._lost(f"{self._url} closed the connection: {error}")
            except (OSError, TimeoutError, EOFError, InvalidHandshake, WebSocketException) as error:
                self._lost(f"no connection to {self._url}{through(self._url)}: {error or type(error).__name__}")
            pause_seconds = self._backoff.pause_seconds()
            logger.info("next attempt to connect to {} in {:.1f} s", self._url, pause_seconds)
            await asyncio.sleep(pause_seconds)

    def _lost(self, reason: str) -> None:
        self._perform(session.Lost(reason))

    async def _one_connection(self) -> None:
        """Talk over one connection until it breaks."""
        # True: the proxy that the environment names, if it names one.
        proxy: Literal[True] | None = None if is_loopback(self._url) else True
        async with connect(self._url, user_agent_header=USER_AGENT, proxy=proxy, **_CONNECTION) as connection:
            self._backoff.connected()
            self._outbox = asyncio.Queue()
            self._report(session.Report("connected", f"connected to {self._url}"))
            self._send_all(self._wire.opening(self._next_id()))
            self._perform(session.Connected())
            helpers = [asyncio.create_task(self._send(connection)), asyncio.create_task(self._guarded(self._ping))]
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
                raise TimeoutError(f"no message for {self._silence_seconds:g} s") from error
            self._received(text)
            if self._over.is_set():
                return

    def _received(self, text: str | bytes) -> None:
        try:
            frames = self._wire.parse(text)
        except OldProtocolError as error:
            raise PermanentVenueError(f"{self._url}: {error}") from error
        except BadInputError as error:
            shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
            logger.warning("an unreadable frame goes to the dead letters: {}", error)
            self._perform(session.Garbled(BadRow(shown, str(error))))
            return
        for frame in frames:
            self._perform(self._timed(frame))

    def _timed(self, frame: Frame) -> Frame:
        """Give a pong without a time the one that was read before its ping was sent."""
        if not isinstance(frame, Pong) or frame.venue_time_us is not None or frame.request_id is None:
            return frame
        return replace(frame, venue_time_us=self._venue_times_us.pop(frame.request_id, None))

    async def _send(self, connection: ClientConnection) -> None:
        while True:
            await connection.send(await self._outbox.get())

    async def _ping(self) -> None:
        while True:
            request_id = self._next_id()
            if self._wire.asks_clock:
                await self._read_clock(request_id)
            text = self._wire.ping(request_id)
            if text is not None:
                self._outbox.put_nowait(text)
            await asyncio.sleep(self._ping_interval_seconds)

    async def _read_clock(self, request_id: int) -> None:
        """Read the venue's time for the pong of `request_id`; without it that pong is only a sign of life."""
        try:
            async with asyncio.timeout(self._silence_seconds / 2):
                self._venue_times_us[request_id] = await self._rest.venue_time_us()
        except (TransientVenueError, TimeoutError) as error:
            logger.warning("the venue's time cannot be read: {}", str(error) or "no answer")
        for old in list(self._venue_times_us)[:-_CLOCK_READINGS]:  # their connection is gone
            del self._venue_times_us[old]

    def _next_id(self) -> int:
        self._request_id += 1
        return self._request_id

    def _send_all(self, texts: list[str]) -> None:
        for text in texts:
            self._outbox.put_nowait(text)

    def _perform(self, event: session.Event) -> None:
        for action in session.step(self._state, event):
            self._performers[type(action)](action)

    def _report(self, report: session.Report) -> None:
        logger.log("DEBUG" if report.kind == "duplicate" else report.level, "{}", report.text)
        self._sink.report(report)

    async def _watch_outages(self) -> None:
        if self._outage_seconds is None:
            return
        watch = OutageWatch(int(self._outage_seconds * US_PER_SECOND))
        while True:
            pairs = [(name, pair.live, self._state.complete_to_us(name)) for name, pair in self._state.pairs.items()]
            for outage in watch.look(pairs, self._clock.now_us()):
                self._sink.outage(outage.pair, outage.since_us, outage.until_us)
            await asyncio.sleep(min(0.5, self._outage_seconds / 4))

    def _start(self, pair: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` for `pair` beside everything else, until the pair is removed."""
        task = asyncio.create_task(self._guarded(work))
        self._tasks[task] = pair
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Let an error nobody expects end the feed instead of vanishing in a task."""
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - handed to run(), which raises it
            self._error = error
            self._over.set()

    async def _add(self, pair: str, pair_state: PairState) -> None:
        try:
            await self._rest.find_pairs([pair])
        except VenueError as error:
            self._report(session.Report("rejected", f"{pair} is not added: {error}", pair=pair, level="ERROR"))
            self._sink.refused(pair, str(error))
            return
        self._perform(session.Added(pair, pair_state))

    async def _fetch(self, action: session.FetchPage) -> None:
        pair, fetch = action.pair, action.fetch
        await asyncio.sleep(fetch.delay_seconds)
        since = self._cursor_at(fetch.since_us) if fetch.cursor is None else fetch.cursor
        try:
            page = await self._rest.trades(pair, since)
        except TransientVenueError as error:
            logger.warning("{}: the gap cannot be repaired yet: {}", pair, error)
            self._perform(session.PageFailed(pair, fetch.token))
            return
        for row in page.bad_rows:
            self._sink.bad_row(row)
        self._perform(session.PageArrived(pair, fetch.token, page.trades, page.next))
