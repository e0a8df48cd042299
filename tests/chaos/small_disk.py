"""A disk of a few megabytes that can be filled to the last byte."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BLOCK = b"\0" * 65_536


class NoSmallDiskError(Exception):
    """This machine does not let us mount one."""


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a tmpfs on `folder` while the block runs."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        raise NoSmallDiskError("a small disk needs the right to mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Leave no space on `disk` while the block runs."""
    filler = disk / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            for size in (len(_BLOCK), 512, 1):
                _write_until_full(file, _BLOCK[:size])
        yield
    finally:
        filler.unlink()


def _write_until_full(file: object, block: bytes) -> None:
    try:
        while file.write(block):  # type: ignore[attr-defined]
            pass
    except OSError:
        return
