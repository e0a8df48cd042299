"""The workspace as the architecture tests see it: members, their files and their imports."""

from __future__ import annotations

import ast
import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.services import SERVICE_NAMES

ROOT = Path(__file__).parents[2]

#: May be imported by what stands to the right; `embedded` is the composition root.
LIBRARIES = ("contracts", "features", "exchanges", "streaming", "featurestore", "modeling", "strategies", "results")
SERVICES = SERVICE_NAMES
#: Processes that end: they read what is there and stream nothing.
JOBS = ("training", "verify", "backtest")
COMPOSITION_ROOTS = ("embedded",)
MEMBERS = LIBRARIES + SERVICES + JOBS + COMPOSITION_ROOTS


@dataclass(frozen=True)
class Member:
    """One package of the workspace."""

    name: str
    folder: Path

    @property
    def source(self) -> Path:
        """The importable folder."""
        return self.folder / "src" / self.name

    @property
    def files(self) -> list[Path]:
        """Its Python files."""
        return sorted(self.source.rglob("*.py"))

    @property
    def is_service(self) -> bool:
        """Whether it is one of the services that stream."""
        return self.name in SERVICES

    @functools.cached_property
    def project(self) -> dict[str, Any]:
        """Its pyproject.toml."""
        return tomllib.loads((self.folder / "pyproject.toml").read_text(encoding="utf-8"))


def members() -> list[Member]:
    """Return every member of the workspace, found in the file system."""
    folders = sorted(
        path.parent for path in ROOT.glob("*/*/pyproject.toml") if path.parts[-3] in ("packages", "services")
    )
    return [Member(folder.name, folder) for folder in folders]


def imported_modules(path: Path) -> set[str]:
    """Return the dotted names that a file imports, wherever in the file the import stands."""
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
    return found


def roots(path: Path) -> set[str]:
    """Return the first parts of what a file imports."""
    return {name.split(".")[0] for name in imported_modules(path)}


def imported_names(path: Path, module: str) -> set[str]:
    """Return what a file imports from `module`."""
    return {
        alias.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path)))
        if isinstance(node, ast.ImportFrom) and node.module == module
        for alias in node.names
    }
