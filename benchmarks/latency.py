"""From the trade that closes a candle to the signal it leads to, through the services as separate processes."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import live_market
from benchmarks.live_market import LIVE_MS, Market
from benchmarks.logs import fill, item, running_log
from benchmarks.processes import Processes, broker_pids, cpu_seconds, services
from benchmarks.table import Goal, Table
from contracts.signal import Signal
from contracts.topics import CANDLES, PNL, PREDICTIONS, SIGNALS, TECHNICAL_INDICATORS, TRADES, TopicSpec
from contracts.units import MS_PER_MINUTE, US_PER_MS
from streaming.clients import read_topic
from streaming.settings import ServiceSettings

#: Of the live part: the first seconds are caches and connections warming up.
_WARM_UP_MINUTES = 5
_INTERVAL_S = 60
#: Stage, what it ends with, what the requirement allows it (ms).
_STAGES = (
    ("ingest", CANDLES, 50.0),
    ("features", TECHNICAL_INDICATORS, 20.0),
    ("inference", PREDICTIONS, 30.0),
    ("signal", SIGNALS, 10.0),
    ("order", PNL, 10.0),
)
_END_TO_END_MS, _SIGNAL_P99_MS = 150.0, 20.0
_QUANTILES = (50.0, 99.0, 99.9)
_READABLE = "to signals, readable"
_JOIN_SECONDS = 3.0

Milliseconds = npt.NDArray[np.float64]


def measure(kind: str, market: Market) -> list[Table]:
    """Let `market` run through the services over the log `kind`."""
    with running_log(kind) as settings, services(settings, market.names) as run:
        fill(settings, TRADES.full_name(settings.environment), map(item, market.history()))
        run.drain()
        read_file = run.folder / "signals-read.json"
        run.start("reader", "benchmarks.signal_reader", settings.broker_address, str(read_file))
        time.sleep(_JOIN_SECONDS)
        cpu, delay_ms = _live(run, settings, market)
        run.stop("reader")
        waits = _waits_ms(settings, json.loads(read_file.read_text()))
    return [_table(kind, market, waits, cpu, delay_ms)]


def _live(run: Processes, settings: ServiceSettings, market: Market) -> tuple[dict[str, float], float]:
    """Run the paced source to its end; return the share of a core that each process used, and its longest delay."""
    run.start("source", *live_market.command(settings, market))
    before, started = run.cpu_seconds(), time.perf_counter()
    brokers = {pid: cpu_seconds(pid) for pid in broker_pids(settings)}
    run.wait_for(lambda: run.running["source"].poll() is not None, "the source to end")
    seconds = time.perf_counter() - started
    run.join("source")
    shares = {name: (after - before[name]) / seconds for name, after in run.cpu_seconds().items()}
    for pid, spent in brokers.items():
        shares["broker"] = (cpu_seconds(pid) - spent) / seconds
    run.drain()
    time.sleep(_JOIN_SECONDS)
    return shares, json.loads(run.last_words("source").splitlines()[-1])["longest_delay_ms"]


def _waits_ms(settings: ServiceSettings, read: list[tuple[int, int, int]]) -> dict[str, Milliseconds]:
    """Return what each stage took, and the way to each topic, from the headers of the live windows' messages."""
    waits: dict[str, Milliseconds] = {}
    before: dict[int, int] = {}
    for stage, spec, _ in _STAGES:
        produced_us = _produced_us(settings, spec)
        causes = before or {ingested_us: ingested_us for ingested_us in produced_us}
        took = [at_us - causes[cause] for cause, at_us in produced_us.items() if cause in causes]
        waits[stage] = np.array(took) / US_PER_MS
        waits[f"to {spec.name}"] = np.array([at_us - cause for cause, at_us in produced_us.items()]) / US_PER_MS
        if spec is SIGNALS:
            took = [read_us - cause for cause, _, read_us in read if cause in produced_us]
            waits[_READABLE] = np.array(took) / US_PER_MS
        before = produced_us
    return waits


def _produced_us(settings: ServiceSettings, spec: TopicSpec) -> dict[int, int]:
    """Return when each message about a live one-minute window was made, by when the trade that caused it came.

    An account's orders and the books of a minute are written in one step, when it has heard of all its pairs: the
    books are there every minute, and their cause is the last of the signals.
    """
    begin_ms = LIVE_MS + _WARM_UP_MINUTES * MS_PER_MINUTE
    found = {}
    for record in read_topic(settings, spec):
        if record.timestamp_ms <= begin_ms:
            continue
        message: Any = record.message()
        if spec is SIGNALS and not isinstance(message, Signal):
            continue
        if spec is PNL or message.interval_s == _INTERVAL_S:
            found[int(record.headers["ingested_at_us"] or 0)] = int(record.headers["produced_at_us"] or 0)
    return found


def _table(
    kind: str, market: Market, waits: dict[str, Milliseconds], cpu: dict[str, float], delay_ms: float
) -> Table:
    rows = [
        (label, f"{len(times):,}", *(f"{np.percentile(times, q):.1f}" for q in _QUANTILES), f"{times.max():.1f}")
        for label, times in waits.items()
        if len(times)
    ]
    goals = [Goal("trade to signal, p99", _p99(waits[_READABLE]), _SIGNAL_P99_MS, at_least=False, unit="ms")]
    for stage, _, most_ms in _STAGES:
        goals.append(Goal(f"{stage}, p99", _p99(waits[stage]), most_ms, at_least=False, unit="ms"))
    goals.append(Goal("end to end, trade to order, p99", _p99(waits["to pnl"]), _END_TO_END_MS, False, "ms"))
    used = ", ".join(f"{name} {share:.0%}" for name, share in cpu.items())
    notes = [f"share of a core: {used}", f"longest delay of the source itself: {delay_ms} ms, not counted"]
    title = (
        f"Latency in ms, {kind}: {market.trades_per_second:,} trades/s in frames of 1 over {market.pairs} pairs, "
        f"event time {market.event_speed}x, {market.seconds} s"
    )
    return Table(title, ("", "messages", *(f"p{q:g}" for q in _QUANTILES), "max"), rows, goals, notes)


def _p99(times: Milliseconds) -> float:
    return float(np.percentile(times, 99)) if len(times) else float("nan")
