"""`tradestream run --exchange simulator`: a market without a network, on which pairs come and go at any time."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.support.processes import Running, start
from tests.support.runs import summary_of, tradestream
from tests.support.waiting import wait_for

from contracts.clock import SystemClock
from contracts.symbol_subscription import SymbolSubscription
from contracts.topics import SYMBOL_SUBSCRIPTIONS, TRADES_CHECKPOINTS
from contracts.trades_checkpoint import TradesCheckpoint
from contracts.units import US_PER_MS
from embedded.plans.simulated_market import market_of
from embedded.subscriptions import settings_of
from exchanges.simulator.dialects import SOCKETS
from exchanges.simulator.instruments import INSTRUMENTS
from exchanges.simulator.market import Market
from results.run_folder import RunFolder
from streaming.clients import read_topic

SPEED = 30
SECONDS = 300
#: In which phase of a run each pair is subscribed; the first is the run's own.
PHASES = {"ETH/USD": "backfill", "SOL/USD": "train", "XRP/USD": "live"}
#: What the venue's times are cut to, microseconds.
PRECISION_US = {"kraken": 1, "coinbase": 1, "binance": 1_000}


@contextmanager
def begun(folder: Path, *options: str) -> Iterator[Running]:
    """Run until the block ends; nothing of it is left then."""
    common = ("run", "--exchange", "simulator", "--speed", str(SPEED), "--pairs", "BTC/USD", "--model", "logistic")
    run = start("embedded", folder, *common, "--data", str(folder / "run"), *options)
    try:
        yield run
    finally:
        run.kill()
        run.wait()


def words(folder: Path) -> str:
    return (folder / "embedded.log").read_text(encoding="utf-8")


def reaches(folder: Path, phase: str, process: Running) -> None:
    wait_for(lambda: f" s  {phase}" in words(folder), phase, SECONDS, of=process)


def covered_us(folder: Path) -> dict[str, int]:
    """Return how far each pair is complete."""
    found: dict[str, int] = {}
    for record in read_topic(settings_of(folder / "run"), TRADES_CHECKPOINTS):
        message = record.message()
        assert isinstance(message, TradesCheckpoint)
        found[message.pair] = message.covered_to_us
    return found


def streams(folder: Path, minutes: float, pairs: int, process: Running) -> None:
    """Wait until so many pairs are complete and go on together for so long."""
    reached: list[int] = []

    def all_go_on() -> bool:
        covered = covered_us(folder)
        if len(covered) < pairs or max(covered.values()) - min(covered.values()) > 120_000_000:
            return False
        reached.append(min(covered.values()))
        return reached[-1] - reached[0] > minutes * 60_000_000

    wait_for(all_go_on, lambda: f"{pairs} pairs stream: {covered_us(folder)}", SECONDS, of=process, poll_seconds=0.5)


def stop(folder: Path, process: Running) -> dict[str, Any]:
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 0, words(folder)
    return summary_of(folder / "run")


def asked_from_us(folder: Path) -> dict[str, int]:
    """Return since when each subscribed pair was asked for."""
    messages = [record.message() for record in read_topic(settings_of(folder / "run"), SYMBOL_SUBSCRIPTIONS)]
    asked = [each for each in messages if isinstance(each, SymbolSubscription) and each.history_from_ms]
    return {each.pair: each.history_from_ms * US_PER_MS for each in asked if each.history_from_ms}


def lost(folder: Path, speaks: str) -> dict[str, tuple[int, int]]:
    """Return, for each pair, how many trades the market had up to where it is complete, and how many are missing."""
    market = market_of(RunFolder(folder / "run"), 7, None, SystemClock())
    table = pl.read_parquet(folder / "run/trades.parquet")
    unit, found, asked_us = PRECISION_US[speaks], {}, asked_from_us(folder)
    for pair, to_us in covered_us(folder).items():
        made = Market(INSTRUMENTS[pair], market.seed, market.history_from_ms)
        mine = table.filter(pl.col("pair") == pair)
        # The run's own pair begins with what training needs, a subscribed one with what was asked for.
        begins_us = asked_us.get(pair, mine["timestamp_us"].min())
        assert isinstance(begins_us, int)
        from_us = max(begins_us, market.history_from_ms * US_PER_MS)
        first, last = made.index_at(from_us), made.index_at(to_us - to_us % unit)
        ids = set(range(made.first_trade_id + first, made.first_trade_id + last))
        found[pair] = (len(ids), len(ids - set(mine["trade_id"])))
    return found


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("speaks", SOCKETS)
def test_pairs_that_are_subscribed_in_any_phase_lose_nothing(tmp_path: Path, speaks: str) -> None:
    with begun(tmp_path, "--speaks", speaks) as run:
        for pair, phase in PHASES.items():
            reaches(tmp_path, phase, run)
            asked = tradestream("subscribe", pair, "--run", tmp_path / "run", "--history-days", 1)
            assert asked.returncode == 0, asked.stdout + asked.stderr
        streams(tmp_path, minutes=10, pairs=4, process=run)
        nothing_is_lost(tmp_path, speaks, stop(tmp_path, run))
    with begun(tmp_path) as again:
        streams(tmp_path, minutes=5, pairs=4, process=again)
        summary = stop(tmp_path, again)
    nothing_is_lost(tmp_path, speaks, summary)
    assert any("The simulated market went on at" in note for note in summary["notes"])


def nothing_is_lost(folder: Path, speaks: str, summary: dict[str, Any]) -> None:
    found = lost(folder, speaks)
    print(speaks, "(trades of the market, missing) by pair:", found)
    assert summary["dead_letters"] == {} and all(missing == 0 for _, missing in found.values())
    assert set(found) == {"BTC/USD", *PHASES}
