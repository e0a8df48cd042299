"""The feed without its sockets: frames and pages in, what to send, fetch and hand on out; pure.

One `SessionState` lives as long as the process, over all reconnects. Handing on follows the order of the socket, so
a pong's heartbeat comes after every trade the venue sent before that pong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from contracts.counted import counted
from contracts.units import US_PER_MS
from exchanges import continuity
from exchanges.absurd_times import without_absurd_times
from exchanges.continuity import PairState
from exchanges.frames import (
    Ignored,
    Numbered,
    Pong,
    RateLimited,
    Rejected,
    Status,
    Subscribed,
    TradesFrame,
)
from exchanges.session_actions import (
    Action,
    EmitHeartbeat,
    EmitTrades,
    FetchPage,
    Finish,
    GiveUp,
    LoseTrades,
    Refuse,
    Report,
    Subscribe,
    Unsubscribe,
)
from exchanges.session_events import Added, Connected, Event, Garbled, Lost, PageArrived, PageFailed, Removed
from exchanges.venue import BadRow, Trade

__all__ = [
    "Action",
    "Added",
    "Connected",
    "EmitHeartbeat",
    "EmitTrades",
    "Event",
    "FetchPage",
    "Finish",
    "Garbled",
    "GiveUp",
    "LoseTrades",
    "Lost",
    "PageArrived",
    "PageFailed",
    "Refuse",
    "Removed",
    "Report",
    "SessionState",
    "Subscribe",
    "Unsubscribe",
    "step",
]

#: Pongs after which a pair that was not acknowledged is asked for again.
_PATIENCE_PONGS = 5
_PERMANENT_REJECTIONS = ("not supported", "unknown", "invalid", "malformed")


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
    heartbeats_us
        The newest heartbeat of each pair, venue time in microseconds.
    connected
        Whether there is a connection now.
    sequence
        Number of the connection's last message, where the venue counts them.
    pongs
        Answers to pings on this connection.
    venue_us
        The newest time the venue gave, microseconds; 0 before it gave any.
    """

    pairs: dict[str, PairState]
    margin_us: int = 200 * US_PER_MS
    stop_at_us: int | None = None
    heartbeats_us: dict[str, int] = field(default_factory=dict)
    connected: bool = False
    sequence: int | None = None
    pongs: int = 0
    venue_us: int = 0

    def complete_to_us(self, pair: str) -> int | None:
        """Return the event time up to which `pair` was handed on; None if it has not begun.

        Returns
        -------
        int | None
            Microseconds.
        """
        state = self.pairs[pair]
        if state.start_us is None:
            return None
        return max(state.last_us, self.heartbeats_us.get(pair, 0))


def step(state: SessionState, event: Event) -> list[Action]:
    """Take one event, change `state`, and return what to do, in order."""
    match event:
        case Connected():
            state.connected, state.sequence, state.pongs = True, None, 0
            return _subscribe(list(state.pairs))
        case Lost(reason):
            state.connected = False
            for pair in state.pairs.values():
                continuity.disconnected(pair)
            return [Report("lost", reason, level="WARNING")]
        case Added(pair, pair_state):
            return _added(state, pair, pair_state)
        case Removed(pair):
            return _removed(state, pair)
        case Garbled(row):
            return [Refuse(row), *_suspect_all(state)]
        case Numbered(sequence):
            return _numbered(state, sequence)
        case TradesFrame():
            return _trades(state, event)
        case Subscribed(pair, venue_time_us):
            return _subscribed(state, pair, venue_time_us, snapshot=True)
        case Rejected():
            return _rejected(state, event)
        case Pong():
            return _pong(state, event)
        case PageArrived():
            return _page(state, event)
        case PageFailed(pair, token):
            return _outputs(state, pair, lambda s: continuity.page_failed(s, token))
        case RateLimited(reason):
            return [Report("rate_limited", f"the venue says: {reason}", level="WARNING")]
        case Status(system):
            return [Report("status", f"the venue is {system}", level="INFO" if system == "online" else "WARNING")]
        case Ignored():
            return []


def _subscribe(pairs: list[str]) -> list[Action]:
    return [Subscribe(sorted(pairs))] if pairs else []


def _added(state: SessionState, pair: str, pair_state: PairState) -> list[Action]:
    if pair in state.pairs:
        return []
    state.pairs[pair] = pair_state
    return _subscribe([pair]) if state.connected else []


def _removed(state: SessionState, pair: str) -> list[Action]:
    state.heartbeats_us.pop(pair, None)
    if state.pairs.pop(pair, None) is None:
        return []
    report = Report("removed", f"{pair} streams no more", pair=pair)
    return [Unsubscribe([pair]), report] if state.connected else [report]


def _numbered(state: SessionState, sequence: int) -> list[Action]:
    """Count the messages of a connection: after a jump nobody knows which pair misses something."""
    expected = sequence if state.sequence is None else state.sequence + 1
    state.sequence = max(sequence, expected - 1)
    if sequence <= expected:
        return []
    lost = sequence - expected
    text = f"{counted(lost, 'message')} lost on the way to message {sequence}"
    return [Report("lost_messages", text, count=lost, level="WARNING"), *_suspect_all(state)]


def _suspect_all(state: SessionState) -> list[Action]:
    return [a for pair in list(state.pairs) for a in _outputs(state, pair, continuity.suspect)]


def _trades(state: SessionState, frame: TradesFrame) -> list[Action]:
    bad_rows, actions = list(frame.bad_rows), list[Action]()
    for pair, given in frame.trades.items():
        trades, absurd = _believed(state, pair, given)
        bad_rows += absurd
        actions += _outputs(state, pair, partial(continuity.arrived, trades=trades, snapshot=frame.snapshot))
    for pair in dict.fromkeys(row.pair for row in bad_rows if row.pair is not None):
        actions += _outputs(state, pair, continuity.suspect)
    return [*map(Refuse, bad_rows), *actions]


def _page(state: SessionState, event: PageArrived) -> list[Action]:
    trades, absurd = _believed(state, event.pair, event.trades)
    change = partial(continuity.page, token=event.token, trades=trades, next_cursor=event.next_cursor)
    return [*map(Refuse, absurd), *_outputs(state, event.pair, change)]


def _believed(state: SessionState, pair: str, trades: list[Trade]) -> tuple[list[Trade], list[BadRow]]:
    """Separate trades with a time that cannot be: pages and heartbeats would go on from there."""
    if pair not in state.pairs:
        return trades, []
    return without_absurd_times(pair, trades, max(state.venue_us, state.pairs[pair].last_us))


def _subscribed(state: SessionState, pair: str, venue_time_us: int, *, snapshot: bool) -> list[Action]:
    state.venue_us = max(state.venue_us, venue_time_us)
    if pair not in state.pairs or state.pairs[pair].subscribed:
        return []
    fresh = state.pairs[pair].start_us is None
    report = Report("subscribed", f"{pair} streams", pair=pair)
    actions = _outputs(state, pair, lambda s: continuity.subscribed(s, venue_time_us, snapshot=snapshot))
    return [report, *_heartbeats(state, [pair], venue_time_us if fresh else 0), *actions]


def _rejected(state: SessionState, event: Rejected) -> list[Action]:
    permanent = any(word in event.reason.lower() for word in _PERMANENT_REJECTIONS)
    text = f"the venue rejected the subscription of {event.pair or 'a pair'}: {event.reason}"
    if event.pair not in state.pairs or not permanent:
        return [Report("rejected", text, pair=event.pair, level="WARNING")]
    del state.pairs[event.pair]
    report = Report("rejected", f"{text}; going on without it", pair=event.pair, level="ERROR")
    return [report, GiveUp(event.pair, event.reason)]


def _pong(state: SessionState, pong: Pong) -> list[Action]:
    if pong.venue_time_us is None:
        return []
    venue_time_us = pong.venue_time_us
    state.venue_us = max(state.venue_us, venue_time_us)
    actions: list[Action] = []
    for pair in pong.subscribed:
        actions += _subscribed(state, pair, venue_time_us, snapshot=False)
    state.pongs += 1
    missing = [name for name, pair_state in state.pairs.items() if not pair_state.subscribed]
    if missing and state.pongs % _PATIENCE_PONGS == 0:
        actions += _subscribe(missing)
    for name in list(state.pairs):
        actions += _outputs(state, name, continuity.pong)
    live = [name for name, pair_state in state.pairs.items() if pair_state.live]
    stops = state.stop_at_us is not None and venue_time_us >= state.stop_at_us
    if stops and all(pair_state.live or pair_state.restarts is not None for pair_state in state.pairs.values()):
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
        case continuity.SetAside(trades, reason):
            return LoseTrades(pair, trades, reason)
        case continuity.Fetch():
            return FetchPage(pair, output)
        case continuity.Notice(kind, count, text):
            level: Literal["INFO", "WARNING", "ERROR"] = "ERROR" if kind in ("unrepaired", "restarted") else "INFO"
            return Report(kind, f"{pair}: {text}", pair=pair, count=count, level=level)
