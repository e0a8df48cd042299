"""docs/topics.md says what contracts.topics says."""

from __future__ import annotations

import re
from pathlib import Path

from contracts.topics import TOPICS

PAGE = Path(__file__).parents[2] / "docs/topics.md"


def test_the_page_lists_every_topic_as_it_is() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|([^|]*)\|([^|]*)\|([^|]*)\|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    listed = [(name, key.strip(), writer.strip(), reader.strip()) for name, key, writer, reader in rows]
    wanted = [(spec.name, spec.key, spec.written_by, ", ".join(spec.read_by)) for spec in TOPICS]
    assert listed[: len(wanted)] == wanted
    assert [row[0] for row in listed[len(wanted) :]] == ["dead-letters.<service>"]
