"""Times of bars: numbers whose size tells the unit, or text; milliseconds since the epoch come out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import polars as pl

from contracts.errors import BadInputError
from contracts.units import MS_PER_DAY, MS_PER_SECOND
from exchanges.recorded_bars.layouts import SMALLEST_MS
from exchanges.recorded_bars.rows import Rows

#: The first size that is of the next unit, the unit in nanoseconds, and its words.
_UNITS = (
    (SMALLEST_MS, 1_000_000_000, "seconds"),
    (10**14, 1_000_000, "milliseconds"),
    (10**17, 1_000, "microseconds"),
    (2**63, 1, "nanoseconds"),
)
_NS_PER_MS = 1_000_000
#: Before 1973 nobody traded what is traded here; a smaller number is a count of rows or of something else.
_EARLIEST_S = 10**8
_NAMED = {"_s": "seconds", "_ms": "milliseconds", "_us": "microseconds", "_ns": "nanoseconds"}
_DATE = re.compile(r"(?<!\d)((?:19|20)\d{2})-?(\d{2})-?(\d{2})(?!\d)")
_DATES = (19_730_101, 21_000_101)


def times_ms(rows: Rows, column: str) -> tuple[pl.Series, bool]:
    """Return the times of a column, and whether they are text without a zone, which is read as UTC.

    Raises
    ------
    BadInputError
        Naming the first line whose time cannot be read, or is not in the unit of the column's name.
    """
    values = rows.frame[column]
    if isinstance(values.dtype, pl.Datetime | pl.Date):
        found, naive = values.cast(pl.Datetime("ms", getattr(values.dtype, "time_zone", None))).dt.epoch("ms"), False
        naive = isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is None
    elif values.dtype.is_numeric() or values.dtype == pl.String:
        found, naive = _of_cells(rows, column)
    else:
        rows.refuse_columns(f"{column} to be a time, not {values.dtype}")
    _refuse_unread(rows, column, found, "a time: ISO 8601, or a whole number since the epoch")
    return found, naive


def _of_cells(rows: Rows, column: str) -> tuple[pl.Series, bool]:
    values = rows.frame[column]
    numbers = _whole_numbers(values)
    if numbers.null_count() > len(numbers) / 2:
        return _of_texts(values)
    first, last = (int(each or 0) for each in (numbers.min(), numbers.max()))  # type: ignore[arg-type]
    if not rows.named and first >= 0 and last < MS_PER_DAY:
        return numbers + _midnight_ms(rows), False
    if _DATES[0] <= first and last < _DATES[1]:
        return _of_texts(numbers.cast(pl.String))[0], False
    return _by_size(rows, column, numbers), False


def of_one_kind(values: pl.Series) -> str | None:
    """Return how all times of a column are read, each by itself; None where all of them have to be looked at.

    Returns
    -------
    str | None
        The same for two parts of a column that are read as the whole is.

    Examples
    --------
    >>> of_one_kind(pl.Series(["1700000000", "1700000060"])), of_one_kind(pl.Series(["2024-01-01", "2024-01-02"]))
    ('numbers', 'texts')
    >>> of_one_kind(pl.Series(["34200000", "34260000"])) is None  # since some midnight, or an error
    True
    """
    if isinstance(values.dtype, pl.Datetime | pl.Date):
        return str(values.dtype)
    if not (values.dtype.is_numeric() or values.dtype == pl.String):
        return None
    numbers = _whole_numbers(values)
    if numbers.null_count() == len(numbers):
        return "texts"
    is_since_the_epoch = numbers.null_count() == 0 and int(numbers.min() or 0) >= _EARLIEST_S  # type: ignore[arg-type]
    return "numbers" if is_since_the_epoch else None


def _whole_numbers(values: pl.Series) -> pl.Series:
    """Return whole numbers exactly, those written with a fraction or an exponent if they are whole; null else."""
    floats = values.cast(pl.Float64, strict=False)
    exact = values if not values.dtype.is_float() else pl.Series([None]).new_from_index(0, len(values))
    exact = exact.cast(pl.Int64, strict=False)
    whole = floats.set(~(floats.is_finite() & (floats % 1 == 0)).fill_null(False), None).cast(pl.Int64, strict=False)
    return exact.fill_null(whole)


def _by_size(rows: Rows, column: str, numbers: pl.Series) -> pl.Series:
    """Return times of each number's own unit: joined files change it in the middle, as Binance's did in 2025."""
    suffix = re.search(r"_(?:s|ms|us|ns)$", column)
    unit_of_name = _NAMED[suffix[0]] if suffix else None
    number, smallest = pl.col("number"), _EARLIEST_S
    found = pl.lit(None, dtype=pl.Int64)
    for largest, unit_ns, words in _UNITS:
        here = (number >= smallest) & (number < largest)
        if unit_of_name in (None, words):
            whole = number * (unit_ns // _NS_PER_MS) if unit_ns >= _NS_PER_MS else number // (_NS_PER_MS // unit_ns)
            exact = pl.lit(True) if unit_ns >= _NS_PER_MS else number % (_NS_PER_MS // unit_ns) == 0
            found = pl.when(here & exact).then(whole).otherwise(found)
        smallest = largest
    times = pl.DataFrame({"number": numbers}).select(found.alias("ms"))["ms"]
    in_words = unit_of_name or "seconds, milliseconds, microseconds or nanoseconds"
    _refuse_unread(rows, column, times, f"{column} in {in_words} since the epoch, after 1973")
    return times


def _of_texts(values: pl.Series) -> tuple[pl.Series, bool]:
    naive = False

    def read(text: Any) -> int | None:
        nonlocal naive
        try:
            moment = datetime.fromisoformat(_as_iso(str(text)))
        except ValueError:
            return None
        if moment.tzinfo is None:
            naive, moment = True, moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * MS_PER_SECOND)

    return pl.Series([read(text) for text in values.to_list()], dtype=pl.Int64), naive


def _as_iso(text: str) -> str:
    """Return a time with its zone as ISO 8601 has it, such as Go and Java write it.

    Examples
    --------
    >>> _as_iso("2024-01-01 00:00:00 UTC"), _as_iso("2024-01-01 00:00:00 +0000 UTC")
    ('2024-01-01 00:00:00+00:00', '2024-01-01 00:00:00+0000')
    """
    text = re.sub(r" ([+-]\d{4})(?: [A-Z]+)?$", r"\1", text)
    return re.sub(r" ?(?:UTC|GMT)$", "+00:00", text)


def _midnight_ms(rows: Rows) -> int:
    """Return the day of times that count from midnight, which LEAN writes into the name of the file."""
    for name in (rows.inner_name, rows.name):
        if dated := _DATE.search(name):
            try:
                day = datetime(*map(int, dated.groups()), tzinfo=UTC)  # type: ignore[misc, arg-type]
            except ValueError:
                continue
            return round(day.timestamp() * MS_PER_SECOND)
    expected = "a date in the file's name, such as 20161007_trade.zip, as its times count from midnight"
    raise BadInputError("bars", expected, rows.name)


def _refuse_unread(rows: Rows, column: str, times: pl.Series, expected: str) -> None:
    if times.null_count():
        rows.refuse(pl.lit(times.is_null()), column, expected)
