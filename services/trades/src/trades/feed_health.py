"""Whether the live feed is alive: a dead one and a quiet market both bring no trades."""

from __future__ import annotations

import asyncio
import time

from contracts.counted import counted
from exchanges.session import SessionState

_LOOK_SECONDS = 0.5


class FeedHealth:
    """What the feed was last heard of; `check` is asked by the health endpoint, from its thread.

    Parameters
    ----------
    answer_seconds
        Wall seconds without an answer to a ping after which the feed is dead, whatever else the venue says.
    """

    def __init__(self, answer_seconds: float) -> None:
        self._answer_seconds = answer_seconds
        self._state: SessionState | None = None
        self._down_since: float | None = time.monotonic()
        self._reason = "not connected yet"
        self._answered_at = 0.0
        self._traded_at: float | None = None
        self._paused_since: float | None = None

    def connected(self) -> None:
        """Note that a connection stands."""
        self._down_since = None
        self._answered_at = time.monotonic()

    def lost(self, reason: str) -> None:
        """Note that there is no connection."""
        if self._down_since is None:
            self._down_since = time.monotonic()
        self._reason = reason

    def traded(self) -> None:
        """Note that trades came."""
        self._traded_at = time.monotonic()

    def paused(self, paused: bool) -> None:
        """Note that reading pauses because the log takes nothing, or goes on."""
        self._paused_since = time.monotonic() if paused else None

    async def watch(self, state: SessionState) -> None:
        """Watch the answers to pings that `state` counts, for ever."""
        self._state = state
        pongs = state.pongs
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if state.pongs != pongs:
                pongs, self._answered_at = state.pongs, time.monotonic()

    def check(self) -> tuple[bool, str]:
        """Return whether the feed is alive, and in words what is known of it."""
        now = time.monotonic()
        if self._paused_since is not None:
            return (
                False,
                f"reading has been paused for {now - self._paused_since:.0f} s: the log does not accept trades",
            )
        if self._down_since is not None:
            return False, f"no connection to the venue for {now - self._down_since:.0f} s: {self._reason}"
        answered_seconds = now - self._answered_at
        if answered_seconds > self._answer_seconds:
            return False, f"connected, but no ping was answered for {answered_seconds:.0f} s"
        traded = "none yet" if self._traded_at is None else f"{now - self._traded_at:.0f} s ago"
        return True, f"connected, pong {answered_seconds:.1f} s ago, last trade {traded}, {self._pairs()}"

    def _pairs(self) -> str:
        pairs = list(self._state.pairs.values()) if self._state else []
        behind = sum(1 for pair in pairs if not pair.live)
        if not behind:
            return f"{counted(len(pairs), 'pair')}, all complete"
        again = sum(1 for pair in pairs if pair.restarts is not None)
        told = f", {again} with ids that start again" if again else ""
        return f"{counted(len(pairs), 'pair')}, {behind} of them catching up{told}"
