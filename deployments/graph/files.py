"""Which files are written, and which parts of files that are otherwise written by hand."""

from __future__ import annotations

import re
from pathlib import Path

from deployments.graph import alerts, cluster, images, pods

ROOT = Path(__file__).resolve().parents[2]
#: A part of a file, between two comments; the first says which part it is.
PART = re.compile(
    r"(?P<begin>^ *# make graph writes (?P<name>[\w -]+):\n)(?P<text>.*?)(?P<end>^ *# until here\n)", re.M | re.S
)


def whole() -> dict[str, str]:
    """Return each file that is written as a whole."""
    return {**pods.files(), **cluster.files(), **images.files()}


def parts() -> dict[str, dict[str, str]]:
    """Return the written parts of other files, by file and name."""
    return {**cluster.parts(), **images.parts(), **alerts.parts()}


def texts() -> dict[str, str]:
    """Return the text of every file that is written, in part or as a whole.

    Raises
    ------
    ValueError
        If a file lacks the comments around a part.
    """
    mixed = {path: _put(path, (ROOT / path).read_text(encoding="utf-8"), named) for path, named in parts().items()}
    return {**whole(), **mixed}


def _put(path: str, text: str, named: dict[str, str]) -> str:
    found = [match["name"] for match in PART.finditer(text)]
    if sorted(found) != sorted(named):
        raise ValueError(f"{path}: expected the parts {sorted(named)}, found {sorted(found)}")
    return PART.sub(lambda match: match["begin"] + named[match["name"]] + match["end"], text)


def by_hand(path: str) -> str:
    """Return what of a file is written by hand."""
    if path in whole():
        return ""
    text = (ROOT / path).read_text(encoding="utf-8")
    return PART.sub("", text) if path in parts() else text
