"""What `tradestream forward-test` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from contracts.timestamps import iso_utc_ms, parse_time
from embedded.forward_books import Stood, books_of, compare, row_of
from embedded.forward_testing import Wished
from embedded.forward_testing import start as begin
from embedded.forward_testing import stop as end
from embedded.subscriptions import settings_of, settings_to_say
from embedded.terminal.rows import print_json, print_rows
from results.report.wording import money, percent
from signals.strategy_setting import parameters_in
from streaming.control import operator
from streaming.forward_tests import forward_tests

_LIST = {
    "name": "Name",
    "strategy": "Strategy",
    "pairs": "Pairs",
    "state": "State",
    "since": "Since",
    "bars": "Bars",
    "trades": "Trades",
    "pnl": "P&L",
    "drawdown": "Drawdown",
}
_COMPARED = {
    "account": "Account",
    "bars": "Bars",
    "trades": "Trades",
    "return": "Return",
    "drawdown": "Drawdown",
    "sharpe": "Sharpe a year",
    "fees": "Fees",
    "slippage": "Slippage",
    "differences": "Other than backtest",
}


def start(
    strategy: str,
    pairs: str,
    parameters: str,
    balance: str | None,
    name: str | None,
    first: str | None,
    by: str | None,
    run_folder: Path | None,
    console: Console,
) -> None:
    """Begin a forward test and say what was written.

    Raises
    ------
    BadInputError
        As `embedded.forward_testing.start`.
    """
    settings = settings_to_say(run_folder)
    wish = Wished(
        strategy,
        tuple(each.strip() for each in pairs.split(",")),
        by or operator(),
        parameters_in(parameters),
        balance,
        name,
        parse_time("--from", first),
    )
    event = begin(settings, wish)
    begins = "the next candle" if event.from_ms is None else iso_utc_ms(event.from_ms)
    account = event.opened
    worth = money(float(account.initial_balance_quote), currency=account.currency)
    told = f"{event.account}: {Path(strategy).stem} on {', '.join(account.pairs)} with {worth}"
    console.print(Text(f"{told}, from {begins} on, on {settings.broker_address}"), soft_wrap=True)


def stop(name: str, by: str | None, run_folder: Path | None, console: Console) -> None:
    """End a forward test and say so.

    Raises
    ------
    BadInputError
        As `embedded.forward_testing.stop`.
    """
    settings = settings_to_say(run_folder)
    event = end(settings, name, by or operator())
    told = f"{event.account} is stopped: what it holds is sold, its books stay, on {settings.broker_address}"
    console.print(Text(told), soft_wrap=True)


def list_tests(run_folder: Path | None, console: Console, *, as_json: bool) -> None:
    """Print all forward tests of a log.

    Raises
    ------
    BadInputError
        If the run has no log.
    """
    settings = settings_of(run_folder)
    rows = [row_of(event, books_of(settings, name)) for name, event in forward_tests(settings).items()]
    print_json(rows) if as_json else print_rows(console, [_told(row) for row in rows], _LIST)


def _told(row: dict[str, Any]) -> dict[str, Any]:
    drawdown, pnl, since_ms = row["max_drawdown_pct"], row["pnl_quote"], row["since_ms"]
    return {
        **row,
        "since": None if since_ms is None else iso_utc_ms(since_ms),
        "pnl": None if pnl is None else money(float(pnl), sign=True, currency=row["currency"]),
        "drawdown": None if drawdown is None else percent(drawdown / 100),
    }


def compare_tests(names: Sequence[str], run_folder: Path | None, console: Console, *, as_json: bool) -> None:
    """Print tests beside the configured accounts.

    Raises
    ------
    BadInputError
        As `embedded.forward_books.compare`.
    """
    first_ms, last_ms, found = compare(settings_of(run_folder), names, run_folder)
    if as_json:
        print_json({"first_ms": first_ms, "last_ms": last_ms, "accounts": [asdict(each) for each in found]})
        return
    console.print(f"From the candle that ended {iso_utc_ms(first_ms)} to {iso_utc_ms(last_ms)}", highlight=False)
    print_rows(console, [_compared(each) for each in found], _COMPARED)


def _compared(each: Stood) -> dict[str, Any]:
    sharpe = None
    if each.sharpe_a_year is not None:
        sharpe = f"{each.sharpe_a_year:.1f} ± {each.sharpe_error:.1f}"
    return {
        "account": each.account,
        "bars": each.bars,
        "trades": each.trades,
        "return": percent(each.return_pct / 100, sign=True),
        "drawdown": percent(each.max_drawdown_pct / 100),
        "sharpe": sharpe,
        "fees": money(float(each.fees_quote)),
        "slippage": money(float(each.slippage_quote)),
        "differences": each.differences,
    }
