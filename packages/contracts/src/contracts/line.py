"""A line of values in a key-value state, in the order they came: an entry each."""

from __future__ import annotations

from typing import Any

from contracts.state import State


class Line:
    """Values numbered as they came; under its name ``[number of the first, number behind the last]``.

    Parameters
    ----------
    state
        Of a pair; changed in place.
    name
        Of the line: what its keys begin with.
    """

    def __init__(self, state: State, name: str) -> None:
        self._state = state
        self._name = name
        ends: list[int] = state.get(name) or [0, 0]
        self._first, self._behind = ends

    def __len__(self) -> int:
        return self._behind - self._first

    def __getitem__(self, place: int) -> Any:
        """Return the value that has `place` others before it.

        Returns
        -------
        Any
            As it was appended.
        """
        return self._state.get(self._key(self._first + place))

    def append(self, value: Any) -> None:
        """Put `value`, plain JSON, behind the others."""
        self._state.set(self._key(self._behind), value)
        self._behind += 1
        self._note()

    def pop(self) -> Any:
        """Take the first value out of the line.

        Returns
        -------
        Any
            As it was appended.
        """
        value = self[0]
        self._state.delete(self._key(self._first))
        self._first += 1
        self._note()
        return value

    def _key(self, number: int) -> str:
        return f"{self._name}:{number}"

    def _note(self) -> None:
        self._state.set(self._name, [self._first, self._behind])
