"""The books of owners from the tables of a run or a backtest, as `summary.json` holds them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

from contracts.owner import Owner
from contracts.pnl import Pnl
from contracts.units import EXACT, MS_PER_SECOND, decimal_string
from execution.core.owners.books import OwnerBooks, books_of
from execution.core.policy import Policy
from execution.core.steps.trading_day import trading_day
from results.report.data import load_table


def owners_told(folder: Path, owners: Iterable[Owner], policy: Policy, interval_s: int) -> list[dict[str, Any]]:
    """Return what all accounts of each owner came to.

    Parameters
    ----------
    folder
        With the table `pnl`.
    owners
        Whose accounts, and their limits.
    policy
        When days begin.
    interval_s
        Length of the bars that were traded on, seconds.

    Returns
    -------
    list[dict[str, Any]]
        One for each whose accounts have traded; amounts as text, exact.
    """
    every, bar_ms = list(owners), interval_s * MS_PER_SECOND
    if not every:
        return []
    rows = load_table(folder, "pnl").sort("time_ms", "account").iter_rows(named=True)
    pnl = [Pnl.model_construct(**{name: row[name] for name in Pnl.model_fields}) for row in rows]
    found = []
    for owner in every:
        books = list(books_of(owner, pnl, policy.day_timezone, bar_ms))
        if books:
            found.append(_told(owner, books, policy, bar_ms))
    return found


def _told(owner: Owner, books: list[OwnerBooks], policy: Policy, bar_ms: int) -> dict[str, Any]:
    last = books[-1]
    amounts = {
        "initial": last.initial,
        "balance": last.balance,
        "equity": last.equity,
        "pnl": last.profit,
        "realised": last.realised,
        "unrealised": last.unrealised,
        "fees": last.fees,
        "exposure": last.exposure,
        "drawdown": last.drawdown,
        "daily_loss": last.daily_loss,
        "max_drawdown": max(each.drawdown for each in books),
    }
    limits = [
        {
            "rule": each.rule,
            "used_quote": decimal_string(each.used_quote),
            "limit_quote": decimal_string(each.limit_quote),
            "room_quote": decimal_string(each.room_quote),
        }
        for each in last.limits
    ]
    return {
        "owner": owner.name,
        "accounts": [each.name for each in owner.accounts],
        "currency": owner.currency,
        **{f"{name}_quote": decimal_string(amount) for name, amount in amounts.items()},
        "limits": limits,
        "days": _days(last.initial, books, policy, bar_ms),
    }


def _days(initial: Decimal, books: list[OwnerBooks], policy: Policy, bar_ms: int) -> list[dict[str, Any]]:
    by_day: dict[str, list[OwnerBooks]] = {}
    for each in books:
        by_day.setdefault(trading_day(each.time_ms - bar_ms, policy.day_timezone), []).append(each)
    days, before = [], initial
    with localcontext(EXACT):
        for date, own in by_day.items():
            equity = own[-1].equity
            days.append(
                {
                    "date": date,
                    "equity_quote": decimal_string(equity),
                    "pnl_quote": decimal_string(equity - before),
                    "max_drawdown_quote": decimal_string(max(each.drawdown for each in own)),
                    "max_exposure_quote": decimal_string(max(each.exposure for each in own)),
                }
            )
            before = equity
    return days
