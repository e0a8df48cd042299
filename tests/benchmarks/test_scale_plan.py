"""The scale plan is arithmetic: its page has the table that the figures give, and they are those of the system."""

from __future__ import annotations

import pytest
from benchmarks.scale_plan import LOADS, MEMORY_MIB, PARTITIONS, Load, cores, gigabytes_a_day, memory_gib, table
from tests.support.workspace import ROOT

from candles.settings import CandlesSettings
from contracts.topics import CANDLES, SIGNALS, TRADES
from streaming.kafka.grants import services

PAGE = (ROOT / "docs/how-to/scale.md").read_text(encoding="utf-8")


def test_the_page_has_the_table_that_the_figures_give() -> None:
    assert table(LOADS) in PAGE, "write `table(LOADS)` into docs/how-to/scale.md"


def test_the_example_is_what_is_counted() -> None:
    load = Load(pairs=100, trades_per_second=1_000)
    busy = cores(load)
    assert busy["trades"] + busy["candles"] == pytest.approx(0.36)
    assert busy["brokers"] == pytest.approx(0.75, abs=0.005)
    assert gigabytes_a_day(load) == pytest.approx(22.3, abs=0.05)
    assert memory_gib(load) == pytest.approx(1.1, abs=0.05)


def test_it_counts_with_the_systems_own_partitions_and_intervals() -> None:
    assert {TRADES.partitions, CANDLES.partitions, SIGNALS.partitions} == {PARTITIONS}
    assert CandlesSettings().intervals_s == (60, 300)
    assert set(MEMORY_MIB) <= set(services())


def test_more_of_anything_never_needs_less() -> None:
    small, large = Load(10, 100), Load(20, 200, accounts=2)
    assert all(cores(large)[part] > busy for part, busy in cores(small).items())
    assert gigabytes_a_day(large) > gigabytes_a_day(small)
    assert memory_gib(large) >= memory_gib(small)
