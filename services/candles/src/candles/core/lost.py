"""Trades that came and cannot be used: their windows stay gaps, as nothing that comes later says what they were."""

from __future__ import annotations

from candles.core.outage import Span
from candles.core.pair import Pair
from candles.core.rules import Rules
from contracts.units import US_PER_MS

#: More spans than so many are joined, the oldest first.
_MAX_SPANS = 64


def learn_lost(pair: Pair, since_us: int, until_us: int, rules: Rules) -> Pair:
    """Return `pair` after the news that trades from `since_us` to `until_us` are lost."""
    oldest_us = pair["clock_us"] - rules.correctable_ms * US_PER_MS
    spans = [list(span) for span in pair["lost"] if span[1] >= oldest_us]
    spans = _joined(sorted([*spans, [since_us, until_us]]))
    while len(spans) > _MAX_SPANS:
        spans[:2] = [[spans[0][0], spans[1][1]]]
    return {**pair, "lost": spans}


def lost_spans(pair: Pair) -> list[Span]:
    """Return the spans, both ends included, of which trades are lost."""
    return [(since_us, until_us) for since_us, until_us in pair["lost"]]


def _joined(spans: list[list[int]]) -> list[list[int]]:
    joined: list[list[int]] = []
    for span in spans:
        if joined and span[0] <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], span[1])
        else:
            joined.append(span)
    return joined
