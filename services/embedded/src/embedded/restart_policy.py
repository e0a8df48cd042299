"""When a process that died is started again, and when that is hopeless."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """Exponential backoff over failures that get nowhere.

    Parameters
    ----------
    first_delay_s, factor, longest_delay_s
        Wait before the first, and each further, restart in a row.
    rapid_failures
        After so many failures in a row it gives up.
    steady_s
        A process that lived this long and got on with its work meanwhile was not failing rapidly: the count starts
        again.
    quiet_s
        So does it after this long without any work to get on with.
    """

    first_delay_s: float = 0.2
    factor: float = 2.0
    longest_delay_s: float = 10.0
    rapid_failures: int = 5
    steady_s: float = 20.0
    quiet_s: float = 1_800.0

    def failures_in_a_row(self, before: int, lived_s: float, *, got_on: bool = True) -> int:
        """Return the count after a process that lived `lived_s` seconds failed; `got_on`: it did some of its work.

        Examples
        --------
        >>> RestartPolicy(steady_s=20).failures_in_a_row(3, lived_s=1.0)
        4
        >>> RestartPolicy(steady_s=20).failures_in_a_row(3, lived_s=60.0)
        1
        >>> RestartPolicy(steady_s=20).failures_in_a_row(3, lived_s=60.0, got_on=False)
        4
        """
        return 1 if lived_s >= (self.steady_s if got_on else self.quiet_s) else before + 1

    def gives_up(self, failures: int) -> bool:
        """Whether so many failures in a row are hopeless."""
        return failures >= self.rapid_failures

    def delay_s(self, failures: int) -> float:
        """Return the wait before the next start after `failures` in a row (1 or more).

        Examples
        --------
        >>> [RestartPolicy(first_delay_s=0.2).delay_s(n) for n in (1, 2, 3)]
        [0.2, 0.4, 0.8]
        """
        return min(self.longest_delay_s, self.first_delay_s * self.factor ** (failures - 1))
