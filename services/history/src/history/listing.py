"""What a tree of files holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.errors import BadInputError
from history.pair_folder import COVERAGE_FILE


@dataclass(frozen=True)
class Stored:
    """One pair's files.

    Attributes
    ----------
    folder, exchange, pair
        Where, and whose.
    complete_from_us, complete_to_us
        Between the two every trade of the venue is there but for `missing_ids`; None before anything was said.
    days, trades
        How many.
    missing_ids
        Trades that are missing in the middle, by their ids; None where the venue's ids have holes.
    outages_us
        When the feed was dead.
    bytes
        Of all files.
    """

    folder: Path
    exchange: str
    pair: str
    complete_from_us: int | None
    complete_to_us: int | None
    days: int
    trades: int
    missing_ids: int | None
    outages_us: list[list[int]]
    bytes: int


def stored_in(root: Path) -> Iterator[Stored]:
    """Yield what is stored of each pair, by exchange and pair.

    Parameters
    ----------
    root
        Of the tree.

    Yields
    ------
    Stored
        Of each pair that something was said of.

    Raises
    ------
    BadInputError
        If a folder's `coverage.json` cannot be read.
    """
    for file in sorted(root.glob(f"exchange=*/pair=*/{COVERAGE_FILE}")):
        yield _stored(file)


def _stored(file: Path) -> Stored:
    try:
        told: dict[str, Any] = json.loads(file.read_bytes())
        days = [day for _, day in sorted(told["days"].items()) if day.get("trades")]
        return Stored(
            folder=file.parent,
            exchange=told["exchange"],
            pair=told["pair"],
            complete_from_us=told["complete_from_us"],
            complete_to_us=told["complete_to_us"],
            days=len(days),
            trades=sum(day["trades"] for day in days),
            missing_ids=_missing(days) if told["consecutive_ids"] else None,
            outages_us=told["outages_us"],
            bytes=sum(each.stat().st_size for each in file.parent.glob("date=*/*.parquet")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInputError(str(file), "what history writes", f"{type(error).__name__}: {error}") from error


def _missing(days: list[dict[str, Any]]) -> int:
    """Return how many ids are missing within days and between them; days can share ids at midnight."""
    firsts, lasts = ([int(day[name]) for day in days] for name in ("first_trade_id", "last_trade_id"))
    between = (first - last - 1 for last, first in zip(lasts[:-1], firsts[1:], strict=True))
    return sum(int(day["missing_ids"] or 0) for day in days) + sum(max(0, each) for each in between)
