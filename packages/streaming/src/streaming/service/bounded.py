"""Running a service up to a point: a job that ends once what it was started for is processed and committed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from loguru import logger

from contracts.topics import TopicSpec
from streaming.clients import end_offsets, lag
from streaming.settings import ServiceSettings

if TYPE_CHECKING:
    from streaming.service.application import ServiceApplication

#: Says up to which offset of each partition of its input a service has to come, or, while nobody can know, in words
#: what has to happen first.
StopWhen = Callable[[], Mapping[int, int] | str]

_LOOK_SECONDS = 0.5
_LOG_SECONDS = 5.0


class Bound:
    """The point at which a service stops, and how far it is from there.

    What counts is what the group has committed, by whichever process: so nothing is left to be done twice or not at
    all by the process that goes on.

    Parameters
    ----------
    group
        The service's consumer group.
    spec
        The service's input that `stop_when` is about.
    beside
        Its other inputs: what they hold once that is known belongs to it.

    Attributes
    ----------
    done
        Whether the point was reached when it was looked for last.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        group: str,
        spec: TopicSpec,
        stop_when: StopWhen,
        *,
        beside: Sequence[TopicSpec] = (),
    ) -> None:
        self._settings = settings
        self._group = group
        self._spec = spec
        self._beside = beside
        self._stop_when = stop_when
        self._ends: dict[TopicSpec, Mapping[int, int]] = {}
        self._first_left: int | None = None
        self._began_at = time.monotonic()
        self._logged_at = -_LOG_SECONDS
        self._error: Exception | None = None
        self.done = False

    def reached(self) -> bool:
        """Look whether everything before the point is committed; say now and then how much is left."""
        if not self._ends:
            found = self._stop_when()
            if isinstance(found, str):
                self._log(f"waiting for {found}")
                return False
            self._ends = {self._spec: found, **{spec: end_offsets(self._settings, spec) for spec in self._beside}}
        left = sum(lag(self._settings, self._group, spec, ends) for spec, ends in self._ends.items())
        if self._first_left is None:
            self._first_left, self._began_at = left, time.monotonic()
        if left:
            self._log(progress_text(self._first_left, left, time.monotonic() - self._began_at))
        self.done = left == 0
        return self.done

    def _log(self, text: str) -> None:
        if time.monotonic() - self._logged_at >= _LOG_SECONDS:
            self._logged_at = time.monotonic()
            logger.info("{}", text)

    @contextmanager
    def stopping(self, app: ServiceApplication) -> Iterator[None]:
        """Stop `app` when the point is reached, while the block runs.

        Raises
        ------
        Exception
            What kept it from looking, after the application has stopped.
        """
        done = threading.Event()
        thread = threading.Thread(target=self._watch, args=(app, done), name="bound", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
        if self._error is not None:
            raise self._error

    def _watch(self, app: ServiceApplication, done: threading.Event) -> None:
        """An application that only begins to run forgets that it was stopped: it is told until it has ended."""
        reached = False
        while not done.wait(_LOOK_SECONDS):
            try:
                reached = reached or self.reached()
            except Exception as error:  # noqa: BLE001 - raised again where the application was started
                self._error, reached = error, True
            if reached:
                app.stop()


def progress_text(first_left: int, left: int, seconds: float) -> str:
    """Return how far a job is.

    Parameters
    ----------
    first_left, left
        Messages that waited when it began, and that wait now.
    seconds
        Since it began.

    Examples
    --------
    >>> progress_text(1_000, 250, 3.0)
    '75% done, 250 messages/s, 0:01 left'
    """
    rate = (first_left - left) / seconds if seconds > 0 else 0.0
    minutes, rest = divmod(round(left / rate), 60) if rate > 0 else (0, 0)
    time_left = f"{minutes}:{rest:02d} left" if rate > 0 else "time left not known yet"
    return f"{1 - left / max(first_left, 1):.0%} done, {rate:,.0f} messages/s, {time_left}"
