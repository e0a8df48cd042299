"""Where an account's state lives: QuixStreams' State in the service, a dictionary in tests and backtests."""

from __future__ import annotations

from typing import Any, Protocol


class Store(Protocol):
    """Keys to JSON values, as QuixStreams' State has them."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, or `default`."""

    def set(self, key: str, value: Any) -> None:
        """Keep `value` under `key`."""

    def delete(self, key: str) -> None:
        """Forget `key`."""


class MemoryStore:
    """A store in a dictionary. Values are used as they are; nothing else holds on to them.

    Parameters
    ----------
    entries
        What an earlier store held: resume from here.
    """

    def __init__(self, entries: dict[str, Any] | None = None) -> None:
        self.entries: dict[str, Any] = dict(entries or {})

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, or `default`."""
        return self.entries.get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Keep `value` under `key`."""
        self.entries[key] = value

    def delete(self, key: str) -> None:
        """Forget `key`."""
        self.entries.pop(key, None)
