"""YAML files read strictly: a key that stands twice in a mapping hides the first, and no parser says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("deployments", "docker", ".github")


def all_files() -> list[Path]:
    """Return every YAML file that is deployed or run."""
    return sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.y*ml"))


def doubled() -> Iterator[str]:
    """Return the keys that stand twice, with file and line."""
    for file in all_files():
        yield from (f"{file.relative_to(ROOT)}:{each}" for each in doubled_in(file.read_text(encoding="utf-8")))


def doubled_in(text: str) -> Iterator[str]:
    """Return the keys of a text that stand twice in one mapping: `line: key`."""
    for document in yaml.compose_all(text, Loader=yaml.SafeLoader):
        yield from _doubled(document)


def _doubled(node: yaml.Node | None) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            word = str(key.value)
            if word in seen and word != "<<":
                yield f"{key.start_mark.line + 1}: '{word}' stands twice"
            seen.add(word)
            yield from _doubled(value)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _doubled(each)
