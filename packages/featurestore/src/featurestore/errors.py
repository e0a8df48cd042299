"""What can go wrong with a store, told apart by what to do about it."""

from __future__ import annotations

from contracts.errors import TradestreamError, TransientError


class StoreError(TradestreamError):
    """The store refused: a wrong query, a table of another version, no permission."""


class StoreBusyError(TransientError, StoreError):
    """Locked, restarting or unreachable for the moment; the same write may succeed later."""


class StoreFullError(StoreError):
    """The disk is full. Nothing of the batch was written; free space and start again."""
