"""From a dataframe into a database: batches at each checkpoint, written again where it must be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from loguru import logger
from quixstreams.sinks import BatchingSink, SinkBackpressureError, SinkBatch
from tenacity import RetryCallState, retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from contracts.errors import TransientError
from contracts.message import Message

if TYPE_CHECKING:
    from quixstreams.dataframe import StreamingDataFrame

Write = Callable[[Iterable[Message]], None]

_ATTEMPTS = 3
_FIRST_PAUSE_SECONDS = 0.2


class StoreSink(BatchingSink):
    """Hands each checkpoint's messages to `write` before the checkpoint's offsets are committed.

    After a crash, or while the database is away, messages are processed and written again: `write` must take the
    same message twice (an upsert). On a `TransientError` it is tried again, then the service pauses and goes on from
    its last checkpoint; any other error stops the service with nothing committed.

    Parameters
    ----------
    write
        Writes a batch, all of it or nothing.

    Attributes
    ----------
    retry_after_seconds
        How long the service pauses when the database still does not answer after a few attempts; twice as long each
        time, up to a minute, because what was processed meanwhile is published again.
    """

    retry_after_seconds: ClassVar[float] = 5.0
    longest_pause_seconds: ClassVar[float] = 60.0

    def __init__(self, write: Write) -> None:
        super().__init__(on_client_connect_success=_nothing)
        self._pauses = 0
        self._write = retry(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_random_exponential(multiplier=_FIRST_PAUSE_SECONDS),
            before_sleep=_log_attempt,
            reraise=True,
        )(write)

    def write(self, batch: SinkBatch) -> None:
        """Write one partition's batch."""
        try:
            self._write([item.value for item in batch])
        except TransientError as error:
            pause_seconds = min(self.longest_pause_seconds, self.retry_after_seconds * 2.0**self._pauses)
            self._pauses += 1
            logger.warning("store: {}; {} messages wait {:g} s", error, batch.size, pause_seconds)
            raise SinkBackpressureError(retry_after=pause_seconds) from error
        if self._pauses:
            logger.info("store: answers again")
            self._pauses = 0


def keep(sdf: StreamingDataFrame, write: Write | None) -> None:
    """Write each message of `sdf` to a store; nothing where the store is off.

    Parameters
    ----------
    write
        ``Store.write``, or None: what `featurestore.StoreSettings.store_writer` returns.

    Examples
    --------
    The last line of a topology::

        keep(publish(rows, topics[TECHNICAL_INDICATORS.name]), settings.store_writer())
    """
    if write is not None:
        sdf.sink(StoreSink(write))


def _log_attempt(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    logger.warning(
        "store: attempt {} failed ({}), next in {:.1f} s", state.attempt_number, error, state.upcoming_sleep
    )


def _nothing() -> None:
    """The store connects with its first batch, so there is nothing to announce at the start."""
