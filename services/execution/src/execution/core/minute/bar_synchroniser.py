"""Lining up an account's pairs: a minute is acted on once all of them have delivered it.

A pair delivers its candles (marks) and what the account's strategy decides on them (signals). Each of these sources
comes in order, but nothing orders one against another: in a backfill a pair may be weeks ahead, and a decision may
wait for a model. So each source has a queue; the oldest window at the head of any queue is due when every source has
delivered that window or a later one. What is due, and with which candles and decisions, then depends on their content
only, however they were interleaved.

A signal has its candle's prices, too: one whose mark never came, as in logs of before there were marks, is both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import TypedDict

from contracts.candle_mark import CandleMark
from contracts.signal import Signal
from contracts.state import State
from execution.core.minute.minute import Minute
from execution.core.minute.pending import Pending, Queue, Waiting

LINE = "line"
#: Messages of one window, sources in sorted order, and the places whose candles were not waited for.
Due = tuple[list[Waiting], tuple[str, ...]]
#: The name of a pair's candles; that of its decisions is the pair's own.
_MARKS = "mark:"


class Line(TypedDict):
    """The account's line: the last window it acted on, and the queues of its sources by name."""

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
    place
        What an event's source is called among `pairs`: its pair, where the line is of one account.
    maximum_pending
        When more than this many messages of a source wait, the oldest minute is acted on without the sources that
        have not delivered it. Up to this bound the order in which they arrive does not matter.
    """

    def __init__(
        self,
        state: State,
        pairs: tuple[str, ...],
        maximum_pending: int,
        place: Callable[[Waiting], str] = attrgetter("pair"),
    ) -> None:
        self._state = state
        self._place = place
        self._pairs = pairs
        self._maximum_pending = maximum_pending
        saved = state.get(LINE) or Line(acted_ms=None, queues={})
        # A copy: the state may hand out what it holds, and an attempt that fails must leave that alone.
        self._line = Line(acted_ms=saved["acted_ms"], queues={p: Queue(**q) for p, q in saved["queues"].items()})
        self._pending = Pending(state)

    def is_known(self, event: Waiting) -> bool:
        """Say whether the source has delivered this window, or a later one, before.

        Returns
        -------
        bool
            True: `take` has had it.
        """
        return self._has_delivered(self._source(event), event.window_start_ms)

    def take(self, event: Waiting) -> list[Minute]:
        """Take a source's next message and return the minutes that are due because of it, oldest first.

        One for a minute that was acted on without it moves its source on and is not acted on: the past stays as it
        was decided.

        Returns
        -------
        list[Minute]
            Often none.
        """
        return [minute_of(together, missing) for together, missing in self.take_together(event)]

    def take_together(self, event: Waiting) -> list[Due]:
        """Take a source's next message; return what is due because of it, window by window, and who is missing.

        Returns
        -------
        list[Due]
            Oldest first.
        """
        start_ms, acted_ms = event.window_start_ms, self._line["acted_ms"]
        source, marks = self._source(event), _MARKS + self._place(event)
        queue = self._moved_on(source, start_ms)
        if isinstance(event, Signal) and not self._has_delivered(marks, start_ms):
            self._moved_on(marks, start_ms)
        if acted_ms is None or start_ms > acted_ms:
            self._pending.put(source, queue, event)
        return list(self._due())

    def save(self) -> None:
        """Write the line to the state."""
        self._pending.save()
        self._state.set(LINE, self._line)

    def _has_delivered(self, source: str, start_ms: int) -> bool:
        queue = self._line["queues"].get(source)
        return queue is not None and start_ms <= queue["last_ms"]

    def _moved_on(self, source: str, start_ms: int) -> Queue:
        queue = self._line["queues"].setdefault(source, Queue(head=0, tail=0, last_ms=start_ms))
        queue["last_ms"] = start_ms
        return queue

    def _source(self, event: Waiting) -> str:
        place = self._place(event)
        return _MARKS + place if isinstance(event, CandleMark) else place

    def _due(self) -> Iterator[Due]:
        queues = self._line["queues"]
        while waiting := {s: self._pending.oldest_ms(s, q) for s, q in queues.items() if q["head"] < q["tail"]}:
            start_ms = min(waiting.values())
            missing = tuple(pair for pair in self._pairs if not self._has_delivered(_MARKS + pair, start_ms))
            undecided = any(not self._has_delivered(pair, start_ms) for pair in self._pairs)
            if (missing or undecided) and not self._overdue():
                return
            ready = sorted(source for source, oldest_ms in waiting.items() if oldest_ms == start_ms)
            self._line["acted_ms"] = start_ms
            yield [self._pending.take(source, queues[source]) for source in ready], missing

    def _overdue(self) -> bool:
        return any(queue["tail"] - queue["head"] > self._maximum_pending for queue in self._line["queues"].values())


def minute_of(together: Sequence[Waiting], missing: tuple[str, ...]) -> Minute:
    """Return what an account's pairs say of one window, and which were not waited for."""
    signals = {each.pair: each for each in together if isinstance(each, Signal)}
    marks = {each.pair: each for each in together if isinstance(each, CandleMark) and each.pair not in signals}
    return Minute(together[0].window_start_ms, together[0].window_end_ms, signals, missing, marks)
