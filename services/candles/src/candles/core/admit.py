"""From messages of one pair to updates of its windows: what is new, what is on time, what is late, what is unusable.

Everything is decided per trade, by the time of the trades and heartbeats before it, so that it makes no difference
how trades are grouped into frames.

Each update costs a window's state, so trades that close nothing and change no knowledge wait in the pair's state and
go to the windows together: with the next trade that closes a window or is late, with time that closes one, or when
enough of them wait. Sums are exact and order does not matter there, so waiting cannot show in a candle.
"""

from __future__ import annotations

from collections.abc import Iterator

from candles.core.fold import Windows, fold, roll_up
from candles.core.id_ranges import contains
from candles.core.knowledge import changed_span, goes_on, learn_next, learn_time, learn_trades, with_rules
from candles.core.lost import learn_lost
from candles.core.outage import learn_outage
from candles.core.pair import Pair, initial
from candles.core.rows import Rows, is_sorted
from candles.core.rules import Rules
from candles.core.timeline import (
    closed_to_ms,
    closes_any,
    end_of_input_updates,
    heartbeat_updates,
    latest_ms,
    trade_updates,
)
from candles.core.updates import Correction, Output, Refused, Step, TradesMessage, WindowUpdate
from contracts.end_of_history import EndOfHistory
from contracts.errors import BadInputError
from contracts.feed_outage import FeedOutage
from contracts.trade_frame import TradeFrame
from contracts.trade_ids import not_above, starts_again
from contracts.units import US_PER_MS

SECOND_VENUE = "second-venue"
TOO_LATE = "too-late"
TOO_FAR_AHEAD = "too-far-ahead"
IDS_START_AGAIN = "ids-start-again"

#: How many trades wait at most until they go to the windows together; about 60 bytes of state each.
MAX_WAITING = 64


def step(pair: Pair | None, message: TradesMessage, rules: Rules) -> Iterator[Step]:
    """Yield the state after each part of `message`, and what that part leads to.

    A frame has one part, unless late trades stand among those on time: each group then sees the state as it is after
    the one before it, as if it had come alone.

    Parameters
    ----------
    pair
        State after the message before, None at first.
    """
    if pair is None:
        pair = initial(message.exchange, message.pair)
    elif "lost" not in pair:  # of an older version
        pair = {**initial(message.exchange, message.pair), **pair}
    known = with_rules(pair, rules)
    if known is not pair and known["waiting"] is not None:
        yield _without_waiting(known), [*_waiting_updates(known, tuple(pair["since_us"]), rules)]
        known = _without_waiting(known)
    if message.exchange != known["exchange"]:
        error = BadInputError("exchange", f"{known['exchange']}, which {known['pair']} runs on", message.exchange)
        yield known, [Refused(message, SECOND_VENUE, str(error))]
    elif isinstance(message, TradeFrame):
        yield from _frame(known, message, rules)
    elif _jumps(known["clock_us"], message.event_time_ms * US_PER_MS, rules):
        error = BadInputError("time", _expected_next(known["clock_us"], rules), f"{message.event_time_ms} ms")
        yield known, [Refused(message, TOO_FAR_AHEAD, str(error))]
    elif isinstance(message, FeedOutage):
        yield _time_goes_on(known, _without_news(known, message, rules), message.until_us, rules)
    elif isinstance(message, EndOfHistory) and message.final:
        yield _end_of_input(known, message, rules)
    else:
        yield _time_goes_on(known, learn_time(known, message.venue_time_us), message.venue_time_us, rules)


def _without_news(pair: Pair, message: FeedOutage, rules: Rules) -> Pair:
    """Return `pair` after the news that its trades are not known; some of them may never be."""
    if message.lost_trades:
        pair = learn_lost(pair, message.since_us, message.until_us, rules)
    return learn_outage(pair, message.since_us, message.until_us)


def _time_goes_on(pair: Pair, after: Pair, time_us: int, rules: Rules) -> Step:
    """A message without trades, at `time_us`: what it changes is known, and windows close."""
    corrections = _corrections(pair, after, {}, rules)
    if time_us <= pair["clock_us"]:
        return after, corrections
    time_ms = time_us // US_PER_MS
    if not closes_any(pair, time_ms, rules):
        return after, corrections
    waiting = _waiting_updates(pair, rules.names, rules)
    return _without_waiting(after), [*corrections, *waiting, *heartbeat_updates(pair, time_ms, rules)]


def _end_of_input(pair: Pair, message: EndOfHistory, rules: Rules) -> Step:
    if pair["ended_us"] is not None and message.venue_time_us <= pair["ended_us"]:
        return pair, []  # a repeat
    learned = learn_time(pair, message.venue_time_us)
    after, outputs = _time_goes_on(pair, learned, message.venue_time_us, rules)
    waiting = _waiting_updates(after, rules.names, rules)
    traded_us = after["traded_us"]
    ended_us = message.venue_time_us if traded_us is None else max(message.venue_time_us, traded_us + 1)
    ended: Pair = {**_without_waiting(after), "ended_us": ended_us}
    return ended, [*outputs, *waiting, *end_of_input_updates(after, ended_us, rules)]


def _frame(pair: Pair, frame: TradeFrame, rules: Rules) -> Iterator[Step]:
    if pair["consecutive"] and not frame.consecutive_ids:
        pair = {**pair, "consecutive": False}
    rows = Rows.of(frame)
    if pair["ranges"] and rows.trade_ids[0] <= pair["ranges"][-1][1]:
        rows, again = _without_restarted(pair, rows)
        if again.trade_ids:
            done = _lose(pair, frame, again, rules)
            yield done
            pair = done[0]
        rows = rows.take([i for i, trade_id in enumerate(rows.trade_ids) if not contains(pair["ranges"], trade_id)])
    if not rows.trade_ids:
        yield pair, []  # all of it has been applied before
        return
    # The common case, in which no trade needs a look of its own.
    first_us, last_us = rows.timestamps_us[0], rows.timestamps_us[-1]
    in_order = first_us >= pair["clock_us"] and is_sorted(rows.timestamps_us)
    jumps = _jumps(pair["clock_us"] or first_us, last_us, rules)
    if in_order and not jumps and goes_on(pair, rows) and not pair["closed_ms"]:
        yield _next_step(pair, learn_next(pair, rows), rows, rules)
        return
    if not in_order or jumps or pair["forgotten_id"] is not None:
        rows, too_late, too_far = _without_unusable(pair, rows, rules)
        if too_late.trade_ids:
            yield pair, [_refusal(frame, too_late, TOO_LATE, _expected_recent(pair, rules))]
        if too_far.trade_ids:
            yield pair, [_refusal(frame, too_far, TOO_FAR_AHEAD, _expected_next(pair["clock_us"], rules))]
    for late, part in _parts(pair, rows, in_order, rules):
        after = learn_trades(pair, part, rules.max_id_ranges)
        next_in_order = in_order and pair["ranges"] and part.trade_ids[0] > pair["ranges"][-1][1]
        if next_in_order and not any(late) and changed_span(pair, after) is None:
            done = _next_step(pair, after, part, rules)
        else:
            done = _without_waiting(after), _part_outputs(pair, after, part, late, rules)
        yield done
        pair = done[0]


def _next_step(pair: Pair, after: Pair, rows: Rows, rules: Rules) -> Step:
    """Trades that go on where the pair ended: they wait while they close nothing, until there are enough of them."""
    waiting = rows if pair["waiting"] is None else Rows(*pair["waiting"]).then(rows)
    full = len(waiting.trade_ids) > MAX_WAITING
    if full or closes_any(pair, rows.timestamps_us[-1] // US_PER_MS, rules):
        windows = fold(waiting, rules.base_ms)
        on_time = {interval_ms: roll_up(windows, interval_ms) for interval_ms in rules.intervals_ms}
        return _without_waiting(after), [*trade_updates(pair, on_time, rules)]
    return {**after, "waiting": list(waiting)}, []


def _waiting_updates(pair: Pair, names: tuple[str, ...], rules: Rules) -> list[WindowUpdate]:
    """Return what the trades that wait lead to, for those intervals that are among `names`."""
    if pair["waiting"] is None:
        return []
    waiting = Rows(*pair["waiting"])
    on_time = {
        interval_ms: fold(waiting, interval_ms)
        for interval_ms, name in zip(rules.intervals_ms, rules.names, strict=True)
        if name in names
    }
    return trade_updates(pair, on_time, rules)


def _without_waiting(pair: Pair) -> Pair:
    return pair if pair["waiting"] is None else {**pair, "waiting": None}


def _part_outputs(before: Pair, after: Pair, rows: Rows, late: tuple[bool, ...], rules: Rules) -> list[Output]:
    folded = fold(rows, rules.base_ms)
    rolled = {interval_ms: roll_up(folded, interval_ms) for interval_ms in rules.intervals_ms}
    is_late = dict(zip(rules.intervals_ms, late, strict=True))
    corrected = {interval_ms: windows for interval_ms, windows in rolled.items() if is_late[interval_ms]}
    on_time = {interval_ms: windows for interval_ms, windows in rolled.items() if not is_late[interval_ms]}
    return [
        *_corrections(before, after, corrected, rules),
        *_waiting_updates(before, rules.names, rules),
        *trade_updates(before, on_time, rules),
    ]


def _corrections(before: Pair, after: Pair, late: dict[int, Windows], rules: Rules) -> list[Output]:
    changed_us = changed_span(before, after)
    found: list[Output] = []
    for interval_ms in rules.intervals_ms:
        closed_ms = closed_to_ms(before, interval_ms, rules)
        touched = changed_us if changed_us and changed_us[0] < closed_ms * US_PER_MS else None
        if touched or interval_ms in late:
            time_ms = after["clock_us"] // US_PER_MS
            windows = late.get(interval_ms, [])
            found.append(Correction(interval_ms // 1_000, time_ms, windows, touched, closed_ms))
    return found


def _parts(pair: Pair, rows: Rows, in_order: bool, rules: Rules) -> Iterator[tuple[tuple[bool, ...], Rows]]:
    """Yield groups of trades with, for each interval, whether their windows have closed."""
    times = rows.timestamps_us
    if not times:
        return
    if in_order and pair["ended_us"] is None and not pair["closed_ms"]:
        yield (False,) * len(rules.intervals_ms), rows
        return
    start, status = 0, _lateness(pair, times[0], 0, rules)
    newest_us = times[0]
    for index in range(1, len(times)):
        now = _lateness(pair, times[index], newest_us, rules)
        if now != status:
            yield status, rows.part(start, index)
            start, status = index, now
        newest_us = max(newest_us, times[index])
    yield status, rows.part(start, len(times))


def _lateness(pair: Pair, timestamp_us: int, newest_us: int, rules: Rules) -> tuple[bool, ...]:
    newest_ms, time_ms = newest_us // US_PER_MS, timestamp_us // US_PER_MS
    return tuple(
        time_ms - time_ms % interval_ms + interval_ms + rules.grace_ms
        <= max(latest_ms(pair, interval_ms, rules), newest_ms)
        for interval_ms in rules.intervals_ms
    )


def _jumps(newest_us: int, time_us: int, rules: Rules) -> bool:
    """Whether `time_us` is so far ahead that it is no time: each window between would get a candle."""
    return newest_us > 0 and time_us - newest_us > rules.max_jump_ms * US_PER_MS


def _without_restarted(pair: Pair, rows: Rows) -> tuple[Rows, Rows]:
    """Separate those with ids that start again: they are newer than all before them, and their ids are not."""
    last_id, newest_us = pair["ranges"][-1][1], pair["traded_us"] or 0
    again = [starts_again(*row, last_id, newest_us) for row in zip(rows.trade_ids, rows.timestamps_us, strict=True)]
    if not any(again):
        return rows, rows.part(0, 0)
    others = rows.take([index for index, each in enumerate(again) if not each])
    return others, rows.take([index for index, each in enumerate(again) if each])


def _lose(pair: Pair, frame: TradeFrame, rows: Rows, rules: Rules) -> Step:
    """Set trades aside that cannot be told from others by their ids; nobody can say any more what was traded then."""
    after = learn_lost(pair, min(rows.timestamps_us), max(rows.timestamps_us), rules)
    refusal = _refusal(frame, rows, IDS_START_AGAIN, not_above(pair["ranges"][-1][1]))
    return after, [refusal, *_corrections(pair, after, {}, rules)]


def _without_unusable(pair: Pair, rows: Rows, rules: Rules) -> tuple[Rows, Rows, Rows]:
    """Separate those too old to correct their candles, or with ids no longer remembered, and those too far ahead."""
    forgotten_id = pair["forgotten_id"]
    newest_us, usable, too_late, too_far = pair["clock_us"], list[int](), list[int](), list[int]()
    for index, timestamp_us in enumerate(rows.timestamps_us):
        recent = timestamp_us >= newest_us - rules.correctable_ms * US_PER_MS
        known = forgotten_id is None or rows.trade_ids[index] > forgotten_id
        if _jumps(newest_us, timestamp_us, rules):
            too_far.append(index)
            continue
        (usable if recent and known else too_late).append(index)
        newest_us = max(newest_us, timestamp_us)
    return rows.take(usable), rows.take(too_late), rows.take(too_far)


def _expected_recent(pair: Pair, rules: Rules) -> str:
    known = "" if pair["forgotten_id"] is None else f", with ids above {pair['forgotten_id']}"
    return f"trades of the last {rules.correctable_ms} ms{known}"


def _expected_next(newest_us: int, rules: Rules) -> str:
    return f"at most {rules.max_jump_ms} ms after the newest before it, {newest_us // US_PER_MS} ms"


def _refusal(frame: TradeFrame, refused: Rows, reason: str, expected: str) -> Refused:
    rest = TradeFrame(
        exchange=frame.exchange, pair=frame.pair, consecutive_ids=frame.consecutive_ids, **refused._asdict()
    )
    count, first, last = len(refused.trade_ids), refused.trade_ids[0], refused.trade_ids[-1]
    error = BadInputError("trades", expected, f"{count} from id {first} to {last} at {refused.timestamps_us[0]} us")
    return Refused(rest, reason, str(error))
