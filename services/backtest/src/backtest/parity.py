"""`tradestream backtest --of RUN`: what a run has published, held against a backtest of it, by message id."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from backtest.decided import Decided
from backtest.engine import Outcome, run
from backtest.history import History
from backtest.market import market_of
from backtest.plan import asked_of
from backtest.run_folders import bars_of_run
from backtest.said import Said
from backtest.strategies_of import Chosen, chosen
from backtest.tables import write_tables
from contracts.account import Account
from contracts.counted import counted
from contracts.errors import BadInputError
from contracts.units import MS_PER_SECOND
from execution.core.broker import Broker
from execution.core.policy import Policy
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


@dataclass(frozen=True)
class RunTerms:
    """What the run's services were told.

    Attributes
    ----------
    accounts
        Who traded.
    broker, policy
        What orders cost, and how time and risk were judged.
    expiry_seconds
        For how long an entry could wait.
    interval_s
        Of the candles that were traded on.
    said
        By account, what operators said to it.
    """

    accounts: tuple[Account, ...]
    broker: Broker
    policy: Policy
    expiry_seconds: int
    interval_s: int
    said: Mapping[str, Sequence[Said]] = field(default_factory=dict)


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
        If the run has no signals of one of its accounts, or one was at a venue.
    """
    if at_venue := [account.name for account in terms.accounts if account.broker == "venue"]:
        raise BadInputError("--of", "a run on paper: a venue's fills are none of a backtest", at_venue[0])
    accounts = [chosen(account) for account in terms.accounts]
    pairs = sorted({pair for account in terms.accounts for pair in account.pairs})
    history = bars_of_run(folder, terms.interval_s, pairs, asked_of(accounts, terms.interval_s))
    published = {name: load_table(folder, name) for name in _COMPARED}
    outcomes = [_again(history, each, published["signals"], terms) for each in accounts]
    ends = {each.market.account.name: each.market.end_ms(-1) for each in outcomes}
    with tempfile.TemporaryDirectory() as again:
        write_tables(outcomes, Path(again))
        backtested = {name: load_table(Path(again), name) for name in _COMPARED}
    return [
        _compare(table(name), *(_until(side[name], name, ends, terms.interval_s) for side in (published, backtested)))
        for name in _COMPARED
    ]


def _again(history: History, each: Chosen, signals: pl.DataFrame, terms: RunTerms) -> Outcome:
    own = signals.filter(pl.col("account") == each.account.name, pl.col("interval_s") == terms.interval_s)
    spans = {
        str(pair): (int(first), int(last))
        for pair, first, last in own.group_by("pair")
        .agg(first=pl.col("window_start_ms").min(), last=pl.col("window_start_ms").max())
        .iter_rows()
    }
    if missing := [pair for pair in each.account.pairs if pair not in spans]:
        expected = f"signals of {each.account.name} for all its pairs"
        raise BadInputError("--of", expected, f"none of {missing[0]}")
    last_ms = min(last for _, last in spans.values())
    decided = {
        pair: _between(each.decided(history.pairs[pair], terms.expiry_seconds), spans[pair][0], last_ms)
        for pair in each.account.pairs
    }
    market = market_of(each.account, decided, terms.policy)
    # What was said after the last bar was said to an account that had more of them.
    words = [
        (-1 if acted_ms is None else int(market.starts_ms.searchsorted(acted_ms)), command)
        for acted_ms, command in terms.said.get(each.account.name, ())
        if acted_ms is None or acted_ms <= last_ms
    ]
    return run(market, terms.broker, terms.policy, words=words)


def _between(decided: Decided, first_ms: int, last_ms: int) -> Decided:
    starts = decided.bars.starts_ms
    return decided[int(starts.searchsorted(first_ms)) : int(starts.searchsorted(last_ms, side="right"))]


def _until(rows: pl.DataFrame, name: str, ends: Mapping[str, int], interval_s: int) -> pl.DataFrame:
    """Return the rows of the accounts that were run again, as far as they were."""
    reach_ms = interval_s * MS_PER_SECOND if name == "signals" else 0
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
