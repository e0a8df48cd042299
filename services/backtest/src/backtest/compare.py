"""Two runs side by side: what each came to, what it was made of, and their equity over one another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from rich.console import Console

from backtest.pages import Section, page
from backtest.telling import print_lines
from contracts.errors import BadInputError
from contracts.timestamps import iso_utc_ms
from results.own_files import is_our_page, require_own
from results.report.data import load_table

_NAMES = (
    *("currency", "initial_equity_quote", "final_equity_quote", "total_return_pct", "buy_and_hold_pct"),
    *("max_drawdown_pct", "sharpe_daily", "sortino_daily", "fees_quote", "slippage_quote", "fills", "round_trips"),
    *("win_rate_pct", "profit_factor", "mean_profit_quote", "time_in_market_pct", "median_holding_minutes"),
)


def compare(one: Path, other: Path, page_path: Path, console: Console) -> dict[str, Any]:
    """Put two runs side by side, account by account in their order, on a page and on the console.

    Parameters
    ----------
    one, other
        Folders of runs: backtests, demos, replays, paper.
    page_path
        Where the page goes.
    console
        Where the figures go.

    Returns
    -------
    dict[str, Any]
        The figures by account, with what each is in both runs.

    Raises
    ------
    BadInputError
        If a folder has no results, or the page would replace a file of somebody else's.
    """
    require_own("--out", page_path, is_our_page)
    both = [_summary(each) for each in (one, other)]
    found: dict[str, Any] = {}
    sections = [Section("Runs", rows=[_run(path, each) for path, each in zip((one, other), both, strict=True)])]
    accounts = [each["pnl"]["accounts"] for each in both]
    for first, second in zip(*accounts, strict=False):
        name = first if first == second else f"{first} and {second}"
        rows = _figures(accounts[0][first], accounts[1][second])
        found[name] = {str(row["figure"]): [row["one"], row["other"]] for row in rows}
        curves = {
            f"{path.name}: {account}": _equity(path, account) for path, account in ((one, first), (other, second))
        }
        sections.append(Section(f"Account {name}", ["Equity, each over its own time."], curves, rows))
    page_path.parent.mkdir(parents=True, exist_ok=True)
    page_path.write_text(page(f"{one.name} and {other.name}", sections), encoding="utf-8")
    width = max((len(figure) for figures in found.values() for figure in figures), default=0)
    for name, figures in found.items():
        lines = [(figure.ljust(width), f"{_said(a):>16} {_said(b):>16}") for figure, (a, b) in figures.items()]
        print_lines(console, [(name, f"{one.name} and {other.name}"), *lines])
    print_lines(console, [("Page", str(page_path))])
    return found


def _summary(folder: Path) -> Mapping[str, Any]:
    expected = "the folder of a run, with summary.json"
    try:
        found: Mapping[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BadInputError("run", expected, str(folder)) from None
    if not found.get("pnl", {}).get("accounts"):
        raise BadInputError("run", f"{expected} and accounts", str(folder))
    return found


def _run(path: Path, summary: Mapping[str, Any]) -> dict[str, object]:
    begin, end = (summary.get(name) for name in ("live_from_ms", "live_until_ms"))
    return {
        "run": path.name,
        "title": summary.get("title"),
        "command": summary.get("command"),
        "pairs": ", ".join(summary.get("pairs", ())),
        "from": iso_utc_ms(begin) if begin is not None else None,
        "to": iso_utc_ms(end) if end is not None else None,
        "notes": " ".join(summary.get("notes", ())),
    }


def _figures(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[dict[str, object]]:
    rows = []
    for name in _NAMES:
        a, b = (_number(each.get(name)) for each in (one, other))
        gap = b - a if isinstance(a, float) and isinstance(b, float) else None
        rows.append({"figure": name, "one": a, "other": b, "difference": gap})
    return rows


def _number(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _said(value: object) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else "none" if value is None else str(value)


def _equity(folder: Path, account: str) -> np.ndarray:
    rows = load_table(folder, "pnl").filter(pl.col("account") == account).sort("time_ms")
    return rows["equity"].cast(pl.Float64).to_numpy()
