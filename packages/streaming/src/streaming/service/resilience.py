"""Calls to the outside: retried with growing, jittered pauses, and not made at all while the other side is down."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar, cast

import pybreaker
import tenacity
from loguru import logger

P = ParamSpec("P")
R = TypeVar("R")

CircuitOpenError = pybreaker.CircuitBreakerError


def resilient(
    name: str,
    *,
    retry_on: type[BaseException] | tuple[type[BaseException], ...] = (OSError, TimeoutError),
    attempts: int = 5,
    first_pause_seconds: float = 0.2,
    longest_pause_seconds: float = 10.0,
    failures_to_open: int = 5,
    open_seconds: float = 30.0,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a call to something outside, plain or async.

    Parameters
    ----------
    name
        Of the other side, for the log.
    retry_on
        Errors worth another attempt; any other is raised at once and does not count against the other side.
    attempts
        Tries per call, with pauses growing from `first_pause_seconds` to at most `longest_pause_seconds`.
    failures_to_open, open_seconds
        After so many failed calls in a row no call is made for so long.

    Raises
    ------
    CircuitOpenError
        By the decorated function, without calling, while the circuit is open.

    Examples
    --------
    >>> @resilient("venue", attempts=2, first_pause_seconds=0.0)
    ... def ask() -> str:
    ...     return "answer"
    >>> ask()
    'answer'
    """
    kinds = retry_on if isinstance(retry_on, tuple) else (retry_on,)
    breaker = pybreaker.CircuitBreaker(
        fail_max=failures_to_open,
        reset_timeout=open_seconds,
        name=name,
        exclude=[lambda error: not isinstance(error, kinds)],
        throw_new_error_on_trip=False,
    )
    policy: dict[str, Any] = {
        "retry": tenacity.retry_if_exception_type(kinds),
        "stop": tenacity.stop_after_attempt(attempts),
        "wait": tenacity.wait_random_exponential(multiplier=first_pause_seconds, max=longest_pause_seconds),
        "before_sleep": functools.partial(_log_retry, name),
        "reraise": True,
    }

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        if iscoroutinefunction(function):
            return cast("Callable[P, R]", _decorate_async(function, breaker, policy))
        retrying = tenacity.retry(**policy)(function)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return cast("R", breaker.call(retrying, *args, **kwargs))

        return call

    return decorate


def _decorate_async(
    function: Callable[..., Awaitable[Any]], breaker: pybreaker.CircuitBreaker, policy: dict[str, Any]
) -> Callable[..., Awaitable[Any]]:
    retrying = tenacity.retry(**policy)(function)

    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        # pybreaker's own async support needs tornado: `calling()` enters the same state machine around an await.
        with breaker.calling():
            return await retrying(*args, **kwargs)

    return call


def _log_retry(name: str, state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    pause_seconds = state.next_action.sleep if state.next_action else 0.0
    logger.warning("{}: attempt {} failed ({}), next in {:.1f} s", name, state.attempt_number, error, pause_seconds)
