"""The feed without its sockets: frames and pages in, what to send, fetch and hand on out; pure.

One `SessionState` lives as long as the process, over all reconnects. Handing on follows the order of the socket, so
a pong's heartbeat comes after every trade the venue sent before that pong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from contracts.units import US_PER_MS
from exchanges import continuity
from exchanges.continuity import PairState
from exchanges.kraken import websocket_messages as ws
from exchanges.venue import BadRow, Trade

#: Pongs after which a pair that was not acknowledged is asked for again.
_PATIENCE_PONGS = 5
_PERMANENT_REJECTIONS = ("not supported", "unknown", "invalid", "malformed")


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection stands."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is gone."""

    reason: str


@dataclass(frozen=True, slots=True)
class PageArrived:
    """REST answered a fetch."""

    pair: str
    token: int
    trades: list[Trade]
    next_cursor: int | None


@dataclass(frozen=True, slots=True)
class PageFailed:
    """REST did not answer a fetch."""

    pair: str
    token: int


@dataclass(frozen=True, slots=True)
class Garbled:
    """A frame could not be read: whatever it said is missing until REST has said it."""

    row: BadRow


Event = Connected | Lost | Garbled | PageArrived | PageFailed | ws.Frame


@dataclass(frozen=True, slots=True)
class Send:
    """Send this request."""

    request: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EmitTrades:
    """Hand trades on, in id order."""

    pair: str
    trades: list[Trade]


@dataclass(frozen=True, slots=True)
class EmitHeartbeat:
    """Say that every trade of the pair before `venue_time_us` was handed on."""

    pair: str
    venue_time_us: int


@dataclass(frozen=True, slots=True)
class FetchPage:
    """Ask REST; the answer comes back as `PageArrived` or `PageFailed`."""

    pair: str
    fetch: continuity.Fetch


@dataclass(frozen=True, slots=True)
class Report:
    """Something for the log and the metrics."""

    kind: str
    text: str
    pair: str | None = None
    count: int = 1
    level: Literal["INFO", "WARNING", "ERROR"] = "INFO"


@dataclass(frozen=True, slots=True)
class Refuse:
    """A row that cannot be used, for the dead letters."""

    row: BadRow


@dataclass(frozen=True, slots=True)
class Finish:
    """The feed is over: as planned, or with an `error` no retry helps."""

    error: str | None = None


Action = Send | EmitTrades | EmitHeartbeat | FetchPage | Report | Refuse | Finish


@dataclass(slots=True)
class SessionState:
    """All pairs of the feed.

    Parameters
    ----------
    pairs
        By name; a pair the venue rejects is taken out.
    margin_us
        A heartbeat speaks for this long before the pong: the venue may answer a ping while a trade that was
        matched a moment earlier is still on its way to the trade channel.
    stop_at_us
        Venue time at which the feed ends, with a last heartbeat for every pair at the pong's own time; or None.
    """

    pairs: dict[str, PairState]
    margin_us: int = 200 * US_PER_MS
    stop_at_us: int | None = None
    heartbeats_us: dict[str, int] = field(default_factory=dict)
    request_id: int = 0
    pongs: int = 0


def step(state: SessionState, event: Event) -> list[Action]:
    """Take one event, change `state`, and return what to do, in order."""
    match event:
        case Connected():
            state.pongs = 0
            return [_subscribe(state, list(state.pairs))]
        case Lost(reason):
            for pair in state.pairs.values():
                continuity.disconnected(pair)
            return [Report("lost", reason, level="WARNING")]
        case Garbled(row):
            suspects = [a for pair in list(state.pairs) for a in _outputs(state, pair, continuity.suspect)]
            return [Refuse(row), *suspects]
        case ws.TradesFrame():
            return _trades(state, event)
        case ws.Subscribed(pair, venue_time_us):
            return _subscribed(state, pair, venue_time_us)
        case ws.Rejected():
            return _rejected(state, event)
        case ws.Pong(venue_time_us):
            return _pong(state, venue_time_us)
        case PageArrived(pair, token, trades, next_cursor):
            return _outputs(state, pair, lambda s: continuity.page(s, token, trades, next_cursor))
        case PageFailed(pair, token):
            return _outputs(state, pair, lambda s: continuity.page_failed(s, token))
        case ws.RateLimited(reason):
            return [Report("rate_limited", f"Kraken says: {reason}", level="WARNING")]
        case ws.Status(system):
            return [Report("status", f"Kraken is {system}", level="INFO" if system == "online" else "WARNING")]
        case ws.Ignored():
            return []


def _subscribe(state: SessionState, pairs: list[str]) -> Send:
    state.request_id += 1
    return Send(ws.subscribe_request(sorted(pairs), state.request_id))


def _trades(state: SessionState, frame: ws.TradesFrame) -> list[Action]:
    actions: list[Action] = [Refuse(row) for row in frame.bad_rows]
    for pair, trades in frame.trades.items():
        actions += _outputs(state, pair, partial(continuity.arrived, trades=trades, snapshot=frame.snapshot))
    for pair in dict.fromkeys(row.pair for row in frame.bad_rows if row.pair is not None):
        actions += _outputs(state, pair, continuity.suspect)
    return actions


def _subscribed(state: SessionState, pair: str, venue_time_us: int) -> list[Action]:
    if pair not in state.pairs or state.pairs[pair].subscribed:
        return []
    fresh = state.pairs[pair].start_us is None
    report = Report("subscribed", f"{pair} streams", pair=pair)
    actions = _outputs(state, pair, lambda s: continuity.subscribed(s, venue_time_us))
    return [report, *_heartbeats(state, [pair], venue_time_us if fresh else 0), *actions]


def _rejected(state: SessionState, event: ws.Rejected) -> list[Action]:
    permanent = any(word in event.reason.lower() for word in _PERMANENT_REJECTIONS)
    text = f"Kraken rejected the subscription of {event.pair or 'a pair'}: {event.reason}"
    if event.pair not in state.pairs or not permanent:
        return [Report("rejected", text, pair=event.pair, level="WARNING")]
    del state.pairs[event.pair]
    report = Report("rejected", f"{text}; going on without it", pair=event.pair, level="ERROR")
    return [report] if state.pairs else [Finish(f"{text}; no pair is left")]


def _pong(state: SessionState, venue_time_us: int) -> list[Action]:
    state.pongs += 1
    actions: list[Action] = []
    missing = [name for name, pair in state.pairs.items() if not pair.subscribed]
    if missing and state.pongs % _PATIENCE_PONGS == 0:
        actions.append(_subscribe(state, missing))
    for name in list(state.pairs):
        actions += _outputs(state, name, continuity.pong)
    live = [name for name, pair in state.pairs.items() if pair.live]
    stops = state.stop_at_us is not None and venue_time_us >= state.stop_at_us
    if stops and len(live) == len(state.pairs):
        return [*actions, *_heartbeats(state, live, venue_time_us), Finish()]
    return actions + _heartbeats(state, live, venue_time_us - state.margin_us)


def _heartbeats(state: SessionState, pairs: Iterable[str], venue_time_us: int) -> list[Action]:
    """Return heartbeats for those of `pairs` for which the time has advanced."""
    actions: list[Action] = []
    for pair in pairs:
        if venue_time_us > state.heartbeats_us.get(pair, 0):
            state.heartbeats_us[pair] = venue_time_us
            actions.append(EmitHeartbeat(pair, venue_time_us))
    return actions


def _outputs(state: SessionState, pair: str, change: Any) -> list[Action]:
    """Apply `change` to the pair's state and put the pair's name on what it wants."""
    if pair not in state.pairs:
        return []
    return [_action(pair, output) for output in change(state.pairs[pair])]


def _action(pair: str, output: continuity.Output) -> Action:
    match output:
        case continuity.Emit(trades):
            return EmitTrades(pair, trades)
        case continuity.Fetch():
            return FetchPage(pair, output)
        case continuity.Notice(kind, count, text):
            level: Literal["INFO", "WARNING", "ERROR"] = "ERROR" if kind == "unrepaired" else "INFO"
            return Report(kind, f"{pair}: {text}", pair=pair, count=count, level=level)
