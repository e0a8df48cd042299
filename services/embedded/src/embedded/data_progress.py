"""How far a fetch is, in lines that a log can hold too."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console

from contracts.counted import counted
from contracts.timestamps import iso_utc
from embedded.data_fetch import BAD_ROWS_FILE, Told

_SECONDS_PER_LINE = 5.0
_SECONDS_PER_MINUTE = 60


class Progress:
    """Says of each pair now and then how far it is, and at its end what came.

    Parameters
    ----------
    pairs
        Of which it will be told.
    """

    def __init__(self, console: Console, pairs: Sequence[str]) -> None:
        self._console = console
        self._width = max(map(len, pairs))
        self._began = time.monotonic()
        self._said = dict.fromkeys(pairs, self._began)

    def hear(self, told: Told) -> None:
        """Take how far a pair is."""
        now = time.monotonic()
        if now - self._said[told.pair] < _SECONDS_PER_LINE:
            return
        self._said[told.pair] = now
        share = told.done_us / told.wanted_us if told.wanted_us else 0.0
        left = f", {self._left(now, share)} left" if share else ""
        at = iso_utc(told.reached_us)
        self._say(told, f"{share:4.0%}  at {at}, {counted(told.read, 'trade')}{left}")

    def done(self, told: Told) -> None:
        """Take what has become of a pair."""
        words = "nothing was missing" if not told.wanted_us else counted(told.trades, "new trade")
        if told.bad_rows:
            words += f"; {counted(told.bad_rows, 'row')} that could not be used: {BAD_ROWS_FILE} beside the files"
        self._say(told, f"done  {words}")

    def _left(self, now: float, share: float) -> str:
        minutes = (now - self._began) * (1 - share) / share / _SECONDS_PER_MINUTE
        return "under a minute" if minutes < 1 else counted(round(minutes), "minute")

    def _say(self, told: Told, words: str) -> None:
        self._console.print(f"{told.pair:{self._width}}  {words}", highlight=False, soft_wrap=True)
