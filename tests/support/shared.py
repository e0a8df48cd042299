"""What the workers of one run share: built by the first that needs it, found by the others, ended by the last."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BUILT, USERS = "built", "users"


def shared_folder(factory: pytest.TempPathFactory, name: str) -> Path:
    """Return the folder `name` that all workers of this run have in common."""
    root = factory.getbasetemp()
    # A worker of xdist has a folder of its own in the run's.
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    folder = root / "shared" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One worker at a time is in the block; a killed one leaves it too."""
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Path:
    """Return the folder that `build` fills; only the first worker calls it, the others wait.

    Where it fails the next worker tries again, in the same folder.
    """
    folder = shared_folder(factory, name)
    with locked(folder):
        if not (folder / BUILT).exists():
            build(folder)
            (folder / BUILT).touch()
    return folder


@contextmanager
def in_use(folder: Path, start: Callable[[], object], end: Callable[[], object]) -> Iterator[None]:
    """What `start` starts runs in the block, once for all workers; the last that leaves calls `end`."""
    me = folder / USERS / str(os.getpid())
    me.parent.mkdir(exist_ok=True)
    with locked(folder):
        if not any(me.parent.iterdir()):
            start()
        me.touch()
    try:
        yield
    finally:
        with locked(folder):
            me.unlink()
            if not any(me.parent.iterdir()):
                end()
