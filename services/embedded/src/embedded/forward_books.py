"""What forward tests and accounts have come to, read off a log's books: each alone, and over one stretch."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

from backtest.again import again
from backtest.parity import hold
from contracts.errors import BadInputError
from contracts.fill import Fill
from contracts.forward_test_event import ForwardTestEvent
from contracts.nearest import did_you_mean
from contracts.pnl import Pnl
from contracts.topics import FILLS, PNL
from contracts.units import MS_PER_MINUTE, MS_PER_SECOND, decimal_string
from embedded.backtests import terms_of_run
from embedded.subscriptions import SubscriptionSettings
from embedded.tools import log_of
from modeling.judging.sharpe import SharpeFacts
from results.export.write import export
from results.report.data import load_table
from results.statistics import DAYS_PER_YEAR, statistics
from streaming.clients import read_key_since
from streaming.forward_tests import forward_tests
from streaming.settings import ServiceSettings

_MS_PER_YEAR = DAYS_PER_YEAR * 86_400 * MS_PER_SECOND


@dataclass(frozen=True)
class Books:
    """What an account has published of its money.

    Attributes
    ----------
    pnls, fills
        In order of time, each once.
    """

    pnls: Sequence[Pnl]
    fills: Sequence[Fill]

    @property
    def initial(self) -> Decimal:
        """What it began with."""
        return self.pnls[0].initial

    @property
    def bar_ms(self) -> int:
        """How long its bars are."""
        times = [each.time_ms for each in self.pnls]
        return round(median(b - a for a, b in pairwise(times))) if times[1:] else MS_PER_MINUTE

    @property
    def worked(self) -> Sequence[Pnl]:
        """The minutes until all was sold, where operators had it sold."""
        ends = (n for n, each in enumerate(self.pnls) if each.trading_state == FLATTENED and _is_flat(each))
        return self.pnls[: next(ends, len(self.pnls)) + 1]


FLATTENED = "OPERATOR_FLATTEN"


def _is_flat(books: Pnl) -> bool:
    return not Decimal(books.exposure_quote)


def books_of(settings: ServiceSettings, account: str) -> Books:
    """Return what an account has published.

    Returns
    -------
    Books
        Without any, if it has not traded a minute.
    """
    pnls, fills = dict[str, Pnl](), dict[str, Fill]()
    for spec in (PNL, FILLS):
        for record in read_key_since(settings, spec, account, 0):
            message = record.readable_message()
            if isinstance(message, Pnl):
                pnls.setdefault(message.message_id, message)
            elif isinstance(message, Fill):
                fills.setdefault(message.message_id, message)
    return Books(
        sorted(pnls.values(), key=lambda each: each.time_ms),
        sorted(fills.values(), key=lambda each: (each.filled_at_ms, each.fill_id)),
    )


def state_of(event: ForwardTestEvent, books: Books) -> str:
    """Return how a forward test stands.

    Returns
    -------
    str
        waiting, running, stopping or stopped.
    """
    if event.action == "start":
        return "running" if books.pnls else "waiting"
    return "stopping" if books.pnls and not _is_flat(books.pnls[-1]) else "stopped"


@dataclass(frozen=True)
class Stood:
    """What an account came to over a stretch.

    Attributes
    ----------
    account
        Whose.
    bars, trades
        How many there were.
    return_pct, max_drawdown_pct
        Of its equity.
    sharpe_a_year, sharpe_error
        Of its returns from bar to bar, and the standard error of that; None where they do not vary.
    fees_quote, slippage_quote
        Costs.
    differences
        How many messages a backtest of the same stretch has otherwise; None where none was made.
    """

    account: str
    bars: int
    trades: int
    return_pct: float
    max_drawdown_pct: float
    sharpe_a_year: float | None
    sharpe_error: float | None
    fees_quote: str
    slippage_quote: str
    differences: int | None = None


def compare(settings: SubscriptionSettings, names: Sequence[str], run: Path | None) -> tuple[int, int, list[Stood]]:
    """Return tests beside the configured accounts, over the stretch that all the tests have in common.

    Parameters
    ----------
    settings
        Of the log, and whose accounts.
    names
        Of tests.
    run
        Folder of the run, whose tables a backtest is made of; None: none is made.

    Returns
    -------
    tuple[int, int, list[Stood]]
        Ends of the first and the last bar, milliseconds; the tests first.

    Raises
    ------
    BadInputError
        If there is no such test, one has not traded yet, or they did not trade at one time.
    """
    known = forward_tests(settings)
    for name in names:
        if name not in known:
            expected = f"one of {', '.join(known) or 'none, there are no tests'}{did_you_mean(name, list(known))}"
            raise BadInputError("NAME", expected, name)
    tested = {name: books_of(settings, name) for name in dict.fromkeys(names)}
    if waiting := [name for name, books in tested.items() if not books.pnls]:
        raise BadInputError("NAME", "tests that have traded a candle", waiting[0])
    first_ms = max(books.pnls[0].time_ms for books in tested.values())
    last_ms = min(books.worked[-1].time_ms for books in tested.values())
    if first_ms > last_ms:
        raise BadInputError("NAME", "tests that traded at one time", ", ".join(tested))
    others = {each.name: books_of(settings, each.name) for each in settings.configured_accounts}
    stood = [_over(name, books, first_ms, last_ms) for name, books in (tested | others).items()]
    found = [each for each in stood if each is not None]
    try:
        differences = {} if run is None else _differences(run, tested)
    except (
        BadInputError
    ):  # such as a run without a record of its settings, or whose other accounts were told of nothing
        differences = {}
    return first_ms, last_ms, [replace(each, differences=differences.get(each.account)) for each in found]


def _over(account: str, books: Books, first_ms: int, last_ms: int) -> Stood | None:
    """Return what an account came to between the ends of two bars, both included; None if it had none of them."""
    pnls = [each for each in books.pnls if first_ms <= each.time_ms <= last_ms]
    if not pnls:
        return None
    before = [each for each in books.pnls if each.time_ms < first_ms]
    begin = Decimal(before[-1].equity) if before else books.initial
    fees = Decimal(pnls[-1].fees_quote) - (Decimal(before[-1].fees_quote) if before else 0)
    since_ms = before[-1].time_ms if before else 0
    fills = [each for each in books.fills if since_ms <= each.filled_at_ms < last_ms]
    came_to = statistics(pnls, fills, begin)
    curve = [float(begin), *(float(each.equity) for each in pnls)]
    sharpe, error = _sharpe(curve, books.bar_ms)
    return Stood(
        account,
        len(pnls),
        len(fills),
        came_to.total_return_pct,
        came_to.max_drawdown_pct,
        sharpe,
        error,
        decimal_string(fees),
        came_to.slippage_quote,
    )


def _sharpe(curve: Sequence[float], bar_ms: int) -> tuple[float | None, float | None]:
    """Return the Sharpe ratio of a year, and its standard error, None where nothing varies."""
    found = SharpeFacts.of(pl.Series(curve, dtype=pl.Float64).pct_change().drop_nulls().to_numpy())
    if found.observations < 2 or found.sharpe == 0:
        return None, None
    scale = math.sqrt(_MS_PER_YEAR / bar_ms)
    return found.sharpe * scale, math.sqrt(max(0.0, found.variance) / (found.observations - 1)) * scale


def _differences(run: Path, tested: Mapping[str, Books]) -> dict[str, int]:
    """Return in how many messages a backtest of each test's bars is another, up to where its books had come."""
    terms = terms_of_run(run)
    folder, environment = log_of(run)
    with tempfile.TemporaryDirectory() as place:
        tables = Path(place)
        export(folder, tables, environment)
        ends = {name: books.pnls[-1].time_ms for name, books in tested.items()}
        signals = load_table(tables, "signals")
        until = pl.col("account").replace_strict(ends, default=None, return_dtype=pl.Int64)
        end = pl.col("window_start_ms") + pl.col("interval_s") * MS_PER_SECOND
        # What has been decided since is still to be acted on.
        signals.filter(until.is_null() | (end <= until)).write_parquet(tables / "signals.parquet")
        outcomes = [each.outcome() for each in again(tables, terms) if each.account.name in tested]
        found = {}
        for outcome in outcomes:
            compared = hold(tables, [outcome])
            found[outcome.market.account.name] = sum(len(each.differences) for each in compared)
    return found


def row_of(event: ForwardTestEvent, books: Books) -> dict[str, Any]:
    """Return a line of the list of forward tests.

    Returns
    -------
    dict[str, Any]
        By the names of columns.
    """
    account = event.opened
    (told,) = account.deciding
    row: dict[str, Any] = {
        "name": event.account,
        "strategy": Path(told.strategy).stem,
        "pairs": ", ".join(account.pairs),
        "state": state_of(event, books),
        "since_ms": None,
        "bars": len(books.pnls),
        "trades": len(books.fills),
        "pnl_quote": None,
        "max_drawdown_pct": None,
        "currency": account.currency,
    }
    if books.pnls:
        found = statistics(books.pnls, books.fills, books.initial)
        net = Decimal(books.pnls[-1].equity) - books.initial
        row |= {
            "since_ms": books.pnls[0].time_ms - books.bar_ms,
            "pnl_quote": decimal_string(net),
            "max_drawdown_pct": found.max_drawdown_pct,
        }
    return row
