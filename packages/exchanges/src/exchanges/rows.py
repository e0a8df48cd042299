"""Rows of trades, as a frame or a page holds them: the good ones in id order, the bad ones set aside one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contracts.errors import BadInputError
from exchanges import exact_json
from exchanges.venue import BadRow, Trade, in_id_order

CONTRADICTION = "a second, different trade of the same id"


def read_rows(
    rows: list[Any], place: str, read: Callable[[Any, str], tuple[str, Trade]], pair_of: Callable[[Any], str | None]
) -> tuple[dict[str, list[Trade]], list[BadRow]]:
    """Return the trades by pair, in id order and each once, and the rows that could not be read.

    Parameters
    ----------
    place
        Where the rows stood, for errors.
    read
        Makes a row, at its place, a trade of a pair.
    pair_of
        Says which pair a bad row belongs to, if it says so.
    """
    by_pair: dict[str, list[Trade]] = {}
    bad_rows = []
    for index, row in enumerate(rows):
        try:
            pair, trade = read(row, f"{place}[{index}]"[-60:])
        except BadInputError as error:
            bad_rows.append(BadRow(exact_json.dumps(row), str(error), pair_of(row)))
        else:
            by_pair.setdefault(pair, []).append(trade)
    for pair, trades in by_pair.items():
        by_pair[pair], contradicting = in_id_order(trades)
        bad_rows += [BadRow(repr(t), CONTRADICTION, pair) for t in contradicting]
    return by_pair, bad_rows


def read_page_rows(
    rows: list[Any], place: str, read: Callable[[Any, str], Trade], pair: str
) -> tuple[list[Trade], list[BadRow]]:
    """Return the trades of a page of one pair, in id order and each once, and the rows that could not be read."""
    by_pair, bad_rows = read_rows(rows, place, lambda row, at: (pair, read(row, at)), lambda _: pair)
    return by_pair.get(pair, []), bad_rows
