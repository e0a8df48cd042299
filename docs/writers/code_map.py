"""The map of the code: every member, every folder in it, and what each may import."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.test_architecture import ALLOWED
from tests.support.workspace import LIBRARIES, SERVICES, Member, members

#: A line of the map is no longer, so that it fits on one screen.
WIDTH = 118
_NAME = 24


def lines() -> Iterator[str]:
    """Return the map as a block of text."""
    everybody = sorted(members(), key=lambda member: list(ALLOWED).index(member.name))
    yield "```text"
    for folder in ("packages", "services"):
        yield f"{folder}/"
        for member in everybody:
            if member.folder.parent.name == folder:
                yield _line(f"  {member.name}/", member.source)
                yield from (_line(f"    {part.relative_to(member.source)}/", part) for part in _folders(member))
    yield from ("", "who may import what", *_arrows())
    yield "```"


def _line(name: str, package: Path) -> str:
    """Return a line with what a package says of itself; of a long sentence the part before a colon or semicolon."""
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""
    sentence = docstring.splitlines()[0].split(". ")[0].split(" (docs/")[0].rstrip(".")
    if len(sentence) > WIDTH - _NAME:
        sentence = re.split(r"[;:] ", sentence)[0]
    return f"{name:{_NAME}}{sentence}"


def _folders(member: Member) -> list[Path]:
    """Return the packages right inside a member or its `core`; `core` itself is explained once."""
    inner = [*member.source.glob("*/__init__.py"), *member.source.glob("core/*/__init__.py")]
    return sorted(path.parent for path in inner if path.parent.name != "core")


def _arrows() -> Iterator[str]:
    """Return a line for those that may import the same."""
    alike: dict[str, list[str]] = {}
    for name, allowed in ALLOWED.items():
        rest = set(allowed) - set(LIBRARIES)
        every = rest >= set(SERVICES)
        whole = "all packages" + (", all services" if every else "".join(f", {each}" for each in sorted(rest)))
        text = whole if allowed >= set(LIBRARIES) else ", ".join(each for each in LIBRARIES if each in allowed)
        alike.setdefault(text or "no other", []).append(name)
    for text, names in alike.items():
        yield f"  {', '.join(names)} <- {text}"
