"""Where results are kept: JSON files under runs/bench."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "runs" / "bench"


def keep(name: str, content: Mapping[str, Any]) -> Path:
    """Write `content` into a new file and return its path."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path
