"""Dockerfiles, read for the tests."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.support.workspace import ROOT

DOCKER = ROOT / "docker"


def instructions(path: Path) -> list[tuple[str, str]]:
    """Return each instruction and what follows it, continuation lines joined."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    joined = re.sub(r"\\\n\s*", "", text)
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in joined.splitlines() if line.strip()]


def last_stage(path: Path) -> dict[str, str]:
    """Return the instructions of the image itself, the last of each kind."""
    found = instructions(path)
    start = max(i for i, (name, _) in enumerate(found) if name == "FROM")
    return dict(found[start:])


def selection(image: str) -> list[str]:
    """Return what `docker/images.sh` says is installed in an image."""
    done = subprocess.run(
        ["sh", str(DOCKER / "images.sh"), image], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout.split()


def is_exec_form(argument: str) -> bool:
    """Return whether it is a JSON list, so that no shell stands between the engine and the process."""
    try:
        return isinstance(json.loads(argument), list)
    except json.JSONDecodeError:
        return False
