"""What `tradestream risk` does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from backtest.what_if import Under, WhatIf, what_if
from contracts.timestamps import iso_utc_ms
from contracts.units import decimal_string
from embedded.backtests import terms_of_run
from embedded.limits_file import read_limits
from embedded.terminal.rows import print_json, print_rows
from results.report.wording import count

_LIMITS = {
    "limits": "Limits",
    "equity": "Equity",
    "saved": "Saved",
    "fees": "Fees",
    "drawdown": "Drawdown",
    "fills": "Fills",
    "parts": "Other from",
    "ends": "Ends",
}
_SPOKE = {"rule": "Rule", "severity": "Said", "times": "Times", "first": "First", "words": "What it said first"}


def try_limits(folder: Path, limits: Path, console: Console, *, as_json: bool) -> None:
    """Print, by account, how a run had gone under other limits: each of them alone, and all together."""
    terms = terms_of_run(folder)
    found = what_if(folder, terms, read_limits(limits, terms.accounts, list(terms.owners.values())))
    if as_json:
        print_json([_plain(asdict(each)) for each in found])
        return
    for number, each in enumerate(found):
        whose = "All accounts of" if each.of_owner else "Account"
        console.print(Text(f"{chr(10) if number else ''}{whose} {each.account}, {each.currency}", "bold"))
        print_rows(console, [_row(under) for under in _every(each)], _LIMITS)
        for under in (each.as_it_ran, each.all):
            console.print(Text(f"\nRules, {under.limits}" + ("" if under.spoke else ": none spoke")))
            if under.spoke:
                print_rows(console, list(_spoke(under)), _SPOKE)


def _every(found: WhatIf) -> Iterable[Under]:
    return (found.as_it_ran, *found.each, *(() if found.all in found.each else (found.all,)))


def _row(under: Under) -> dict[str, Any]:
    return {
        "limits": under.limits,
        "equity": f"{under.equity_quote:,.2f}",
        "saved": f"{under.saved_quote:+,.2f}",
        "fees": f"{under.fees_quote:,.2f}",
        "drawdown": f"{under.max_drawdown_pct:.2f} %",
        "fills": count(under.fills),
        "parts": "" if under.parts_ms is None else iso_utc_ms(under.parts_ms),
        "ends": under.ends,
    }


def _spoke(under: Under) -> Iterator[dict[str, Any]]:
    for each in under.spoke:
        yield {**asdict(each), "times": count(each.times), "first": iso_utc_ms(each.first_ms)}


def _plain(value: Any) -> Any:
    """Return it with amounts as text, as tables have them."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return decimal_string(value) if isinstance(value, Decimal) else value
