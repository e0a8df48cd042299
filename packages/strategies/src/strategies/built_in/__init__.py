"""The strategies that come along: a file each, with one class; nothing else has to name them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from strategies.loading import StrategyFile, load

#: By the names of their files.
STRATEGIES: Mapping[str, StrategyFile] = {
    path.stem: load(path) for path in sorted(Path(__file__).parent.glob("*.py")) if path.stem != "__init__"
}
