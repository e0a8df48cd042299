"""How long something still takes, judged by what it has done so far."""

from __future__ import annotations

_LEAST_SHARE = 0.02


def seconds_left(share: float, elapsed_s: float) -> float | None:
    """Return the seconds until `share` is 1; None while there is too little to judge by, or nothing left.

    Examples
    --------
    >>> seconds_left(0.25, 10.0), seconds_left(0.0, 3.0), seconds_left(1.0, 3.0)
    (30.0, None, None)
    """
    if share < _LEAST_SHARE or share >= 1:
        return None
    return elapsed_s * (1 - share) / share
