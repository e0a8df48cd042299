"""QuixStreams' Application as the services use it, over Kafka and over the embedded log."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from streaming.dead_letters.writer import DeadLetters
from streaming.kafka.errors import is_out_of_range
from streaming.quix.application import HookedApplication
from streaming.quix.embedded import EmbeddedApplication
from streaming.recovery.start import Recovery
from streaming.service.checkpoint_mark import CheckpointMark
from streaming.service.intake import Intake
from streaming.service.state_lock import sole_user_of
from streaming.telemetry.audit import AuditLog
from streaming.telemetry.progress import Progress


class ServiceApplication(HookedApplication):
    """An Application that knows its service, its dead letters and whether it is alive.

    Attributes
    ----------
    service
        Its name.
    intake
        The message in hand.
    dead_letters
        Where it sets aside what it cannot use.
    heartbeat_seconds
        When its loop last turned, on the monotonic clock; None before the first turn.
    stop_at_end
        Stop once every input has been read to its end: for tests and bounded jobs.
    checkpoint_mark
        Tells, after a kill, whether it struck inside a checkpoint.
    progress
        How far its loop has come.
    audit
        What it did that somebody may ask about.
    recovery
        Holds what it finds of itself together before it goes on.
    """

    service: str
    intake: Intake
    dead_letters: DeadLetters
    heartbeat_seconds: float | None = None
    stop_at_end: bool = False
    _taken_before = 0
    checkpoint_mark: CheckpointMark
    progress: Progress
    audit: AuditLog
    recovery: Recovery

    def run(self, *args: Any, **options: Any) -> list[dict[str, Any]]:
        """Run as `Application.run` does, alone on its state, and leave a mark for as long as a checkpoint takes."""
        with self.alone():
            self.checkpoint_mark.report()
            self.context.while_committing = self.checkpoint_mark.set_for
            return super().run(*args, **options)

    def alone(self) -> AbstractContextManager[None]:
        """Return what keeps other processes from its state."""
        return sole_user_of(Path(self.config.state_dir), self.config.consumer_group)

    def starts_of(self, inputs: list[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
        return self.recovery.starts(self, inputs)

    def on_rebuilt(self) -> None:
        self.recovery.verify(self)

    def on_consumer_error(self, error: Exception, message: Any, logger: Any) -> bool:
        """QuixStreams' callback: messages that are gone before they were read are no message's fault."""
        if is_out_of_range(error):
            assigned = self.progress.assigned or frozenset()
            self.go_on_at(self.recovery.vanished(self, sorted(assigned)))
            return True
        return self.dead_letters.on_consumer_error(error, message, logger)

    def on_assigned(self, inputs: list[tuple[str, int]]) -> None:
        self.progress.on_assign(inputs)

    def on_released(self, inputs: list[tuple[str, int]]) -> None:
        self.progress.on_revoke(inputs)

    def on_turn(self, idle: bool) -> None:
        self.heartbeat_seconds = time.monotonic()
        self.progress.idle_turns += idle
        # What was set aside gave no message either, and others may lie behind it in what has been fetched.
        taken = self.progress.processed
        if self.stop_at_end and idle and taken == self._taken_before and self.inputs_read():
            self.stop()
        self._taken_before = taken


class EmbeddedServiceApplication(ServiceApplication, EmbeddedApplication):
    """The same over the embedded log, where a group has one member anyway."""

    def alone(self) -> AbstractContextManager[None]:
        return nullcontext()
