"""QuixStreams' processing context, which holds the open checkpoint, with doors of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, Self

from quixstreams.processing import ProcessingContext

from streaming.kafka.fence import Fence
from streaming.quix.stores import mark_stores


class Cache(Protocol):
    """Values that have to be in the stores when a checkpoint commits."""

    def write_back(self) -> None:
        """Write what has changed into the open checkpoint."""

    def forget(self) -> None:
        """Drop everything: what the store holds is what counts."""


class ServiceContext(ProcessingContext):
    """A processing context whose checkpoints take cached values with them.

    Attributes
    ----------
    caches
        Those of the application.
    positions
        By topic and partition, the offset at which the open checkpoint began.
    topic_ids
        By topic, what tells it from another one of its name.
    fence
        Asks after a standstill whether the partitions are still this process's; None: nobody could have them.
    while_committing
        Entered for as long as a checkpoint that is not empty takes.
    """

    caches: list[Cache]
    positions: dict[tuple[str, int], int]
    topic_ids: dict[str, str]
    fence: Fence | None
    while_committing: Callable[[], AbstractContextManager[None]]

    @classmethod
    def like(cls, context: ProcessingContext) -> Self:
        """Return a context that takes the place of `context`, before it is used."""
        fields = {field.name: getattr(context, field.name) for field in dataclasses.fields(context) if field.init}
        found = cls(**fields)
        found.caches, found.while_committing = [], nullcontext
        found.positions, found.topic_ids, found.fence = {}, {}, None
        return found

    def state_of(self, stream_id: str, partition: int, key: Any) -> Any:
        """Return the state of a key in the open checkpoint."""
        return self.checkpoint.get_store_transaction(stream_id=stream_id, partition=partition).as_state(prefix=key)

    def commit_checkpoint(self, force: bool = False, revoking: bool = False) -> None:
        """Commit as `ProcessingContext` does, with the caches; forget them if nothing was committed."""
        checkpoint = self.checkpoint
        if self.fence is not None and not revoking:
            self.fence.look(self.positions)
        if not force and not checkpoint.expired():
            return
        with nullcontext() if checkpoint.empty() else self.while_committing():
            for cache in self.caches:
                cache.write_back()
            reached = mark_stores(self, self.positions, self.topic_ids)
            super().commit_checkpoint(force=True, revoking=revoking)
            self.note_well()
        # A sink that is pushed back leaves the checkpoint behind: its messages come again, to the state before them.
        if any(each.changed and not each.completed for each in checkpoint._store_transactions.values()):
            self.forget()
        else:
            self.positions |= reached

    def look_after_long_work(self) -> None:
        """Ask whose the partitions are if the work took as long as a standstill: it may have been one."""
        if self.fence is not None:
            self.fence.look(self.positions, at_work=True)

    def note_well(self) -> None:
        """Note that a checkpoint took its time and was taken: no standstill."""
        if self.fence is not None:
            self.fence.passed()

    def drop(self) -> None:
        """Drop the open checkpoint: what it holds is of partitions that somebody else may have by now."""
        self.forget()
        self.checkpoint.close(revoking=True)
        self.init_checkpoint()  # type: ignore[no-untyped-call]

    def forget(self) -> None:
        """Drop the cached values: partitions have come, gone, or been taken back."""
        for cache in self.caches:
            cache.forget()
