"""One process for one folder of state: a second is told before it disturbs the first."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streaming.errors import ServiceError


@contextmanager
def sole_user_of(folder: Path, group: str) -> Iterator[None]:
    """Hold the state of `group` in `folder` for as long as the block runs; however the process ends, it is let go.

    On Kafka a second process under the same name would take the first one's place in the group, and then find the
    state stores locked: both would end.

    Raises
    ------
    ServiceError
        If another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{group}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ServiceError(
                f"TRADESTREAM_INSTANCE_ID: another process is using the state of {group} in {folder}: "
                "each replica needs its own name"
            ) from error
        yield
