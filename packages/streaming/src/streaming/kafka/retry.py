"""Asking a Kafka cluster again while what it says will pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from confluent_kafka import KafkaError, KafkaException
from tenacity import retry, retry_if_exception, stop_after_delay, wait_fixed

from streaming.settings import BROKERS_AWAY_SECONDS

Asked = TypeVar("Asked", bound=Callable[..., Any])

_TIMEOUT_SECONDS = 30.0
_RETRY_SECONDS = 0.2
#: What a cluster says while a broker comes, goes or hands over: a moment later the same question has an answer.
PASSING = frozenset(
    {
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
        KafkaError._WAIT_COORD,
        KafkaError._TRANSPORT,
        KafkaError._TIMED_OUT,
        KafkaError._DESTROY_BROKER,
        KafkaError._UNKNOWN_PARTITION,  # what librdkafka calls one without a leader
    }
)


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in PASSING


def asking_for(seconds: float, stopping: Callable[[], bool] = lambda: False) -> Callable[[Asked], Asked]:
    """Return what asks again while a cluster says what passes, for so long, or until somebody is `stopping`."""
    patient = stop_after_delay(seconds)
    asking = retry(
        retry=retry_if_exception(_is_passing),
        stop=lambda state: patient(state) or stopping(),
        wait=wait_fixed(_RETRY_SECONDS),
        reraise=True,
    )
    return cast("Callable[[Asked], Asked]", asking)


#: Asks again while a cluster says what passes, up to half a minute.
retry_while_passing = asking_for(_TIMEOUT_SECONDS)


def commit_with_retry(
    commit: Callable[..., Any],
    seconds: float = BROKERS_AWAY_SECONDS,
    *,
    stopping: Callable[[], bool] = lambda: False,
) -> Callable[..., Any]:
    """Return `commit` of a consumer, asking again for so long while its group's broker comes back.

    A broker that has just started loads its groups first. Without this a service would end there, and be restarted
    into the same. Who is `stopping` asks once: what is not committed is processed again.
    """

    @asking_for(seconds, stopping)
    def asked_again(*arguments: Any, **options: Any) -> Any:
        answered = commit(*arguments, **options)
        for partition in answered or ():
            if partition.error is not None and partition.error.code() in PASSING:
                raise KafkaException(partition.error)
        return answered

    return asked_again
