"""`summary.json`: what a run did, in numbers, computed from what it exported."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from contracts.candle import QUALITIES
from contracts.currency import quote_currency
from contracts.fill import Fill
from contracts.pnl import Pnl
from contracts.units import MS_PER_SECOND, decimal_string
from results.evaluation import accuracy_of, judged_predictions, labels_of
from results.export.write import ExportResult
from results.report.data import load_table, shortest_s
from results.statistics import statistics

FILE_NAME = "summary.json"
_LIBRARIES = ("tradestream-embedded", "quixstreams", "ta-lib", "onnxruntime", "mlflow-skinny", "polars")


@dataclass
class RunRecord:
    """What only the run itself knows; everything else is computed from the log.

    Parameters
    ----------
    title, command, seed
        What was asked for.
    exchange, pairs
        Whose market.
    started_at
        ISO 8601, UTC.
    live_from_ms, live_until_ms
        Event time of the live part.
    finished_at
        ISO 8601, UTC.
    wall_seconds
        From start to end.
    phases
        Wall seconds of each phase, in order.
    live_feed
        False if trades came from files as fast as they could be read: then waiting in line is no latency.
    model
        Name, version, kind and metrics of the served model; None if there is none.
    labels
        By version that spoke, the label that it foresees, as its card has it.
    kills
        Services killed on purpose.
    notes
        What a reader must know, in whole sentences.
    interval_s
        Of the bars that are predicted and traded.
    owners
        The books of all accounts of each owner: sums, days, and what is left of each limit.
    """

    title: str
    command: str
    exchange: str
    pairs: list[str]
    started_at: str = ""
    seed: int | None = None
    live_from_ms: int | None = None
    live_until_ms: int | None = None
    finished_at: str = ""
    wall_seconds: float = 0.0
    phases: dict[str, float] = field(default_factory=dict)
    live_feed: bool = True
    model: dict[str, Any] | None = None
    labels: dict[str, dict[str, Any]] | None = None
    kills: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    interval_s: int = 60
    owners: list[dict[str, Any]] = field(default_factory=list)


def write_summary(
    out: Path,
    record: RunRecord,
    processes: Mapping[str, Mapping[str, dict[str, Any]]],
    exported: ExportResult,
    latency: dict[str, dict[str, float]],
) -> dict[str, Any]:
    """Write `summary.json` into `out` and return its content.

    Parameters
    ----------
    out
        Folder of the exported tables.
    record
        What the run itself knows.
    processes
        How the processes fared, by name, under `services` and `jobs`.
    exported
        What the export left out.
    latency
        As `stage_latencies` returns it.

    Returns
    -------
    dict[str, Any]
        What is in the file.
    """
    candles, predictions = load_table(out, "candles"), load_table(out, "predictions")
    facts = asdict(record)
    judged = judged_predictions(predictions, candles, labels_of(facts))
    summary = {
        **facts,
        **processes,
        "counts": exported.rows,
        "pnl": books(out, candles),
        "accuracy": accuracy_of(judged).as_json(),
        "quality": quality(candles),
        "dead_letters": exported.dead_letters,
        "lost_trades": exported.lost_trades,
        "conflicts": {name: n for name, n in exported.conflicts.items() if n},
        "repeated": exported.repeated,
        "latency": latency,
        "versions": versions(),
    }
    (out / FILE_NAME).write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return summary


def books(out: Path, candles: pl.DataFrame) -> dict[str, Any]:
    """Return what the accounts achieved together, and each of them under `accounts`.

    Amounts of several currencies are not added up: there each currency has its own sums, under `currencies`, and only
    what has no currency stands beside them.
    """
    pnl, fills = load_table(out, "pnl"), load_table(out, "fills")
    signals = load_table(out, "signals")
    decisions = signals.filter(pl.col("decision") != "none").height
    if pnl.is_empty():
        return {"currencies": {}, "decisions": decisions, "accounts": {}}
    closes = candles.filter(pl.col("interval_s") == shortest_s(candles), pl.col("revision") == 0).select(
        "pair", "interval_s", "window_start_ms", "close"
    )
    currencies = _currencies(signals)
    accounts = {
        str(account): {
            "currency": currencies.get(account, ""),
            **_statistics(
                pnl.filter(pl.col("account") == account),
                fills.filter(pl.col("account") == account),
                closes.filter(
                    pl.col("pair").is_in(signals.filter(pl.col("account") == account)["pair"].unique().implode())
                ),
            ),
        }
        for account in sorted(pnl["account"].unique().to_list())
    }
    sums = {
        currency: _sums([each for each in accounts.values() if each["currency"] == currency])
        for currency in sorted({each["currency"] for each in accounts.values()})
    }
    together = {"currency": next(iter(sums)), **next(iter(sums.values()))} if len(sums) == 1 else {}
    return {**together, "currencies": sums, "decisions": decisions, "accounts": accounts}


def _currencies(signals: pl.DataFrame) -> dict[str, str]:
    """Return, per account, what the pairs it decides on are quoted in."""
    pairs = signals.unique(["account", "pair"]).sort("account", "pair").select("account", "pair")
    return {account: quote_currency(pair) for account, pair in pairs.iter_rows()}


def _sums(accounts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what accounts of one currency achieved together."""
    initial = sum((Decimal(each["initial_equity_quote"]) for each in accounts), Decimal())
    final = sum((Decimal(each["final_equity_quote"]) for each in accounts), Decimal())
    return {
        "initial_balance_quote": decimal_string(initial),
        "final_equity_quote": decimal_string(final),
        "pnl_quote": float(final - initial),
        "gross_pnl_quote": _sum_of(accounts, "gross_pnl_quote"),
        "return_pct": round(float((final / initial - 1) * 100), 4),
        "max_drawdown_pct": round(max(each["max_drawdown_pct"] for each in accounts), 4),
        "fees_quote": _sum_of(accounts, "fees_quote"),
        "slippage_quote": _sum_of(accounts, "slippage_quote"),
    }


def _sum_of(accounts: Sequence[Mapping[str, Any]], name: str) -> float:
    return float(sum(Decimal(each[name]) for each in accounts))


def _statistics(pnl: pl.DataFrame, fills: pl.DataFrame, closes: pl.DataFrame) -> dict[str, Any]:
    """Return the record of one account; `closes` are those of its pairs."""
    books_by_minute = [Pnl.model_construct(**row) for row in pnl.sort("time_ms").iter_rows(named=True)]
    in_order = [Fill.model_construct(**row) for row in fills.sort("filled_at_ms", "fill_id").iter_rows(named=True)]
    first = books_by_minute[0]
    initial = first.initial
    last_ms = books_by_minute[-1].time_ms
    ends = pl.col("window_start_ms") + pl.col("interval_s") * MS_PER_SECOND
    span = closes.filter(ends.is_between(first.time_ms, last_ms))
    held = [
        (float(own["close"][0]), float(own["close"][-1]))
        for _, own in span.sort("window_start_ms").group_by("pair", maintain_order=True)
    ]
    return asdict(statistics(books_by_minute, in_order, initial, held))


def quality(candles: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Return, per pair, the one-minute candles by quality (first revision), and how many were revised."""
    minutes = candles.filter(pl.col("interval_s") == shortest_s(candles))
    found: dict[str, dict[str, int]] = {}
    for pair in sorted(minutes["pair"].unique().to_list()):
        own = minutes.filter(pl.col("pair") == pair)
        counted = dict(own.filter(pl.col("revision") == 0).group_by("quality").len().iter_rows())
        revised = own.filter(pl.col("revision") > 0)["window_start_ms"].n_unique()
        found[pair] = {**{name: counted.get(name, 0) for name in QUALITIES}, "revised": revised}
    return found


def versions() -> dict[str, str]:
    """Return the versions that can matter for the numbers."""
    return {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}}
