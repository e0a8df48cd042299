"""Wall and CPU time of a QuixStreams application, from its first message to the commit after its last."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from quixstreams import Application

from streaming.quix.application import consumer_of, context_of

#: A run is cut into so many parts, to see whether it slows down with age.
PARTS = 10


@dataclass
class Stopwatch:
    """What a contestant measures of itself; times of all its threads.

    Attributes
    ----------
    cpu_marks
        CPU seconds at the first message and after each tenth of them.
    """

    started: float = 0.0
    seconds: float = 0.0
    cpu_started: float = 0.0
    cpu_seconds: float = 0.0
    cpu_marks: list[float] = field(default_factory=list)

    def start(self) -> None:
        self.started, self.cpu_started = time.perf_counter(), time.process_time()
        self.cpu_marks.append(self.cpu_started)

    def stop(self) -> None:
        self.seconds = time.perf_counter() - self.started
        self.cpu_seconds = time.process_time() - self.cpu_started

    @property
    def cpu_parts(self) -> list[float]:
        """CPU seconds of each tenth of the messages."""
        return [after - before for before, after in zip(self.cpu_marks, self.cpu_marks[1:], strict=False)]


def run_timed(app: Application, messages: int) -> Stopwatch:
    """Run `app` over exactly `messages` messages, to the commit that follows them."""
    watch = Stopwatch()
    consumer, context = consumer_of(app), context_of(app)
    poll_row, commit = consumer.poll_row, context.commit_checkpoint
    step = max(1, messages // PARTS)
    count = 0

    def counting_poll(*args: Any, **options: Any) -> Any:
        nonlocal count
        row = poll_row(*args, **options)
        if row is not None:
            count += 1
            if count == 1:
                watch.start()
            if count % step == 0:
                watch.cpu_marks.append(time.process_time())
            if count == messages:
                app.stop()
        return row

    def timed_commit(force: bool = False, revoking: bool = False) -> None:
        commit(force=force, revoking=revoking)
        if force and not watch.seconds:  # the loop has ended
            watch.stop()

    consumer.poll_row = counting_poll  # type: ignore[method-assign]
    context.commit_checkpoint = timed_commit  # type: ignore[method-assign]
    app.run()
    return watch
