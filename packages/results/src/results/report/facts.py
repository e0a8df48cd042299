"""The report's numbers in words: headline tiles and the rows of its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from contracts.candle import QUALITIES
from contracts.counted import counted
from contracts.currency import quote_currency
from contracts.signal import strategy_in
from results.books import books
from results.report.data import ReportData, load_table
from results.report.wording import (
    MISSING,
    count,
    duration,
    milliseconds,
    model_named,
    money,
    percent,
    price,
    quantity,
    utc,
)

MAX_ROWS = 200
SECONDS_PER_MINUTE = 60
_STAGES = {
    "candles": "candle",
    "technical_indicators": "indicators",
    "predictions": "prediction",
    "signals": "signal",
    "orders": "order",
    "fills": "fill",
}
Tone = Literal["", "good", "bad"]


@dataclass(frozen=True)
class Tile:
    """A headline figure."""

    label: str
    value: str
    note: str = ""
    tone: Tone = ""


def tone_of(value: float | None) -> Tone:
    """Return good for a gain, bad for a loss."""
    return "" if not value else "good" if value > 0 else "bad"


def money_tiles(data: ReportData) -> list[Tile]:
    """What a reader wants to know first."""
    pnl, accuracy, counts = (data.summary.get(name) or {} for name in ("pnl", "accuracy", "counts"))
    hit, base = accuracy.get("accuracy"), accuracy.get("base_rate")
    return [
        *(tile for currency, sums in _by_currency(pnl) for tile in _sums_tiles(currency, sums)),
        Tile("Fills", count(counts.get("fills", 0)), f"of {counted(pnl.get('decisions', 0), 'decision')}"),
        Tile(
            "Accuracy",
            percent(hit, 1),
            f"base rate {percent(base, 1)}, {count(accuracy.get('judged', 0))} judged",
            _edge_tone(hit, base, accuracy.get("judged", 0) / data.horizon_bars),
        ),
    ]


def _by_currency(pnl: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the sums of each currency; without any one entry that says so."""
    # A summary from before accounts had a currency has its sums beside the accounts.
    return list(pnl.get("currencies", {}).items()) or [("", pnl)]


def _sums_tiles(currency: str, sums: dict[str, Any]) -> list[Tile]:
    gain, share, drawdown = (sums.get(name) for name in ("pnl_quote", "return_pct", "max_drawdown_pct"))
    earned = "nothing was traded" if gain is None else f"{money(gain, sign=True, currency=currency)} after fees"
    fees = money(sums.get("fees_quote", 0.0), currency=currency)
    return [
        Tile("Return", percent(_share(share), sign=True), earned, tone_of(share)),
        Tile("Largest drawdown", percent(_share(drawdown)), f"fees {fees}"),
    ]


def _amount(value: float, currency: str) -> str:
    return money(value, currency=currency)


def _gain(value: float, currency: str) -> str:
    return money(value, sign=True, currency=currency)


#: Label, name in an account's statistics, how it is written in the account's currency.
_TRADING: tuple[tuple[str, str, Callable[[float, str], str]], ...] = (
    ("P&L before costs", "gross_pnl_quote", _gain),
    ("Fees", "fees_quote", _amount),
    ("Slippage", "slippage_quote", _amount),
    ("Buy and hold, without costs", "buy_and_hold_pct", lambda value, _: percent(value / 100, sign=True)),
    ("Round trips", "round_trips", lambda value, _: count(value)),
    ("Win rate", "win_rate_pct", lambda value, _: percent(value / 100, 1)),
    ("Profit factor", "profit_factor", lambda value, _: f"{value:.2f}"),
    ("Mean profit of a round trip", "mean_profit_quote", _gain),
    ("Held, median", "median_holding_minutes", lambda value, _: duration(value * SECONDS_PER_MINUTE)),
    ("Held, mean", "mean_holding_minutes", lambda value, _: duration(value * SECONDS_PER_MINUTE)),
    ("Time in the market", "time_in_market_pct", lambda value, _: percent(value / 100, 1)),
    ("Mean exposure", "mean_exposure_pct", lambda value, _: percent(value / 100, 1)),
    ("Largest drawdown", "max_drawdown_pct", lambda value, _: percent(value / 100)),
    ("Sharpe, yearly of daily returns", "sharpe_daily", lambda value, _: f"{value:.2f}"),
    ("Sortino, yearly of daily returns", "sortino_daily", lambda value, _: f"{value:.2f}"),
)


def trading_rows(data: ReportData) -> tuple[list[str], list[list[str]]]:
    """Return the accounts' names, and a row of each figure with its value for each account."""
    accounts = _accounts(data)
    rows = [
        [
            label,
            *(
                MISSING if own.get(name) is None else say(float(own[name]), own.get("currency", ""))
                for own in accounts.values()
            ),
        ]
        for label, name, say in _TRADING
    ]
    return list(accounts), rows if accounts else []


def day_rows(data: ReportData) -> list[list[str]]:
    """Return what each UTC day brought each account, the newest first, as cells."""
    rows = [
        [
            day["date"],
            account,
            _amount(float(day["equity_quote"]), own.get("currency", "")),
            _day_return(day),
            count(day["fills"]),
        ]
        for account, own in _accounts(data).items()
        for day in own.get("days", ())
    ]
    return sorted(rows, key=lambda row: row[0], reverse=True)[:MAX_ROWS]


def book_rows(data: ReportData) -> list[list[str]]:
    """Return what each strategy has earned on each pair, as cells."""
    tables = (load_table(data.folder, name) for name in ("fills", "signals", "pnl"))
    return [
        [
            row["account"],
            row["strategy"] or MISSING,
            row["pair"],
            count(row["fills"]),
            count(row["round_trips"]),
            *(
                _amount(row[name], quote_currency(row["pair"]))
                for name in ("realised_quote", "fees_quote", "net_quote")
            ),
            *(_ratio(row[name]) for name in ("profit_factor", "sharpe_daily", "sortino_daily")),
        ]
        for row in books(*tables).iter_rows(named=True)
    ][:MAX_ROWS]


def owner_rows(data: ReportData) -> list[list[str]]:
    """Return what all accounts of each owner came to, as cells."""
    rows = []
    for own in data.summary.get("owners", ()):
        currency = own["currency"]
        amounts = (_amount(float(own[f"{name}_quote"]), currency) for name in ("drawdown", "exposure"))
        gain = _gain(float(own["pnl_quote"]), currency)
        accounts = ", ".join(own["accounts"])
        rows.append([own["owner"], accounts, _amount(float(own["equity_quote"]), currency), gain, *amounts])
    return rows


def owner_limit_rows(data: ReportData) -> list[list[str]]:
    """Return what is left of each limit over all accounts of an owner, as cells."""
    return [
        [
            own["owner"],
            each["rule"],
            *(_amount(float(each[f"{name}_quote"]), own["currency"]) for name in ("used", "limit", "room")),
        ]
        for own in data.summary.get("owners", ())
        for each in own["limits"]
    ]


def owner_day_rows(data: ReportData) -> list[list[str]]:
    """Return what each trading day brought all accounts of an owner, the newest first, as cells."""
    rows = [
        [
            day["date"],
            own["owner"],
            *(_amount(float(day[f"{name}_quote"]), own["currency"]) for name in ("equity", "max_drawdown")),
            _gain(float(day["pnl_quote"]), own["currency"]),
        ]
        for own in data.summary.get("owners", ())
        for day in own["days"]
    ]
    return sorted(rows, key=lambda row: row[0], reverse=True)[:MAX_ROWS]


def _ratio(value: float | None) -> str:
    return MISSING if value is None else f"{value:.2f}"


def _day_return(day: dict[str, Any]) -> str:
    return percent(day["return_pct"] / 100, sign=True)


def _accounts(data: ReportData) -> dict[str, dict[str, Any]]:
    return dict((data.summary.get("pnl") or {}).get("accounts", {}))


def _edge_tone(hit: float | None, base: float | None, independent: float) -> Tone:
    """Return a colour only where chance does not explain the difference: beyond two standard errors.

    Predictions of successive minutes look at overlapping horizons, so only one in `horizon_bars` is independent.
    """
    if hit is None or base is None or abs(hit - base) <= 2 * (base * (1 - base) / max(1.0, independent)) ** 0.5:
        return ""
    return tone_of(hit - base)


def _share(percentage: float | None) -> float | None:
    return None if percentage is None else percentage / 100


def health_facts(data: ReportData) -> list[Tile]:
    """Whether the machinery behaved."""
    summary = data.summary
    model = summary.get("model")
    restarts = sum(service["restarts"] for service in summary.get("services", {}).values())
    dead = sum(summary.get("dead_letters", {}).values())
    conflicts = sum(summary.get("conflicts", {}).values())
    quality = quality_totals(data)
    whole = sum(quality.values())
    named = model_named(**model) if model else "none"
    return [
        Tile("Model", named, (model or {}).get("kind", "")),
        Tile("Predictions", count(summary.get("counts", {}).get("predictions", 0))),
        Tile("Candles with a gap", percent(quality["gap"] / whole if whole else None, 2), f"of {count(whole)}"),
        Tile("Restarts", count(restarts)),
        Tile("Dead letters", count(dead), "", "bad" if dead else ""),
        Tile("Conflicting messages", count(conflicts), "", "bad" if conflicts else ""),
    ]


def quality_totals(data: ReportData) -> dict[str, int]:
    """Return how many one-minute candles have each quality, over all pairs."""
    rows = data.summary.get("quality", {}).values()
    return {name: sum(row.get(name, 0) for row in rows) for name in QUALITIES}


def quality_rows(data: ReportData) -> list[dict[str, Any]]:
    """Return one row per pair, with shares for the bar."""
    rows = []
    for pair, found in sorted(data.summary.get("quality", {}).items()):
        whole = max(1, sum(found.get(name, 0) for name in QUALITIES))
        rows.append(
            {
                "pair": pair,
                "cells": [count(found.get(name, 0)) for name in (*QUALITIES, "revised")],
                "shares": [(name, round(100 * found.get(name, 0) / whole, 2)) for name in QUALITIES],
            }
        )
    return rows


def fill_rows(data: ReportData) -> list[list[str]]:
    """Return the latest fills as cells, the newest first."""
    rows = data.fills.sort("filled_at_ms", "fill_id", descending=True).head(MAX_ROWS)
    return [
        [
            utc(row["filled_at_ms"]),
            row["pair"],
            row["side"],
            quantity(row["quantity"]),
            price(row["price"]),
            _money(row, row["quantity"] * row["price"]),
            _money(row, row["fee_quote"]),
            _money(row, row["realised_pnl_quote"], sign=True) if row["side"] == "sell" else MISSING,
            strategy_in(row["signal_id"]) or MISSING,
            MISSING if row["model_name"] is None else f"{row['model_name']} v{row['model_version']}",
        ]
        for row in rows.iter_rows(named=True)
    ]


def _money(row: Mapping[str, Any], value: float, sign: bool = False) -> str:
    """Return an amount of a row about a pair, in the currency that pair is quoted in."""
    return money(value, sign, quote_currency(row["pair"]))


def position_rows(data: ReportData) -> list[list[str]]:
    """Return, per account and pair, what is held at the end and what the whole run brought, as cells."""
    return [
        [
            row["account"],
            row["pair"],
            quantity(row["held"]),
            price(row["average_price"]) if row["held"] else price(None),
            price(row["last_price"]),
            _money(row, row["unrealised"], sign=True),
            _money(row, row["realised"], sign=True),
            _money(row, row["fees"]),
            _money(row, row["unrealised"] + row["realised"] - row["fees"], sign=True),
        ]
        for row in data.holdings.iter_rows(named=True)
    ]


def alert_rows(data: ReportData) -> list[list[str]]:
    """Return the risk events as cells, the newest first."""
    rows = data.risk_alerts.sort("time_ms", descending=True).head(MAX_ROWS)
    return [
        [utc(row["time_ms"]), row["severity"], row["rule"], row["pair"] or "all", row["message"]]
        for row in rows.iter_rows(named=True)
    ]


def latency_rows(data: ReportData) -> list[dict[str, Any]]:
    """Return one row per stage, with the length of its bars in percent of the slowest p99."""
    found = data.summary.get("latency", {})
    longest = max((row["p99_ms"] for row in found.values()), default=1.0) or 1.0
    return [
        {
            "stage": label,
            "cells": [count(row["messages"]), *(milliseconds(row[q]) for q in ("p50_ms", "p95_ms", "p99_ms"))],
            "widths": [round(100 * row[q] / longest, 1) for q in ("p50_ms", "p95_ms", "p99_ms")],
        }
        for topic, label in _STAGES.items()
        if (row := found.get(topic))
    ]


def process_rows(data: ReportData) -> list[list[str]]:
    """Return one row per process, the six services first."""
    processes = {**data.summary.get("services", {}), **data.summary.get("jobs", {})}
    return [
        [
            name,
            _or_missing(row["pid"]),
            count(row["restarts"]),
            _or_missing(row["exit_code"]),
            f"{row['cpu_s']:.1f} s",
            f"{row['peak_rss_mb']:.0f} MB",
        ]
        for name, row in processes.items()
    ]


def _or_missing(value: int | None) -> str:
    return MISSING if value is None else str(value)


def decision_rows(data: ReportData) -> list[list[str]]:
    """Return how many signals gave each reason."""
    path = data.folder / "signals.parquet"
    if not path.exists():
        return []
    counted = (
        pl.scan_parquet(path, glob=False).group_by("decision", "reason").len().sort("len", descending=True).collect()
    )
    whole = max(1, int(counted["len"].sum()))
    return [
        [decision, reason.replace("_", " "), count(number), percent(number / whole, 1)]
        for decision, reason, number in counted.iter_rows()
    ]
