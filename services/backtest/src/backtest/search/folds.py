"""Stretches of bars to search on and to try on, with what lies between them left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backtest.bars import clock_of
from backtest.search.job import Job, Span
from contracts.errors import BadInputError
from contracts.units import MS_PER_SECOND
from modeling.splits import Window, walk_forward

#: By the word it is asked for with.
WINDOWS: dict[str, Window] = {"rolling": "rolling", "anchored": "expanding"}
#: Bars of a stretch that is worth a search.
_LEAST_BARS = 20


@dataclass(frozen=True, slots=True)
class Fold:
    """Bars to search on, and later ones to try what was found on."""

    train: Span
    test: Span


def folds_of(job: Job, number: int, first: float, window: str, embargo_bars: int) -> list[Fold]:
    """Return folds whose tests follow one another to the end of the bars.

    Parameters
    ----------
    job
        Whose bars, within the range of its terms.
    number
        How many.
    first
        Part of the bars before the first test.
    window
        ``rolling``: each search has as many bars as the first; ``anchored``: all from the first on.
    embargo_bars
        So many bars before each cut are not searched on, and so many after it not tried on; at least 1, because what
        a bar decides is filled with the next.

    Returns
    -------
    list[Fold]
        In the order of time.

    Raises
    ------
    BadInputError
        If a stretch would be too short.
    """
    if window not in WINDOWS:
        raise BadInputError("--window", f"one of {', '.join(WINDOWS)}", window)
    span = job.span
    times = clock_of([job.history.pairs[pair] for pair in job.account.pairs])
    times = times[(times >= span.from_ms) & (times < span.to_ms)]
    horizon_ms = embargo_bars * job.history.interval_s * MS_PER_SECOND
    found = []
    for each in walk_forward(times, horizon_ms, number, first, WINDOWS[window]):
        shortest = min(len(each.train), len(each.test))
        if shortest < _LEAST_BARS:
            expected = f"{_LEAST_BARS} bars or more in each stretch: fewer folds, a smaller embargo, more bars"
            raise BadInputError("--folds", expected, f"{shortest} of {len(times):,} bars")
        train, test = (Span(int(times[part[0]]), int(times[part[-1]]) + 1) for part in (each.train, each.test))
        found.append(Fold(train, test))
    return found


def bars_in(job: Job, span: Span) -> int:
    """Return how many bars of any pair begin in a span.

    Returns
    -------
    int
        Each time once.
    """
    times = clock_of([job.history.pairs[pair] for pair in job.account.pairs])
    return int(np.count_nonzero((times >= span.from_ms) & (times < span.to_ms)))
