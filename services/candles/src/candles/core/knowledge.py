"""What is known of one pair's market, and when: it decides the quality of a candle.

Known is the time from the first message on, up to the newest trade or heartbeat, except around missing trade ids and
while the feed was dead.
Unknown spans are ``(from_us, to_us)``, both ends included.
"""

from __future__ import annotations

from itertools import pairwise

from candles.core.id_ranges import Ranges, runs, with_run
from candles.core.lost import lost_spans
from candles.core.outage import Span, changed_outage, unknown_span, without_settled
from candles.core.pair import Pair
from candles.core.rows import Rows
from candles.core.rules import Rules
from contracts.candle import Quality
from contracts.units import MS_PER_SECOND, US_PER_MS


def with_rules(pair: Pair, rules: Rules) -> Pair:
    """Return `pair` after a start with `rules`, which may be others than before.

    An interval that is new knows nothing of what came before. A longer grace does not open what has closed.
    """
    if pair["grace_ms"] == rules.grace_ms and tuple(pair["since_us"]) == rules.names:
        return pair
    closed_ms = pair["clock_us"] // US_PER_MS - pair["grace_ms"]
    return {
        **pair,
        "since_us": {name: pair["since_us"].get(name, pair["clock_us"]) for name in rules.names},
        "grace_ms": rules.grace_ms,
        "closed_ms": max(pair["closed_ms"], closed_ms) if pair["grace_ms"] != rules.grace_ms else pair["closed_ms"],
    }


def learn_time(pair: Pair, venue_time_us: int) -> Pair:
    """Return `pair` after the promise that all trades before `venue_time_us` have come."""
    known_from_us = pair["known_from_us"]
    return without_settled(
        {
            **pair,
            "known_from_us": venue_time_us if known_from_us is None else known_from_us,
            "clock_us": max(pair["clock_us"], venue_time_us),
            "promised_us": max(pair["promised_us"], venue_time_us),
        }
    )


def goes_on(pair: Pair, rows: Rows) -> bool:
    """Whether `rows`, in order and new, are the trades after the last one: they leave nothing unknown that is not."""
    first_id, last_id = rows.trade_ids[0], rows.trade_ids[-1]
    return bool(
        pair["ranges"]
        and first_id == pair["ranges"][-1][1] + 1
        and last_id - first_id + 1 == len(rows.trade_ids)
        and pair["outage"] is None
        and pair["ended_us"] is None
    )


def learn_next(pair: Pair, rows: Rows) -> Pair:
    """Return `pair` after trades that go on where it ended: `learn_trades`, for the common case."""
    *before, (first_id, _, first_us, _) = pair["ranges"]
    newest_us = rows.timestamps_us[-1]
    return {
        **pair,
        "clock_us": newest_us,
        "traded_us": newest_us,
        "ranges": [*before, [first_id, rows.trade_ids[-1], first_us, newest_us]],
    }


def learn_trades(pair: Pair, rows: Rows, max_ranges: int) -> Pair:
    """Return `pair` after trades that it has not had."""
    ranges: Ranges = pair["ranges"]
    known_from_us = _known_from(pair, rows)
    for run in runs(rows.trade_ids, rows.timestamps_us):
        if ranges and run[0] > ranges[-1][1] + 1:
            # A hole opens. What a heartbeat has promised since the trade before it is known.
            first_id, last_id, first_us, last_us = ranges[-1]
            ranges = [*ranges[:-1], [first_id, last_id, first_us, max(last_us, pair["promised_us"])]]
        ranges = with_run(ranges, run)
    forgotten_id = pair["forgotten_id"]
    while len(ranges) > max_ranges:
        forgotten_id = ranges[0][1]
        ranges = ranges[1:]
        if pair["consecutive"]:  # the hole behind the forgotten range is no longer listed
            known_from_us = max(known_from_us, ranges[0][2] + 1)
    newest_us = max(rows.timestamps_us)
    return without_settled(
        {
            **pair,
            "known_from_us": known_from_us,
            "clock_us": max(pair["clock_us"], newest_us),
            "traded_us": newest_us if pair["traded_us"] is None else max(pair["traded_us"], newest_us),
            "ranges": ranges,
            "forgotten_id": forgotten_id,
        }
    )


def _known_from(pair: Pair, rows: Rows) -> int:
    """Without a heartbeat, input starts with the first trade, and with it a window that is cut off.

    Even a trade exactly at a window's start may have had others before it in the same microsecond.
    """
    after_first_us = rows.timestamps_us[0] + 1
    known_from_us = pair["known_from_us"]
    if known_from_us is None:
        return after_first_us
    earlier = not pair["ranges"] or rows.trade_ids[0] < pair["ranges"][0][0]
    return min(known_from_us, after_first_us) if earlier and pair["forgotten_id"] is None else known_from_us


def quality(pair: Pair, interval_s: int, start_ms: int, trade_count: int) -> Quality:
    """Return the quality of the closed candle of `interval_s` that starts at `start_ms`."""
    if unknown_spans(pair, interval_s, start_ms, start_ms + interval_s * MS_PER_SECOND):
        return "gap"
    if not trade_count:
        return "empty"
    return "complete" if pair["consecutive"] else "unverified"


def unknown_spans(pair: Pair, interval_s: int, from_ms: int, to_ms: int) -> list[Span]:
    """Return the spans overlapping ``[from_ms, to_ms)`` of which `interval_s` may lack trades."""
    known_from_us = pair["known_from_us"]
    if known_from_us is None:
        return [(_BEFORE_ALL, _AFTER_ALL)]
    known_from_us = max(known_from_us, pair["since_us"][str(interval_s)])
    spans = [(_BEFORE_ALL, known_from_us - 1), *_holes(pair), *lost_spans(pair), (pair["clock_us"], _AFTER_ALL)]
    dead = unknown_span(pair)
    if dead is not None:
        spans.append(dead)
    return [span for span in spans if span[0] < to_ms * US_PER_MS and span[1] >= from_ms * US_PER_MS]


def changed_span(before: Pair, after: Pair) -> Span | None:
    """Return the span in which closed candles may have another quality now than before, or None.

    It leaves out that time has gone on, unless candles had been closed before their time by the end of input.
    """
    spans = (set(_holes(before)) ^ set(_holes(after))) | (set(lost_spans(after)) - set(lost_spans(before)))
    old_us, new_us = before["known_from_us"], after["known_from_us"]
    if old_us is not None and new_us is not None and old_us != new_us:
        spans.add((min(old_us, new_us), max(old_us, new_us)))
    if before["ended_us"] is not None and before["clock_us"] != after["clock_us"]:
        spans.add((before["clock_us"], after["clock_us"]))
    dead = changed_outage(before, after)
    if dead is not None:
        spans.add(dead)
    if not spans:
        return None
    return min(span[0] for span in spans), max(span[1] for span in spans)


def _holes(pair: Pair) -> list[Span]:
    ranges: Ranges = pair["ranges"]
    if len(ranges) < 2 or not pair["consecutive"]:
        return []
    edges = ((left[3], right[2]) for left, right in pairwise(ranges))
    return [(min(edge), max(edge)) for edge in edges]


_BEFORE_ALL = -(2**63)
_AFTER_ALL = 2**63 - 1
