"""The signals that wait for other pairs, one entry of the state each."""

from __future__ import annotations

from typing import TypedDict

from contracts.signal import Signal
from contracts.state import State

PENDING = "pending:"


class Queue(TypedDict):
    """A pair's place in the line: entries `head` to `tail` wait, `last_ms` is the newest window it delivered."""

    head: int
    tail: int
    last_ms: int


class Pending:
    """Queues of signals over a state.

    Entries have keys of their own, so that waiting costs the same per signal however long a queue has become. Nothing
    is written before `save`, and what is put and taken before it never reaches the state.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._put: dict[str, Signal] = {}
        self._taken: list[str] = []

    def put(self, pair: str, queue: Queue, signal: Signal) -> None:
        """Append to the pair's queue."""
        self._put[_key(pair, queue["tail"])] = signal
        queue["tail"] += 1

    def oldest_ms(self, pair: str, queue: Queue) -> int:
        """Return the window start of the pair's oldest waiting signal."""
        key = _key(pair, queue["head"])
        signal = self._put.get(key)
        start_ms: int = (self._state.get(key) if signal is None else signal).window_start_ms
        return start_ms

    def take(self, pair: str, queue: Queue) -> Signal:
        """Remove and return the pair's oldest waiting signal."""
        key = _key(pair, queue["head"])
        queue["head"] += 1
        signal = self._put.pop(key, None)
        if signal is None:
            self._taken.append(key)
            waiting: Signal = self._state.get(key)
            return waiting
        return signal

    def save(self) -> None:
        """Write to the state what waits now and no longer."""
        for key in self._taken:
            self._state.delete(key)
        for key, signal in self._put.items():
            self._state.set(key, signal)


def _key(pair: str, number: int) -> str:
    return f"{PENDING}{pair}:{number}"
