"""What is not stored yet of a range of time, in an order in which what is stored never has a gap."""

from __future__ import annotations

from typing import NamedTuple

from history.core.day_rows import US_PER_DAY


class Stretch(NamedTuple):
    """``from_us <= time < until_us``, event time."""

    from_us: int
    until_us: int


def later(complete: Stretch | None, wanted: Stretch) -> Stretch | None:
    """Return what is to be fetched after what is stored.

    Returns
    -------
    Stretch | None
        None if nothing is.

    Examples
    --------
    >>> later(None, Stretch(3, 9)), later(Stretch(5, 7), Stretch(3, 9)), later(Stretch(2, 9), Stretch(3, 9))
    (Stretch(from_us=3, until_us=9), Stretch(from_us=7, until_us=9), None)
    """
    if complete is None:
        return wanted
    return Stretch(complete.until_us, wanted.until_us) if wanted.until_us > complete.until_us else None


def earlier(complete: Stretch | None, wanted: Stretch) -> list[Stretch]:
    """Return what is to be fetched before what is stored.

    Returns
    -------
    list[Stretch]
        Days, the newest first, each meeting the one after it.

    Examples
    --------
    >>> day = 86_400_000_000
    >>> days = earlier(Stretch(2 * day + 5, 3 * day), Stretch(day + 7, 3 * day))
    >>> days == [Stretch(2 * day, 2 * day + 5), Stretch(day + 7, 2 * day)]
    True
    """
    if complete is None:
        return []
    found, until_us = list[Stretch](), complete.from_us
    while until_us > wanted.from_us:
        from_us = max(wanted.from_us, (until_us - 1) // US_PER_DAY * US_PER_DAY)
        found.append(Stretch(from_us, until_us))
        until_us = from_us
    return found
