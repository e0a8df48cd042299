"""Order of the whole suite: what is quick first, so that a mistake shows in minutes."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests marked slow behind all others; a module's own order stays."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)
