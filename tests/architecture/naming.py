"""Files that name six or more services: `python -m tests.architecture.naming`. A list of them belongs into contracts.

Counted are .py, .sh, .yaml and .mk files and the Makefile, without what a command writes and a test compares.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

from deployments.graph.files import by_hand
from tests.support.workspace import ROOT

from contracts.services import SERVICE_NAMES

MANY = 6
#: What is written by other commands says so in its first lines.
_WRITTEN = re.compile(r"\A(?:#.*\n)*?# Written by `make")
_NAMES = {name: re.compile(rf"(?<!\w){name}(?!\w)") for name in SERVICE_NAMES}


def naming() -> Iterator[tuple[str, int]]:
    """Yield the files that name many services, and how many."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for path in listed.splitlines():
        if not re.search(r"(\.(py|sh|ya?ml|mk)|(^|/)Makefile)$", path) or not (ROOT / path).exists():
            continue
        text = by_hand(path)
        named = sum(bool(pattern.search(text)) for pattern in _NAMES.values())
        if named >= MANY and not _WRITTEN.match(text):
            yield path, named


def main() -> None:
    """Print them and their number."""
    found = sorted(naming())
    for path, named in found:
        print(f"{named:3}  {path}")
    print(f"{len(found)} files written by hand name {MANY} or more of {len(_NAMES)} services")


if __name__ == "__main__":
    main()
