"""What a query gave, for people to read."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from contracts.counted import counted
from contracts.units import DECIMAL_PATTERN
from featurestore.result import Result

_DIGITS = 8


def text_table(result: Result) -> str:
    """Return the rows under their columns, numbers to the right; floats are shortened.

    Examples
    --------
    >>> print(text_table(Result(("pair", "rsi_14"), [("BTC/USD", 61.50000000001), ("ETH/USD", None)])))
    pair     rsi_14
    -------  ------
    BTC/USD    61.5
    ETH/USD    null
    (2 rows)
    """
    rows = [[_text(value) for value in row] for row in result.rows]
    widths = [max(map(len, column)) for column in zip(result.columns, *rows, strict=True)]
    numbers = [_is_number(column) for column in zip(*result.rows, strict=True)] or [False] * len(widths)
    lines = [result.columns, ["-" * width for width in widths], *rows]
    sides = [">" if number else "<" for number in numbers]
    table = [
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(line, sides, widths, strict=True))
        for line in lines
    ]
    count = f"({counted(len(rows), 'row')})"
    return "\n".join([*(line.rstrip() for line in table), count])


def _text(value: Any) -> str:
    if value is None:
        return "null"
    return f"{value:.{_DIGITS}g}" if isinstance(value, float) else str(value)


def _is_number(column: tuple[Any, ...]) -> bool:
    # SQLite has exact decimals as text.
    return all(
        value is None or isinstance(value, int | float | Decimal) or re.match(DECIMAL_PATTERN, str(value))
        for value in column
    )
