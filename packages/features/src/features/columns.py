"""The list of columns and sets that contracts reads, made from the catalogue.

``python -m features.columns packages/contracts/src/contracts/feature_columns.json`` writes it; a test compares them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from features import FEATURES, SETS, feature_set_id


def render() -> str:
    """Return the list as it is checked in."""
    columns = {
        "columns": {feature.name: feature.description for feature in FEATURES},
        "sets": {name: [feature.name for feature in features] for name, features in SETS.items()},
        "ids": {name: feature_set_id(name) for name in SETS},
    }
    return json.dumps(columns, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
