"""``python -m docs.writers`` writes the parts of the pages that are read off the code; a test compares them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from docs.writers import cli, code_map, defaults, features, settings, sql, strategies, topics
from docs.writers.markdown import filled

from streaming.variables import KNOWN_FILE

DOCS = Path(__file__).parents[1]
WRITTEN: dict[str, Callable[[], Iterator[str]]] = {
    "explanation/architecture.md": code_map.lines,
    "reference/cli.md": cli.lines,
    "reference/defaults.md": defaults.lines,
    "reference/features.md": features.lines,
    "reference/settings.md": settings.lines,
    "reference/sql.md": sql.lines,
    "reference/strategies.md": strategies.lines,
    "reference/topics.md": topics.lines,
}


def main() -> None:
    """Write each page anew; what stands outside of its marks stays."""
    for name, lines in WRITTEN.items():
        page = DOCS / name
        page.write_text(filled(page.read_text(encoding="utf-8"), lines()), encoding="utf-8")
    KNOWN_FILE.write_text("".join(f"{name}\n" for name in settings.variables()), encoding="utf-8")


if __name__ == "__main__":
    main()
