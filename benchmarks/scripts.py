"""Peers that need an environment of their own: scripts that name what they need, run by uv."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from benchmarks.logs import CannotRunError


def command_of(script: Path, *arguments: object) -> list[str]:
    """Return the command that runs a script in its environment.

    Raises
    ------
    CannotRunError
        Without uv.
    """
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise CannotRunError("uv, which makes the environments of other engines, is not on the path")
    return [uv, "run", "--quiet", "--script", str(script), *map(str, arguments)]


def version_of(script: Path) -> str:
    """Return the version of the library that a script is about: the first that it asks for."""
    found = re.search(r'dependencies = \["[a-z-]+==([0-9.]+)"', script.read_text(encoding="utf-8"))
    assert found is not None
    return found[1]
