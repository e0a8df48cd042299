"""How long a backfill still takes: a fold of how far it has come, at which wall times."""

from __future__ import annotations

from dataclasses import dataclass

#: The rate is measured over the last so many wall seconds, so that it follows a venue that slows us down.
_WINDOW_SECONDS = 60.0
#: Marks closer together than this are one: a fast venue gives hundreds of pages a second.
_STEP_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Pace:
    """One pair's way from `start_us` to `goal_us`, event time.

    Attributes
    ----------
    marks
        (wall seconds, event time reached) of the last minute; the clock is the caller's.
    trades
        How many were written.
    """

    start_us: int
    goal_us: int
    marks: tuple[tuple[float, int], ...] = ()
    trades: int = 0

    def after(self, now_seconds: float, reached_us: int, trades: int, goal_us: int | None = None) -> Pace:
        """Return the pace after `trades` more, up to `reached_us`.

        Parameters
        ----------
        goal_us
            Where the present is by now.
        """
        before = self.marks
        if len(before) > 1 and now_seconds - before[-2][0] < _STEP_SECONDS:
            before = before[:-1]
        recent = tuple(mark for mark in before if mark[0] >= now_seconds - _WINDOW_SECONDS)
        return Pace(
            self.start_us, max(self.goal_us, goal_us or 0), (*recent, (now_seconds, reached_us)), self.trades + trades
        )

    @property
    def reached_us(self) -> int:
        """Event time reached."""
        return self.marks[-1][1] if self.marks else self.start_us

    @property
    def left_us(self) -> int:
        """Event time that is left."""
        return max(0, self.goal_us - self.reached_us)

    @property
    def done_pct(self) -> float:
        """Percent of the way, in event time.

        Examples
        --------
        >>> Pace(0, 200).after(1.0, 50, trades=7).done_pct
        25.0
        """
        whole_us = self.goal_us - self.start_us
        return 100.0 * (1.0 - self.left_us / whole_us) if whole_us > 0 else 100.0

    @property
    def left_seconds(self) -> float | None:
        """Wall seconds that are left at the rate of the last minute; None before two marks tell a rate.

        Examples
        --------
        >>> Pace(0, 400).after(10.0, 100, trades=1).after(12.0, 200, trades=1).left_seconds
        4.0
        """
        if not self.left_us:
            return 0.0
        if len(self.marks) < 2:
            return None
        (first_seconds, first_us), (last_seconds, last_us) = self.marks[0], self.marks[-1]
        if last_us <= first_us:
            return None
        return self.left_us * (last_seconds - first_seconds) / (last_us - first_us)
