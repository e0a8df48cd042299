"""A process that stood still asks, before it writes more of its state, whether its partitions are still its own.

Without transactions a broker takes what anybody writes: a process that was frozen for longer than its session would
write the state that it holds behind that of whoever took its partitions over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import KafkaException, TopicPartition
from loguru import logger

from streaming.errors import PutOutError
from streaming.kafka.retry import PASSING, retry_while_passing

Place = tuple[str, int]

_TIMEOUT_SECONDS = 10.0


class Fence:
    """Notices that a loop stood still for a good part of its session, and asks the group's coordinator.

    Parameters
    ----------
    consumer
        The loop's.
    limit_seconds
        Standing still for so long is suspicious.
    clock
        Seconds that go on while a process is stopped.
    """

    def __init__(self, consumer: Any, limit_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._consumer = consumer
        self._limit_seconds = limit_seconds
        self._clock = clock
        self._passed_at = clock()

    def passed(self) -> None:
        """Note that the loop is known to be alive and well: what took long was no standstill."""
        self._passed_at = self._clock()

    def look(self, began: Mapping[Place, int], *, at_work: bool = False) -> None:
        """Ask whether the partitions are still this process's if it stood still since the last look.

        Parameters
        ----------
        began
            Where the open checkpoint began, by topic and partition: what this process committed last.
        at_work
            It had work that may take so long: nobody has to be told that it is asked.

        Raises
        ------
        PutOutError
            If somebody else has them.
        """
        stood_seconds = self._clock() - self._passed_at
        self.passed()
        if stood_seconds < self._limit_seconds:
            return
        held = {(each.topic, each.partition) for each in self._consumer.assignment()}
        own = {place: offset for place, offset in began.items() if place in held}
        level = "DEBUG" if at_work else "WARNING"
        logger.log(level, "stood still for {:.1f} s: asking whether the partitions are its own yet", stood_seconds)
        try:
            why = self._taken_by_others(own)
        except KafkaException as error:
            if error.args[0].code() in PASSING:  # nobody answers: whoever waits for the brokers begins again
                raise
            why = error.args[0].str()
        if why is not None:
            raise PutOutError(
                f"this process stood still for {stood_seconds:.1f} s and others have its partitions "
                f"(TRADESTREAM_SESSION_TIMEOUT_SECONDS): {why}"
            )

    def _taken_by_others(self, own: Mapping[Place, int]) -> str | None:
        """Commit again what was committed last, which is taken of a member alone; return what is against it."""
        places = [TopicPartition(*place) for place in own]
        committed = retry_while_passing(self._consumer.committed)
        harmless = []
        for told in committed(places, timeout=_TIMEOUT_SECONDS) if places else ():
            offset = own[told.topic, told.partition]
            if told.offset >= 0 and told.offset != offset:
                return f"{told.topic}[{told.partition}] was read up to {told.offset} meanwhile"
            if told.offset >= 0 or offset == 0:  # a first offset that is not 0 says that something was read
                harmless.append(TopicPartition(told.topic, told.partition, offset))
        again = harmless or [TopicPartition(*place, offset) for place, offset in own.items()]
        for told in self._consumer.commit(offsets=again, asynchronous=False) if again else ():
            if told.error is not None:
                return str(told.error.str())
        return None
