"""A feed that is dead: time goes on without knowledge, until trades or a heartbeat say what happened meanwhile.

Kept is the span that was last said to be dead. What of it is still unknown follows from what has come since: a
heartbeat promises all trades before it, and on a venue that numbers its trades without holes the next trade says that
none came before it (missing ids are told apart on their own). So a repair narrows the span, and repeated news of it
changes nothing.
"""

from __future__ import annotations

from candles.core.pair import Pair

Span = tuple[int, int]


def unknown_span(pair: Pair) -> Span | None:
    """Return the span, both ends included, of which nothing is known because the feed is or was dead."""
    if pair["outage"] is None:
        return None
    since_us, until_us = pair["outage"]
    known_to_us = max(since_us, pair["promised_us"])
    if pair["consecutive"] and pair["traded_us"] is not None:
        known_to_us = max(known_to_us, pair["traded_us"])
    return (known_to_us, until_us) if known_to_us < until_us else None


def learn_outage(pair: Pair, since_us: int, until_us: int) -> Pair:
    """Return `pair` after the news that its feed is dead since `since_us` and that it is `until_us` now."""
    before = unknown_span(pair)
    if before is not None:
        # One that goes on; or another one, between which and the first nothing became known.
        since_us, until_us = min(before[0], since_us), max(before[1], until_us)
    known_from_us = pair["known_from_us"]
    return without_settled(
        {
            **pair,
            "known_from_us": until_us if known_from_us is None else known_from_us,
            "clock_us": max(pair["clock_us"], until_us),
            "outage": [since_us, until_us],
        }
    )


def without_settled(pair: Pair) -> Pair:
    """Return `pair` without an outage of which everything is known by now."""
    if pair["outage"] is None or unknown_span(pair) is not None:
        return pair
    return {**pair, "outage": None}


def changed_outage(before: Pair, after: Pair) -> Span | None:
    """Return the span in which a dead feed leaves another part unknown after than before, or None."""
    old, new = unknown_span(before), unknown_span(after)
    if old == new:
        return None
    if old is None or new is None:
        return old or new
    if old[1] == new[1]:
        return min(old[0], new[0]), max(old[0], new[0])
    from_us = min(old[1], new[1]) if old[0] == new[0] else min(old[0], new[0])
    return from_us, max(old[1], new[1])
