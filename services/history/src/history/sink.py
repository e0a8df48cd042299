"""From checkpoints to files: what a full disk refuses is asked of the topic again."""

from __future__ import annotations

import errno

from loguru import logger
from quixstreams.sinks import BatchingSink, SinkBackpressureError, SinkBatch

from history.tree import HistoryTree

#: What passes once somebody has made room.
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


class HistorySink(BatchingSink):
    """Hands each checkpoint's messages to the files before its offsets are committed.

    Parameters
    ----------
    retry_seconds
        How long the service pauses while the disk is full; it then goes on from its last checkpoint.
    """

    def __init__(self, tree: HistoryTree, retry_seconds: float) -> None:
        super().__init__(on_client_connect_success=_nothing)
        self._tree = tree
        self._retry_seconds = retry_seconds

    def write(self, batch: SinkBatch) -> None:
        """Write one partition's batch.

        Raises
        ------
        SinkBackpressureError
            If the disk is full.
        OSError
            If the folder cannot be written for another reason: the service ends, nothing is committed.
        """
        try:
            self._tree.add([item.value for item in batch])
        except OSError as error:
            if error.errno not in _NO_SPACE:
                raise
            logger.error(
                "{}: disk full; nothing is lost: {} messages stay on the topic, next attempt in {:g} s",
                self._tree.root,
                batch.size,
                self._retry_seconds,
            )
            raise SinkBackpressureError(retry_after=self._retry_seconds) from error


def _nothing() -> None:
    """The files are opened with the first batch, so there is nothing to announce at the start."""
