"""`tradestream backtest --of RUN`: what a run has published, held against a backtest of it, by message id."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from backtest.again import RunTerms, again, outcomes_of_run
from backtest.engine import Outcome
from backtest.tables import write_tables
from contracts.counted import counted
from results.export.tables import Table, table
from results.report.data import load_table
from results.report.wording import count

#: What is compared, with the column that says when; in flow order.
_COMPARED: Mapping[str, str] = {
    "signals": "window_start_ms",
    "orders": "updated_at_ms",
    "fills": "filled_at_ms",
    "positions": "updated_at_ms",
    "risk_alerts": "time_ms",
    "pnl": "time_ms",
}
_ABSENT = "(absent)"


@dataclass(frozen=True)
class Difference:
    """One message that is not the same: a field of it, or the whole of it."""

    table: str
    id: str
    field: str
    published: object
    backtested: object


@dataclass(frozen=True)
class Compared:
    """What was found in one table, in messages.

    Attributes
    ----------
    table
        Its name.
    published, backtested, equal
        Messages with an id of their own.
    differences
        A line for each message that only one side has, and for each field of which two messages differ.
    """

    table: str
    published: int
    backtested: int
    equal: int
    differences: tuple[Difference, ...]


def parity(folder: Path, terms: RunTerms) -> list[Compared]:
    """Run the accounts of a run again over its candles, and hold what comes out against what it has published.

    Each account begins with the first window that it has a signal of, and ends with the last one that all its
    pairs have: what came later was still to be acted on.

    Parameters
    ----------
    folder
        Of the run, with its exported tables.
    terms
        What its services were told.

    Returns
    -------
    list[Compared]
        One for each table.

    Raises
    ------
    BadInputError
        If the run has no signals of one of its accounts.
    """
    return hold(folder, outcomes_of_run(again(folder, terms)))


def hold(folder: Path, outcomes: Sequence[Outcome]) -> list[Compared]:
    """Hold outcomes of a run's accounts against what it has published, as far as they go.

    Parameters
    ----------
    folder
        Of the run.
    outcomes
        Of its accounts, at least one.

    Returns
    -------
    list[Compared]
        One for each table.
    """
    published = {name: load_table(folder, name) for name in _COMPARED}
    ends = {each.market.account.name: each.market.end_ms(-1) for each in outcomes}
    with tempfile.TemporaryDirectory() as own:
        write_tables(outcomes, Path(own))
        backtested = {name: load_table(Path(own), name) for name in _COMPARED}
    interval_ms = outcomes[0].market.interval_ms
    return [
        _compare(table(name), *(_until(side[name], name, ends, interval_ms) for side in (published, backtested)))
        for name in _COMPARED
    ]


def _until(rows: pl.DataFrame, name: str, ends: Mapping[str, int], interval_ms: int) -> pl.DataFrame:
    """Return the rows of the accounts that were run again, as far as they were."""
    reach_ms = interval_ms if name == "signals" else 0
    until = pl.col("account").replace_strict(ends, default=None, return_dtype=pl.Int64)
    return rows.filter(pl.col(_COMPARED[name]) + reach_ms <= until)


def _compare(of: Table, published: pl.DataFrame, backtested: pl.DataFrame) -> Compared:
    mine, other = (_by_id(of, rows) for rows in (published, backtested))
    equal = sum(other.get(name) == row for name, row in mine.items())
    return Compared(of.name, len(mine), len(other), equal, tuple(_differences(of, mine, other)))


def _by_id(of: Table, rows: pl.DataFrame) -> dict[str, dict[str, object]]:
    return {":".join(str(row[name]) for name in of.identity): row for row in rows.sort(of.sorting).to_dicts()}


def _differences(
    of: Table, published: Mapping[str, Mapping[str, object]], backtested: Mapping[str, Mapping[str, object]]
) -> Iterator[Difference]:
    for name in {**published, **backtested}:
        mine, other = published.get(name), backtested.get(name)
        if mine is None or other is None:
            there = _ABSENT if mine is None else "(message)"
            yield Difference(of.name, name, "(message)", there, _ABSENT if other is None else "(message)")
            continue
        for column in of.schema:
            if mine.get(column) != other.get(column):
                yield Difference(of.name, name, column, mine.get(column), other.get(column))


def print_parity(console: Console, found: Sequence[Compared], show: int) -> None:
    """Print a row for each table, and the first differences.

    Parameters
    ----------
    console
        Where to.
    found
        What was compared.
    show
        How many differences at most.
    """
    grid = Grid(box=None, pad_edge=False, padding=(0, 0, 0, 1))
    grid.add_column("Table")
    for name in ("Published", "Backtested", "Equal", "Differences"):
        grid.add_column(name, justify="right")
    for each in found:
        numbers = (each.published, each.backtested, each.equal, len(each.differences))
        grid.add_row(each.table, *map(count, numbers), style="red" if each.differences else "")
    console.print(grid)
    differences = [difference for each in found for difference in each.differences]
    for one in differences[:show]:
        told = f"{one.table} {one.id} {one.field}: published {one.published}, backtested {one.backtested}"
        console.print(Text(told), soft_wrap=True)
    if len(differences) > show:
        console.print(f"{count(show)} of {count(len(differences))} shown", highlight=False)
    console.print(Text(counted(len(differences), "difference"), "bold red" if differences else "bold green"))
