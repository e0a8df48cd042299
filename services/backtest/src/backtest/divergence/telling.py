"""What is said of a divergence: lines for a terminal, sections of a page, plain values for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from backtest.divergence.decisions import PAPER, VENUE, OtherDecision
from backtest.divergence.diverge import Divergence
from backtest.divergence.score import BOUNDS
from backtest.pages import Section, page
from contracts.counted import counted
from contracts.timestamps import iso_utc_ms
from contracts.units import decimal_string
from results.own_files import is_our_page, require_own
from results.report.wording import MISSING, count, money

_COLOURS = {"close": "green", "apart": "yellow", "far": "red"}


def print_divergence(console: Console, found: Sequence[Divergence], show: int) -> None:
    """Print a table for each account, and the first decisions that differ.

    Parameters
    ----------
    console
        Where to.
    found
        One for each account.
    show
        How many decisions at most.
    """
    for of in found:
        word = Text(of.score.word, f"bold {_COLOURS[of.score.word]}")
        console.print(Text.assemble(f"\nAccount {of.account} {VENUE} and {PAPER}: ", word, _reasons(of)))
        grid = Grid(box=None, pad_edge=False, padding=(0, 1, 0, 0))
        for name in ("Measure", "Found", "Close up to", "Far above"):
            grid.add_column(name)
        for row in rows_of(of):
            grid.add_row(*row.values())
        console.print(grid)
        for each in of.decisions.first[:show]:
            console.print(Text(_decision(each)), soft_wrap=True)
        if of.decisions.differ > show:
            console.print(f"{count(show)} of {count(of.decisions.differ)} shown", highlight=False)


def write_page(path: Path, found: Sequence[Divergence], of_run: str) -> None:
    """Write a page: of each account the word, both equity curves, the table and the first decisions that differ.

    Parameters
    ----------
    path
        Of the page.
    found
        One for each account.
    of_run
        What the run is called.

    Raises
    ------
    BadInputError
        If it would replace a file of somebody else's.
    """
    require_own("--page", path, is_our_page)
    sections = [section for of in found for section in _sections(of)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(f"{of_run}: at the venue and on paper", sections), encoding="utf-8")


def as_json(of: Divergence) -> dict[str, Any]:
    """Return it as a program reads it: amounts as text, without the curves.

    Returns
    -------
    dict[str, Any]
        With the bounds of the score beside it.
    """
    found = {name: value for name, value in asdict(of).items() if name != "curves"}
    bounds = {name: {"close": each.close, "far": each.far, "unit": each.unit} for name, each in BOUNDS.items()}
    plain: dict[str, Any] = _plain({**found, "bounds": bounds})
    return plain


def rows_of(of: Divergence) -> list[dict[str, str]]:
    """Return the table: what was measured, what was found, and the bounds of the score.

    Returns
    -------
    list[dict[str, str]]
        With the same columns each.
    """
    error, shares, parts, currency = of.price_error, of.filled, of.difference, of.currency
    amounts = {"timing": parts.timing, "price": parts.price, "fee": parts.fee, "missed or extra": parts.missed}
    gap = of.venue_equity_quote - of.paper_equity_quote
    rows = [
        ("Decisions", "decisions", f"{count(of.decisions.differ)} of {count(of.decisions.decided)} differ"),
        ("Price error", "price", _error(of)),
        ("", None, f"of {counted(error.fills, 'fill')}; {count(error.without)} where paper would not have filled"),
        (
            "Filled",
            "filled",
            f"{_percent(shares.venue_share)}, on paper {_percent(shares.paper_share)}; {count(shares.other)} of "
            f"{counted(shares.orders, 'order')} to another share",
        ),
        (
            "Delay",
            None,
            f"{_number(shares.delay_seconds)} s (median), {_number(shares.longest_seconds)} s at most; "
            f"{count(shares.late)} in a later bar than on paper",
        ),
        ("Returns", "returns", f"correlation {_number(of.return_correlation, 4)}"),
        ("Curves", None, f"{of.warped_apart_pct:.4f} % apart, with time warped (DTW)"),
        ("Equity", None, f"{_money(of.venue_equity_quote)}, on paper {_money(of.paper_equity_quote)} {currency}"),
        ("Difference", "equity", f"{_money(gap, sign=True)} {currency}, of {_money(of.traded_quote)} traded"),
        *(("  " + name, None, _money(amount, sign=True)) for name, amount in amounts.items()),
    ]
    return [_row(*row) for row in rows]


def _row(label: str, measure: str | None, found: str) -> dict[str, str]:
    bound = BOUNDS.get(measure or "")
    close, far = ("", "") if bound is None else (f"{bound.close:g}", f"{bound.far:g} {bound.unit}")
    return {"measure": label, "found": found, "close up to": close, "far above": far}


def _error(of: Divergence) -> str:
    error = of.price_error
    if error.mean_bps is None:
        return "no fills"
    between = f"{_number(error.low_bps)} to {_number(error.high_bps)}"
    return f"{_number(error.mean_bps)} bps on average (95 %: {between}), median {_number(error.median_bps)}"


def _reasons(of: Divergence) -> str:
    return f" ({', '.join(of.score.by)})" if of.score.by else ""


def _decision(each: OtherDecision) -> str:
    came = f"{each.venue} {VENUE}, {each.paper} {PAPER}"
    return f"{iso_utc_ms(each.bar_end_ms)} {each.pair} {each.side}: {came}; before it {each.cause}"


def _sections(of: Divergence) -> list[Section]:
    said = f"{VENUE.capitalize()} and {PAPER}: {of.score.word}{_reasons(of)}."
    curves = {VENUE: of.curves[0], PAPER: of.curves[1]}
    rows: list[dict[str, object]] = [dict(row) for row in rows_of(of)]
    found = [Section(f"Account {of.account}", [said], curves, rows)]
    if of.decisions.first:
        others = [{**asdict(each), "bar_end_ms": iso_utc_ms(each.bar_end_ms)} for each in of.decisions.first]
        told = [{"bar end": row.pop("bar_end_ms"), **row} for row in others]
        number = counted(of.decisions.differ, "decision")
        found.append(Section("Decisions that differ", [f"The first {len(told)} of {number}."], rows=told))
    return found


def _money(amount: Decimal, *, sign: bool = False) -> str:
    return money(round(float(amount), 2) + 0.0, sign=sign)  # no minus before nothing


def _number(value: float | None, decimals: int = 2) -> str:
    return MISSING if value is None else f"{value:,.{decimals}f}".replace("-", "−")


def _percent(share: float | None) -> str:
    return MISSING if share is None else f"{100 * share:.2f} %"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return decimal_string(value) if isinstance(value, Decimal) else value
