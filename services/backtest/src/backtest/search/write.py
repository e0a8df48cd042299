"""A try's whole run, written as `tradestream backtest` writes one: tables, summary, report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backtest.provenance import commit
from backtest.search.job import Job, Span
from backtest.search.space import Choice
from backtest.tables import write_tables
from contracts.clock import Clock, SystemClock
from contracts.timestamps import iso_utc
from results.export.write import ExportResult
from results.report.page import write_report
from results.summary import RunRecord, write_summary


def write_run(
    job: Job,
    choice: Choice,
    span: Span,
    out: Path,
    title: str,
    command: str,
    notes: Sequence[str],
    clock: Clock | None = None,
) -> None:
    """Run a try on the engine and write all that it did.

    Parameters
    ----------
    job, choice, span
        The try.
    out
        A folder of ours.
    title, command, notes
        For the report.
    clock
        For the record of when it was made.
    """
    now = iso_utc((clock or SystemClock()).now_us())
    outcome = job.outcome(choice, span)
    market = outcome.market
    named = f"Strategy: {job.file.name} {job.made(choice).only.hash} with {choice.titles()}."
    record = RunRecord(
        title=title,
        command=command,
        exchange=market.pairs[0].bars.exchange,
        pairs=sorted(market.numbers),
        live_from_ms=int(market.starts_ms[0]),
        live_until_ms=market.end_ms(-1),
        live_feed=False,
        notes=[*notes, *job.history.notes, named, f"Code: {commit() or 'an installed package'}; data: {job.data}."],
        interval_s=job.history.interval_s,
        started_at=now,
        finished_at=now,
    )
    rows = write_tables([outcome], out)
    states: dict[str, dict[str, Any]] = {"services": {}, "jobs": {}}
    write_summary(out, record, states, ExportResult(rows=rows), {})
    write_report(out)
