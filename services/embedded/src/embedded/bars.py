"""The length of the bars that are predicted and traded, as a person writes it: 1m, 5m, 1h."""

from __future__ import annotations

import re

from contracts.errors import BadInputError

DEFAULT_INTERVAL_S = 60
DEFAULT_HORIZON_BARS = 5
_UNITS_S = {"m": 60, "h": 3_600, "d": 86_400}
_SECONDS_PER_DAY = 86_400
_INTERVAL = re.compile(r"([1-9][0-9]{0,4})([mhd])")
#: Candles of a minute are always made too: the terminal, the report and the statistics of quality read them.
_MINUTE_S = 60


def parse_interval(text: str, field: str, longest_s: int = _SECONDS_PER_DAY) -> int:
    """Return the seconds of an interval.

    Raises
    ------
    BadInputError
        If it is none, does not divide a day, or is longer than `longest_s`.

    Examples
    --------
    >>> parse_interval("5m", "--interval")
    300
    """
    found = _INTERVAL.fullmatch(text)
    seconds = int(found[1]) * _UNITS_S[found[2]] if found else 0
    if not seconds or _SECONDS_PER_DAY % seconds or seconds > longest_s:
        at_most = f", at most {interval_in_words(longest_s)}" if longest_s < _SECONDS_PER_DAY else ""
        raise BadInputError(field, f"whole minutes or hours that divide a day, such as 1m, 5m or 15m{at_most}", text)
    return seconds


def interval_in_words(seconds: int) -> str:
    """Return an interval as `parse_interval` reads it.

    Examples
    --------
    >>> interval_in_words(300), interval_in_words(86_400)
    ('5m', '1d')
    """
    unit = next(unit for unit in ("d", "h", "m") if seconds % _UNITS_S[unit] == 0)
    return f"{seconds // _UNITS_S[unit]}{unit}"


def candle_intervals(interval_s: int, others: tuple[int, ...]) -> tuple[int, ...]:
    """Return the lengths of candles to make for bars of `interval_s`, beside those wanted anyway."""
    return tuple(sorted({_MINUTE_S, interval_s, *others}))
