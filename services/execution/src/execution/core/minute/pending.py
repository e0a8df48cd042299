"""What waits for other pairs and for decisions, one entry of the state each."""

from __future__ import annotations

from typing import TypedDict

from contracts.candle_mark import CandleMark
from contracts.signal import Signal
from contracts.state import State

PENDING = "pending:"
#: What the lines hold.
Waiting = Signal | CandleMark


class Queue(TypedDict):
    """A source's place in the line: entries `head` to `tail` wait, `last_ms` is the newest window it delivered."""

    head: int
    tail: int
    last_ms: int


class Pending:
    """Queues of marks and signals over a state, by the names of their sources.

    Entries have keys of their own, so that waiting costs the same for each however long a queue has become. Nothing
    is written before `save`, and what is put and taken before it never reaches the state.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._put: dict[str, Waiting] = {}
        self._taken: list[str] = []

    def put(self, source: str, queue: Queue, event: Waiting) -> None:
        """Append to the source's queue."""
        self._put[_key(source, queue["tail"])] = event
        queue["tail"] += 1

    def oldest_ms(self, source: str, queue: Queue) -> int:
        """Return the window start of what has waited longest."""
        key = _key(source, queue["head"])
        event = self._put.get(key)
        start_ms: int = (self._state.get(key) if event is None else event).window_start_ms
        return start_ms

    def take(self, source: str, queue: Queue) -> Waiting:
        """Remove and return what has waited longest."""
        key = _key(source, queue["head"])
        queue["head"] += 1
        event = self._put.pop(key, None)
        if event is None:
            self._taken.append(key)
            waiting: Waiting = self._state.get(key)
            return waiting
        return event

    def save(self) -> None:
        """Write to the state what waits now and no longer."""
        for key in self._taken:
            self._state.delete(key)
        for key, event in self._put.items():
            self._state.set(key, event)


def _key(source: str, number: int) -> str:
    return f"{PENDING}{source}:{number}"
