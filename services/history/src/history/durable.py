"""Files that are whole or not there, whatever happens to the process or the machine."""

from __future__ import annotations

import os
from pathlib import Path

TEMPORARY = ".tmp"


def write_durably(path: Path, content: bytes) -> None:
    """Write `content` to `path`: under another name, to the disk, then under its own.

    Raises
    ------
    OSError
        If it cannot be written; what was at `path` before is untouched.
    """
    draft = path.with_name(f".{path.name}{TEMPORARY}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
