"""Lining up an account's pairs: a minute is acted on once all of them have delivered it.

Each pair's signals arrive in order, but nothing orders one pair against another, and in a backfill one may be weeks
ahead. So each pair has a queue; the oldest window at the head of any queue is due when every pair has delivered that
window or a later one. What is due, and with which signals, then depends on their content only, however the pairs'
signals were interleaved.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

from contracts.signal import Signal
from contracts.state import State
from execution.core.minute.minute import Minute
from execution.core.minute.pending import Pending, Queue

LINE = "line"


class Line(TypedDict):
    """The account's line: the last window it acted on, and its pairs' queues."""

    acted_ms: int | None
    queues: dict[str, Queue]


class BarSynchroniser:
    """The line of one account, over its state. Nothing is written before `save`.

    Parameters
    ----------
    state
        The account's.
    pairs
        All that the account trades.
    maximum_pending
        When a pair has more than this many signals waiting, the oldest minute is acted on without the pairs that have
        not delivered it. Up to this bound the order in which pairs arrive does not matter.
    """

    def __init__(self, state: State, pairs: tuple[str, ...], maximum_pending: int) -> None:
        self._state = state
        self._pairs = pairs
        self._maximum_pending = maximum_pending
        saved = state.get(LINE) or Line(acted_ms=None, queues={})
        # A copy: the state may hand out what it holds, and an attempt that fails must leave that alone.
        self._line = Line(acted_ms=saved["acted_ms"], queues={p: Queue(**q) for p, q in saved["queues"].items()})
        self._pending = Pending(state)

    def is_known(self, signal: Signal) -> bool:
        """Whether the pair has delivered this window, or a later one, before."""
        queue = self._line["queues"].get(signal.pair)
        return queue is not None and signal.window_start_ms <= queue["last_ms"]

    def take(self, signal: Signal) -> list[Minute]:
        """Take a pair's next signal and return the minutes that are due because of it, oldest first.

        One for a minute that was acted on without its pair moves the pair on and is not acted on: the past stays as
        it was decided.
        """
        start_ms, acted_ms = signal.window_start_ms, self._line["acted_ms"]
        queue = self._line["queues"].setdefault(signal.pair, Queue(head=0, tail=0, last_ms=start_ms))
        queue["last_ms"] = start_ms
        if acted_ms is None or start_ms > acted_ms:
            self._pending.put(signal.pair, queue, signal)
        return list(self._due())

    def save(self) -> None:
        """Write the line to the state."""
        self._pending.save()
        self._state.set(LINE, self._line)

    def _due(self) -> Iterator[Minute]:
        queues = self._line["queues"]
        while waiting := {p: self._pending.oldest_ms(p, q) for p, q in queues.items() if q["head"] < q["tail"]}:
            start_ms = min(waiting.values())
            behind = tuple(p for p in self._pairs if p not in queues or queues[p]["last_ms"] < start_ms)
            if behind and not self._overdue():
                return
            ready = sorted(pair for pair, oldest_ms in waiting.items() if oldest_ms == start_ms)
            together = {pair: self._pending.take(pair, queues[pair]) for pair in ready}
            self._line["acted_ms"] = start_ms
            yield Minute(start_ms, together[ready[0]].window_end_ms, together, missing=behind)

    def _overdue(self) -> bool:
        return any(queue["tail"] - queue["head"] > self._maximum_pending for queue in self._line["queues"].values())
