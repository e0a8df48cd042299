"""How long each stage took, in wall time, from the headers of its messages."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import polars as pl

from contracts.topics import CANDLES, FILLS, ORDERS, PREDICTIONS, SIGNALS, TECHNICAL_INDICATORS, TopicSpec
from results.run_log import RunLog

#: In flow order.
STAGES: tuple[TopicSpec, ...] = (CANDLES, TECHNICAL_INDICATORS, PREDICTIONS, SIGNALS, ORDERS, FILLS)
_US_PER_MS = 1_000
_QUANTILES = {"p50_ms": 0.50, "p95_ms": 0.95, "p99_ms": 0.99}


def stage_latencies(log_folder: Path, from_ms: int, environment: str = "dev") -> dict[str, dict[str, float]]:
    """Return, per topic, the wall time from a trade's arrival to the message it led to.

    Parameters
    ----------
    log_folder
        Folder of the embedded log.
    from_ms
        Messages of an earlier event time are history: they waited in bulk, which is no latency.
    environment
        Suffix of the topics.

    Returns
    -------
    dict
        Topic -> ``messages``, ``p50_ms``, ``p95_ms``, ``p99_ms``; topics without live messages are left out.
    """
    with closing(RunLog(log_folder, environment)) as log:
        found = {spec.name: _percentiles(_waits_ms(log, spec, from_ms)) for spec in STAGES}
    return {name: row for name, row in found.items() if row}


def _waits_ms(log: RunLog, spec: TopicSpec, from_ms: int) -> pl.Series:
    headers: list[str] = []
    while page := log.read_new(spec):
        headers.extend(stored.decode("latin-1") for _, at_ms, _, _, stored in page if stored and at_ms >= from_ms)
    stored = pl.Series(headers, dtype=pl.String)
    return ((_header(stored, "produced_at_us") - _header(stored, "ingested_at_us")) / _US_PER_MS).drop_nulls()


def _header(stored: pl.Series, name: str) -> pl.Series:
    """Return the numbers that a header carries; the log keeps headers as JSON pairs of text."""
    return stored.str.extract(rf'"{name}",\s*"(\d+)"').cast(pl.Int64)


def _percentiles(waits_ms: pl.Series) -> dict[str, float]:
    if waits_ms.is_empty():
        return {}
    quantiles = {name: round(float(waits_ms.quantile(q) or 0), 2) for name, q in _QUANTILES.items()}
    return {"messages": waits_ms.len(), **quantiles}
