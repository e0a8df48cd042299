"""What commands that ask many backtests say while they work and in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from backtest.search.study import Deflated
from contracts.counted import counted
from results.report.wording import percent

#: At which the best of a search is not put down to luck.
SURE = 0.95


def verdict(luck: Deflated) -> str:
    """Return in words whether a result is more than the best of so many tries gets by luck.

    Returns
    -------
    str
        A sentence.

    Examples
    --------
    >>> verdict(Deflated(100, 0.41))
    'Not told from luck: the best of 100 tries that are worth nothing does as well 59 times in 100.'
    """
    said = "More than luck" if luck.probability >= SURE else "Not told from luck"
    return f"{said}: {best_by_luck(luck)}."


def best_by_luck(luck: Deflated) -> str:
    """Return in words how often luck alone does as well.

    Returns
    -------
    str
        Part of a sentence.
    """
    times = round(100 * (1 - luck.probability))
    one = luck.tries == 1
    whose = "a try that is worth nothing" if one else f"the best of {luck.tries:,} tries that are worth nothing"
    return f"{whose} does as well {times} times in 100"


@contextmanager
def progress(console: Console, total: int, what: str) -> Iterator[Callable[[int], None]]:
    """Yield what is told how many are done; a terminal shows them, with the time left.

    Yields
    ------
    Callable[[int], None]
        Takes the number of those that are done.
    """
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(what, total=total)
        yield lambda number: shown.update(task, completed=number)


def written(numbers: Mapping[str, float]) -> str:
    """Return numbers as they are typed.

    Returns
    -------
    str
        Such as ``fast=12, exits.stop_pct=1.5``.
    """
    return ", ".join(f"{name}={value:g}" for name, value in numbers.items())


def told(return_pct: float, drawdown_pct: float, round_trips: int, sharpe_a_year: float) -> str:
    """Return what a run came to, in a line.

    Returns
    -------
    str
        With its units.
    """
    gained, fell = percent(return_pct / 100, sign=True), percent(drawdown_pct / 100)
    trips = counted(round_trips, "round trip")
    return f"{gained} after costs, drawdown {fell}, {trips}, Sharpe {sharpe_a_year:.2f} a year"


def print_lines(console: Console, lines: Sequence[tuple[str, str]]) -> None:
    """Print labels with what they say.

    Parameters
    ----------
    console
        Where to.
    lines
        One after the other.
    """
    for label, value in lines:
        console.print(Text.assemble((f"{label:<11}", "bright_black"), value), soft_wrap=True)
