"""Functions of SQL that the three databases share: what one lacks is added to it, or written in its own words.

SQLite is given ``stddev``, ``variance`` (each also ``_samp`` and ``_pop``), ``date_trunc``, ``greatest`` and
``least``, which the others have. ``median(x)``, ``quantile(x, share)``, ``first(x, by)`` and ``last(x, by)`` are its
too; for PostgreSQL and RisingWave a query says the same in standard SQL.
"""

from __future__ import annotations

import re
import sqlite3
import statistics
from collections.abc import Callable
from datetime import datetime
from typing import Any

#: Texts, quoted names, comments; words; single characters.
_TOKENS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|[A-Za-z_]\w*|\s+|.", re.DOTALL)
_STANDARD: dict[str, tuple[int, str]] = {
    "median": (1, "percentile_cont(0.5) WITHIN GROUP (ORDER BY {0}){filter}"),
    "quantile": (2, "percentile_cont({1}) WITHIN GROUP (ORDER BY {0}){filter}"),
    "first": (2, "(array_agg({0} ORDER BY {1}){filter})[1]"),
    "last": (2, "(array_agg({0} ORDER BY {1} DESC){filter})[1]"),
}
_UNITS = ("year", "month", "day", "hour", "minute", "second")


def in_standard_words(query: str) -> str:
    """Return `query` with our own functions in words that PostgreSQL and RisingWave know.

    Examples
    --------
    >>> in_standard_words("SELECT median(close), 'median(x)' FROM candles")
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY close), 'median(x)' FROM candles"
    >>> in_standard_words("SELECT last(equity, time_ms) FILTER (WHERE equity > 0) FROM pnl")
    'SELECT (array_agg(equity ORDER BY time_ms DESC) FILTER (WHERE equity > 0))[1] FROM pnl'
    """
    return _rewritten(_TOKENS.findall(query))


def _rewritten(tokens: list[str]) -> str:
    said: list[str] = []
    position = 0
    while position < len(tokens):
        known = _STANDARD.get(tokens[position].lower())
        opening = _after_space(tokens, position + 1)
        arguments, end = _arguments(tokens, opening) if known else ([], 0)
        if known is None or known[0] != len(arguments):
            said.append(tokens[position])
            position += 1
            continue
        condition, end = _filter(tokens, end)
        said.append(known[1].format(*(_rewritten(each).strip() for each in arguments), filter=condition))
        position = end
    return "".join(said)


def _after_space(tokens: list[str], position: int) -> int:
    while position < len(tokens) and tokens[position].isspace():
        position += 1
    return position


def _arguments(tokens: list[str], opening: int) -> tuple[list[list[str]], int]:
    """Return what stands between the parentheses that open there, by commas, and the place behind them."""
    if opening >= len(tokens) or tokens[opening] != "(":
        return [], opening
    found: list[list[str]] = [[]]
    depth = 0
    for position in range(opening, len(tokens)):
        each = tokens[position]
        depth += (each == "(") - (each == ")")
        if depth == 0:
            return found, position + 1
        if each == "," and depth == 1:
            found.append([])
        elif position > opening:
            found[-1].append(each)
    return [], opening


def _filter(tokens: list[str], end: int) -> tuple[str, int]:
    """Return the FILTER that follows a call, and the place behind it."""
    word = _after_space(tokens, end)
    if word < len(tokens) and tokens[word].lower() == "filter":
        condition, behind = _arguments(tokens, _after_space(tokens, word + 1))
        if condition:
            text = ",".join(_rewritten(part) for part in condition)
            return f" FILTER ({text})", behind
    return "", end


# --- for SQLite ----------------------------------------------------------------------------------------------------


def add_functions(connection: sqlite3.Connection) -> None:
    """Give a connection what SQLite lacks."""
    for name, (arguments, aggregate) in _AGGREGATES.items():
        connection.create_aggregate(name, arguments, aggregate)
    connection.create_function("date_trunc", 2, date_trunc, deterministic=True)
    connection.create_function("greatest", -1, lambda *values: _extreme(max, values), deterministic=True)
    connection.create_function("least", -1, lambda *values: _extreme(min, values), deterministic=True)


def date_trunc(unit: str, time: str | None) -> str | None:
    """Return the start of the year, month, day, hour, minute or second of a time, as PostgreSQL shows it.

    Raises
    ------
    ValueError
        If it is no time, or another unit.

    Examples
    --------
    >>> date_trunc("hour", "2022-12-13 07:31:00+00:00")
    '2022-12-13 07:00:00+00:00'
    """
    if time is None:
        return None
    if unit.lower() not in _UNITS:
        raise ValueError(f"date_trunc: expected one of {', '.join(_UNITS)}, was {unit!r}")
    start = {"month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0, "microsecond": 0}
    smaller = _UNITS[_UNITS.index(unit.lower()) + 1 :]
    zeros = {name: value for name, value in start.items() if name in smaller or name == "microsecond"}
    return datetime.fromisoformat(time).replace(**zeros).isoformat(sep=" ")  # type: ignore[arg-type]


def _extreme(choose: Callable[..., Any], values: tuple[Any, ...]) -> Any:
    return choose((value for value in values if value is not None), default=None)


def _quantile(numbers: list[float], share: float) -> float:
    """Return the value below which a share of the numbers lies, between two neighbours on a straight line."""
    ordered = sorted(numbers)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _of_numbers(of: Callable[[list[float]], float], least: int) -> type:
    """Return an aggregate of SQLite's: `of` the numbers that are not null, null if there are fewer than `least`."""

    class Aggregate:
        def __init__(self) -> None:
            self.numbers: list[float] = []

        def step(self, value: float | None) -> None:
            if value is not None:
                self.numbers.append(float(value))

        def finalize(self) -> float | None:
            return float(of(self.numbers)) if len(self.numbers) >= least else None

    return Aggregate


class _Quantile:
    def __init__(self) -> None:
        self.numbers: list[float] = []
        self.share = 0.0

    def step(self, value: float | None, share: float) -> None:
        if not 0 <= share <= 1:
            raise ValueError(f"quantile: expected a share from 0 to 1, was {share}")
        self.share = share
        if value is not None:
            self.numbers.append(float(value))

    def finalize(self) -> float | None:
        return _quantile(self.numbers, self.share) if self.numbers else None


class _First:
    """The value of the row that comes first by another."""

    def __init__(self) -> None:
        self.found: tuple[Any, Any] | None = None

    def is_better(self, by: Any, than: Any) -> bool:
        return bool(by < than)

    def step(self, value: Any, by: Any) -> None:
        if by is not None and (self.found is None or self.is_better(by, self.found[0])):
            self.found = (by, value)

    def finalize(self) -> Any:
        return self.found[1] if self.found else None


class _Last(_First):
    def is_better(self, by: Any, than: Any) -> bool:
        return bool(by > than)


_AGGREGATES: dict[str, tuple[int, Any]] = {
    **dict.fromkeys(("stddev", "stddev_samp"), (1, _of_numbers(statistics.stdev, least=2))),
    **dict.fromkeys(("variance", "var_samp"), (1, _of_numbers(statistics.variance, least=2))),
    "stddev_pop": (1, _of_numbers(statistics.pstdev, least=1)),
    "var_pop": (1, _of_numbers(statistics.pvariance, least=1)),
    "median": (1, _of_numbers(lambda numbers: _quantile(numbers, 0.5), least=1)),
    "quantile": (2, _Quantile),
    "first": (2, _First),
    "last": (2, _Last),
}
