"""A file that exists while a service writes a checkpoint: whoever finds it knows that the process died inside one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loguru import logger

from streaming.telemetry import metrics


class CheckpointMark:
    """Makes the file when a checkpoint begins and removes it when it has ended, well or badly.

    What is between the two is what a kill can leave half done: changelogs produced, offsets not committed, stores not
    yet on disk. A start that finds the file says so; recovery is the same as ever.

    Parameters
    ----------
    file
        One for each process that has state in its folder.

    Examples
    --------
    >>> CheckpointMark.file_of(Path("data/state/candles"), "candles-dev", "0").name
    'candles-dev-0.in-checkpoint'
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @staticmethod
    def file_of(state_dir: Path, group: str, instance_id: str) -> Path:
        """Return where the mark of a replica is."""
        return state_dir / f"{group}-{instance_id}.in-checkpoint"

    @contextmanager
    def set_for(self) -> Iterator[None]:
        """Let the file be there while the block runs."""
        self._file.touch()
        began_seconds = time.perf_counter()
        try:
            yield
        finally:
            self._file.unlink(missing_ok=True)
            metrics.CHECKPOINT_DURATION.observe(time.perf_counter() - began_seconds)

    def report(self) -> None:
        """Say if the process before this one died inside a checkpoint."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        if self._file.exists():
            logger.info(
                "the previous process was killed during a checkpoint; continuing from the checkpoint before it"
            )
            self._file.unlink()
