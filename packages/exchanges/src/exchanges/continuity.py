"""Keeps one pair's trades free of holes: what arrives live, what REST repairs, what is late, what came twice.

A pure state machine over trade ids. Each function takes the state, changes it, and says what to do. The law:
`PairState.live` holds only while every trade up to `last_id` was handed on, and nothing newer is known to exist.
"""

from __future__ import annotations

from contracts.units import US_PER_SECOND
from exchanges.pair_state import Emit, Fetch, Notice, Output, PairState, SetAside
from exchanges.restarted_ids import without_restarted
from exchanges.venue import Trade

__all__ = [
    "Emit",
    "Fetch",
    "Notice",
    "Output",
    "PairState",
    "SetAside",
    "arrived",
    "disconnected",
    "page",
    "page_failed",
    "pong",
    "subscribed",
    "suspect",
]

MAX_HELD = 200_000
MAX_HOLES = 1_000
_REST_LAG_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
#: A trade this many ids before the first one we saw may still come late.
_BEFORE_FIRST = 1_000


def subscribed(state: PairState, venue_time_us: int, *, snapshot: bool = True) -> list[Output]:
    """Take the acknowledgement: the venue sends every trade from now on.

    With a `snapshot` it shows the newest trades too. Without, REST has to say what a pair starts with; it is asked
    after a moment, when it cannot be behind.
    """
    state.subscribed = True
    if state.start_us is None:  # a fresh start: complete from here on, whatever came before
        state.start_us = state.last_us = venue_time_us
        if snapshot:
            state.base_known = state.live = True
            _set_base(state, list(state.held.values()))
    outputs = _settle(state, proof=False)
    if not snapshot and not state.live and not state.fetching:
        outputs.append(_fetch(state, delay_seconds=_REST_LAG_SECONDS))
    return outputs


def disconnected(state: PairState) -> None:
    """Forget the connection; what is held stays, it is true."""
    state.subscribed = state.live = state.fetching = False
    state.base_known = False
    state.token += 1
    state.attempts = 0
    state.restarts = None if state.restarts is None else 0


def arrived(state: PairState, trades: list[Trade], *, snapshot: bool) -> list[Output]:
    """Take trades the venue sent by itself, in id order."""
    if state.start_us is not None and state.last_id is None and state.base_known:
        _set_base(state, trades)
    wanted, outputs = without_restarted(state, trades)
    late, duplicates, new = _hold(state, wanted)
    duplicates = 0 if snapshot else duplicates  # a snapshot repeats what came before, by its nature
    if not state.subscribed:
        return _outputs(late, duplicates, outputs)
    proof = new > 0 or (snapshot and bool(trades))
    if len(wanted) < len(trades):
        proof = False
        outputs += suspect(state)
    return _outputs(late, duplicates, [*outputs, *_settle(state, proof=proof)])


def suspect(state: PairState) -> list[Output]:
    """Take the news that a trade came but could not be read: REST may have it right, and until then it is missing.

    Nobody knows its id, so REST is asked after a moment.
    """
    state.live = False
    state.doubtful = True
    if state.fetching or not state.subscribed:
        return []
    return [_fetch(state, delay_seconds=_pause_seconds(state))]


def page(state: PairState, token: int, trades: list[Trade], next_cursor: str | None) -> list[Output]:
    """Take a page of REST in id order; `next_cursor` is None if the venue has no more."""
    if token != state.token:
        return []
    state.fetching = False
    # A venue that pages by time has pages without a trade: what a pair starts with is then still to come.
    state.base_known = state.base_known or bool(trades) or next_cursor is None
    before, held = state.last_id, len(state.held)
    wanted, outputs = without_restarted(state, trades)
    if len(wanted) < len(trades) or len(state.held) < held:
        state.doubtful = True
        state.aside_us = max([state.aside_us, *(trade.timestamp_us for trade in trades)])
    complete = next_cursor is None and not state.doubtful
    late, _, _ = _hold(state, wanted)
    emitted = _drain(state)
    if state.last_id != before:
        state.attempts = 0
    elif state.held:
        again = _no_progress(state, wanted, next_cursor)
        if again:
            return _outputs(late, 0, [*outputs, *_emit(emitted), *again])
        given_up, more = _give_up(state)
        outputs += given_up
        emitted += more
    outputs += [*_emit(emitted), *_settle(state, proof=complete)]
    if state.subscribed and not state.live and not state.fetching:
        pause_seconds = _pause_seconds(state, next_cursor) if state.doubtful else 0.0
        outputs.append(_fetch(state, pause_seconds, cursor=None if state.held else next_cursor))
    return _outputs(late, 0, outputs)


def page_failed(state: PairState, token: int) -> list[Output]:
    """Ask again: REST could not be reached."""
    if token != state.token:
        return []
    state.fetching = False
    return [] if state.live else [_fetch(state, delay_seconds=2.0)]


def pong(state: PairState) -> list[Output]:
    """Take a sign of life; a pair that is not complete by now asks REST."""
    return [_fetch(state)] if state.subscribed and not state.live and not state.fetching else []


def _pause_seconds(state: PairState, next_cursor: str | None = None) -> float:
    """Return when to ask again: soon, but ever later while REST's newest ids have started again as well."""
    if state.restarts is None or next_cursor is not None:
        return _REST_LAG_SECONDS
    state.restarts += 1
    return min(_LONGEST_PAUSE_SECONDS, _REST_LAG_SECONDS * 2.0 ** min(state.restarts, 10))


def _set_base(state: PairState, trades: list[Trade]) -> None:
    """Let the newest trade from before the start, if the venue showed one, be the one the first trade follows."""
    start_us = state.start_us or 0
    state.last_id = max((t.trade_id for t in trades if t.timestamp_us < start_us), default=None)
    if state.last_id is not None:
        state.held = {i: t for i, t in state.held.items() if i > state.last_id}


def _hold(state: PairState, trades: list[Trade]) -> tuple[list[Trade], int, int]:
    """Keep what is newer than `last_id`; return the late ones and how many are duplicates, how many new."""
    late, duplicates, new = [], 0, 0
    for trade in trades:
        if state.last_id is not None and trade.trade_id <= state.last_id:
            if _fill_hole(state, trade.trade_id):
                late.append(trade)
            else:
                duplicates += 1
        elif trade.trade_id in state.held:
            duplicates += 1
        else:
            state.held[trade.trade_id] = trade
            new += 1
    while len(state.held) > MAX_HELD:  # REST has them
        del state.held[min(state.held)]
    wanted = [t for t in late if t.timestamp_us >= (state.start_us or 0)]
    return wanted, duplicates, new


def _drain(state: PairState) -> list[Trade]:
    """Take out of `held` what follows `last_id` without a hole."""
    if state.last_id is None:
        if not state.held or not state.base_known:
            return []
        first = min(state.held)
        state.last_id = first - 1
        state.holes.append((max(1, first - _BEFORE_FIRST), first - 1))
    taken = []
    while (trade := state.held.pop(state.last_id + 1, None)) is not None:
        state.last_id = trade.trade_id
        state.last_us = max(state.last_us, trade.timestamp_us)
        if trade.timestamp_us >= (state.start_us or 0):
            taken.append(trade)
    return taken


def _settle(state: PairState, *, proof: bool) -> list[Output]:
    """Hand on what can be; `proof` says that nothing newer than what is held exists."""
    was_live = state.live
    outputs: list[Output] = list(_emit(_drain(state)))
    if state.held:
        state.live = False
        if was_live:
            first = min(state.held)
            missing = first - (state.last_id or 0) - 1
            outputs.append(Notice("gap", missing, f"trade ids {(state.last_id or 0) + 1} to {first - 1}"))
    elif proof and state.subscribed:
        state.live = True
        state.attempts = 0
        state.restarts, state.aside_us = None, 0
        if not was_live:
            outputs.append(Notice("repaired", 0, f"complete up to trade id {state.last_id}"))
    if state.held and state.subscribed and not state.fetching:
        outputs.append(_fetch(state))
    return outputs


def _no_progress(state: PairState, trades: list[Trade], next_cursor: str | None) -> list[Output]:
    """Ask on or again after a page that did not bring what follows `last_id`; nothing if it was tried enough."""
    reaches_gap = bool(trades) and trades[-1].trade_id >= min(state.held)
    if next_cursor is not None and not reaches_gap:
        return [_fetch(state, cursor=next_cursor)]
    state.attempts += 1
    if state.attempts < state.max_attempts:
        return [_fetch(state, delay_seconds=0.25 * 2.0**state.attempts)]
    return []


def _give_up(state: PairState) -> tuple[list[Output], list[Trade]]:
    """Pass over the missing ids, so that what came after them is not held for ever."""
    first_missing, first_held = (state.last_id or 0) + 1, min(state.held)
    state.holes.append((first_missing, first_held - 1))
    del state.holes[:-MAX_HOLES]
    state.last_id = first_held - 1
    state.attempts = 0
    text = f"trade ids {first_missing} to {first_held - 1} are on neither WebSocket nor REST; going on without them"
    return [Notice("unrepaired", first_held - first_missing, text)], _drain(state)


def _fill_hole(state: PairState, trade_id: int) -> bool:
    """Say whether `trade_id` was passed over, and remember that it is no longer missing."""
    for index, (low, high) in enumerate(state.holes):
        if low <= trade_id <= high:
            parts = [(low, trade_id - 1), (trade_id + 1, high)]
            state.holes[index : index + 1] = [(a, b) for a, b in parts if a <= b]
            return True
    return False


def _fetch(state: PairState, delay_seconds: float = 0.0, cursor: str | None = None) -> Fetch:
    """Start a fetch; each attempt without progress reaches back a second more."""
    state.fetching = True
    state.doubtful = False
    state.token += 1
    since_us = max(0, state.last_us - state.attempts * US_PER_SECOND, state.aside_us)
    return Fetch(since_us, delay_seconds, state.token, cursor)


def _emit(trades: list[Trade]) -> list[Output]:
    return [Emit(trades)] if trades else []


def _outputs(late: list[Trade], duplicates: int, outputs: list[Output]) -> list[Output]:
    """Put the late trades first and count what was special."""
    notices: list[Output] = []
    if late:
        ids = ", ".join(str(t.trade_id) for t in late[:5])
        notices += [Emit(late), Notice("late", len(late), f"trade ids {ids} came after newer ones")]
    if duplicates:
        notices.append(Notice("duplicate", duplicates, "trades came twice"))
    return notices + outputs
