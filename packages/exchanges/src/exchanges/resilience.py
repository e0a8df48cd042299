"""Calls to a venue: spaced out, retried with growing, jittered pauses, held back while the venue is down."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pybreaker
import tenacity
from loguru import logger

from exchanges.venue import TransientVenueError

R = TypeVar("R")
#: However long a venue asks us to stay away, somebody may have mended our address by then.
MAX_PAUSE_SECONDS = 300.0


class Spacing:
    """At most `per_second` calls a second, evenly spaced, over everybody who waits on it."""

    def __init__(self, per_second: float) -> None:
        self._pause_seconds = 1.0 / per_second
        self._next = 0.0

    async def wait(self) -> None:
        """Return when it is the caller's turn."""
        now = time.monotonic()
        turn = max(now, self._next)
        self._next = turn + self._pause_seconds
        if turn > now:
            await asyncio.sleep(turn - now)

    def pause(self, seconds: float) -> None:
        """Let nobody call for so long: the venue said so."""
        self._next = max(self._next, time.monotonic() + min(seconds, MAX_PAUSE_SECONDS))


class Backoff:
    """Pauses between attempts to connect: doubling from `first_seconds` to `longest_seconds`, each varied by half.

    `connected` and `lost` tell it how long a connection lived: one that lived `healthy_seconds` starts the row anew,
    so a venue that accepts and drops us at once is not hammered (Kraken bans 150 attempts in ten minutes).
    """

    def __init__(
        self, first_seconds: float = 0.5, longest_seconds: float = 30.0, healthy_seconds: float = 20.0
    ) -> None:
        self._first_seconds = first_seconds
        self._longest_seconds = longest_seconds
        self._healthy_seconds = healthy_seconds
        self._failures = 0
        self._connected_at: float | None = None

    def connected(self) -> None:
        """Note that a connection stands."""
        self._connected_at = time.monotonic()

    def pause_seconds(self) -> float:
        """Return how long to wait before the next attempt, now that one failed or a connection was lost."""
        if self._connected_at is not None and time.monotonic() - self._connected_at >= self._healthy_seconds:
            self._failures = 0
        self._connected_at = None
        pause = min(self._longest_seconds, self._first_seconds * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return pause * random.uniform(0.5, 1.5)


class Resilience:
    """Retries what may work later and stops calling while the venue is down.

    Parameters
    ----------
    name
        The other side and its address, for the log.
    give_up_seconds
        How long one call is retried before its error is raised.
    first_pause_seconds, longest_pause_seconds
        Pauses between tries.
    failures_to_open, open_seconds
        After so many failures in a row, over all calls, no call is made for so long.
    """

    def __init__(
        self,
        name: str,
        *,
        give_up_seconds: float = 300.0,
        first_pause_seconds: float = 0.5,
        longest_pause_seconds: float = 30.0,
        failures_to_open: int = 8,
        open_seconds: float = 10.0,
    ) -> None:
        self._name = name
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=failures_to_open,
            reset_timeout=open_seconds,
            name=name,
            exclude=[lambda error: not isinstance(error, TransientVenueError)],
            throw_new_error_on_trip=False,
        )
        self._retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type((TransientVenueError, pybreaker.CircuitBreakerError)),
            stop=tenacity.stop_after_delay(give_up_seconds),
            wait=tenacity.wait_exponential(multiplier=first_pause_seconds, max=longest_pause_seconds)
            + tenacity.wait_random(0, first_pause_seconds),
            before_sleep=self._log_retry,
            reraise=True,
        )

    async def call(self, attempt: Callable[[], Awaitable[R]]) -> R:
        """Return what `attempt` returns, in the end.

        Raises
        ------
        TransientVenueError
            If it never worked; any other error of `attempt` comes through at once.
        """

        async def once() -> R:
            with self._breaker.calling():  # its own async support needs tornado
                return await attempt()

        try:
            result: R = await self._retrying.copy()(once)
        except pybreaker.CircuitBreakerError as error:
            raise TransientVenueError(f"{self._name} keeps failing, so it is not asked again for a while") from error
        return result

    def _log_retry(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        pause_seconds = state.next_action.sleep if state.next_action else 0.0
        logger.warning(
            "{}: {} (attempt {}); next in {:.1f} s", self._name, error, state.attempt_number, pause_seconds
        )
