"""The one place where tests wait: they poll for what they wait for, and say what it was if it does not come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

Found = TypeVar("Found")
POLL_SECONDS = 0.02
#: Looking takes at most this share of a core, so that who is waited for has it: a look at a long log takes a while.
LOOKING_SHARE = 0.2
LONGEST_PAUSE_SECONDS = 1.0
#: Given up only when something hangs, not because the machine is busy.
GIVE_UP_SECONDS = 90.0


class Process(Protocol):
    """What may end while it is waited for."""

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""


def wait_for(
    condition: Callable[[], Found],
    what: str | Callable[[], str],
    seconds: float = GIVE_UP_SECONDS,
    *,
    of: Process | None = None,
    poll_seconds: float = POLL_SECONDS,
) -> Found:
    """Return what `condition` returns once that is true; fail if it is not in time, or if `of` ends."""
    deadline = (began := time.monotonic()) + seconds
    while not (found := condition()):
        looked = time.monotonic() - began
        ended = None if of is None else of.poll()
        if ended is not None and (found := condition()):
            break
        if ended is not None or time.monotonic() > deadline:
            reason = "" if ended is None else f", and what should do it ended with {ended}"
            raise AssertionError(f"waited up to {seconds:g} s for {_said(what)}{reason}")
        time.sleep(max(poll_seconds, min(LONGEST_PAUSE_SECONDS, looked * (1 / LOOKING_SHARE - 1))))
        began = time.monotonic()
    return found


async def wait_async(
    condition: Callable[[], Found], what: str | Callable[[], str], seconds: float = GIVE_UP_SECONDS
) -> Found:
    """Do the same and let other tasks run."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:g} s for {_said(what)}"
        await asyncio.sleep(POLL_SECONDS)
    return found


def let_pass(seconds: float) -> None:
    """Do nothing for so long, where the time itself is the point: the moment of a kill, the pace of a feed."""
    time.sleep(seconds)


async def let_pass_async(seconds: float) -> None:
    """Do the same and let other tasks run."""
    await asyncio.sleep(seconds)


def _said(what: str | Callable[[], str]) -> str:
    return what if isinstance(what, str) else what()
