"""Where a fold keeps what it must remember: QuixStreams' state in a service, a dictionary in tests and backtests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class State(Protocol):
    """The part of QuixStreams' state that folds use: plain JSON values by key, of one message key."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, or `default`.

        Returns
        -------
        Any
            The value, or `default` where there is none.
        """

    def set(self, key: str, value: Any) -> None:
        """Keep `value` under `key`."""

    def delete(self, key: str) -> None:
        """Forget `key`."""


class MemoryState:
    """A state in a dictionary. Values are kept as they are, not copied.

    Parameters
    ----------
    entries
        What an earlier state held: go on from there.

    Examples
    --------
    >>> state = MemoryState({"a": 1})
    >>> state.set("b", [2])
    >>> state.delete("a")
    >>> state.get("a"), state.get("b"), state.entries
    (None, [2], {'b': [2]})
    """

    def __init__(self, entries: Mapping[str, Any] | None = None) -> None:
        self.entries: dict[str, Any] = dict(entries or {})

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, or `default`.

        Returns
        -------
        Any
            The value, or `default` where there is none.
        """
        return self.entries.get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Keep `value` under `key`."""
        self.entries[key] = value

    def delete(self, key: str) -> None:
        """Forget `key`."""
        self.entries.pop(key, None)


class PartOfState:
    """A part of a state, under a prefix of its own: two folds of one kind keep apart what they remember.

    Parameters
    ----------
    whole
        The state that it is a part of.
    prefix
        What its keys begin with there.

    Examples
    --------
    >>> whole = MemoryState({"a": 1})
    >>> part = PartOfState(whole, "mine-")
    >>> part.set("a", 2)
    >>> part.get("a"), whole.entries
    (2, {'a': 1, 'mine-a': 2})
    """

    def __init__(self, whole: State, prefix: str) -> None:
        self._whole = whole
        self._prefix = prefix

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, or `default`.

        Returns
        -------
        Any
            The value, or `default` where there is none.
        """
        return self._whole.get(self._prefix + key, default)

    def set(self, key: str, value: Any) -> None:
        """Keep `value` under `key`."""
        self._whole.set(self._prefix + key, value)

    def delete(self, key: str) -> None:
        """Forget `key`."""
        self._whole.delete(self._prefix + key)
