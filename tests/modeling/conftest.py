"""Fixtures that other members' tests have too."""

from __future__ import annotations

from tests.support.champion import champion, history, rows_of

__all__ = ["champion", "history", "rows_of"]
