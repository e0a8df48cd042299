"""JSON schemas of every message, as checked in under ``packages/contracts/schemas``.

``python -m contracts.schemas FOLDER`` writes them; a test compares them with the classes, so a change that breaks
readers shows up in review.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from contracts.message import Message
from contracts.topics import TOPICS


def message_classes() -> list[type[Message]]:
    """Return every message class that stands on a topic, each once, in flow order."""
    return list(dict.fromkeys(cls for spec in TOPICS for cls in spec.messages))


def schema_of(cls: type[Message]) -> dict[str, Any]:
    """Return the JSON schema of a message class, with its version."""
    schema = cls.model_json_schema(mode="serialization")
    return {"$id": f"{cls.schema_name}.v{cls.schema_version}", **schema}


def render(cls: type[Message]) -> str:
    """Return the schema as it is checked in."""
    return json.dumps(schema_of(cls), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main(folder: Path) -> None:
    """Write one file for each message class into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for cls in message_classes():
        (folder / f"{cls.schema_name}.json").write_text(render(cls), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
