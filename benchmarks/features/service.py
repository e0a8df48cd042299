"""Candles through the indicators service into each store: rows a second, on one core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
import orjson
from tests.support.bar_series import BarSeries, simulated

from benchmarks.candles import new_on
from benchmarks.contestant import Result, Task, run
from benchmarks.features.restart import of_pairs
from benchmarks.logs import CannotRunError, fill, item, running_log
from benchmarks.market import pair_names
from benchmarks.postgres import new_database, running_postgres
from benchmarks.table import Table
from contracts.candle import Candle
from contracts.topics import CANDLES, TECHNICAL_INDICATORS
from contracts.units import US_PER_SECOND
from features import SETS, feature_set
from features.batch import compute
from features.blocks import Floats
from featurestore import open_store
from featurestore.settings import OFF
from streaming.clients import create_topics
from streaming.settings import ServiceSettings

SQLITE, POSTGRES = "SQLite", "PostgreSQL"


@dataclass(frozen=True)
class Size:
    """How many pairs, candles of each, and how often."""

    pairs: int = 4
    candles: int = 2_500
    rounds: int = 3
    stores: Sequence[str] = (OFF, SQLITE, POSTGRES)


@dataclass(frozen=True)
class Way:
    """One set into one store over one log."""

    set_name: str
    store: str
    task: Task
    expected: dict[str, Floats]
    written: Callable[[], Iterable[bytes]]
    server: str

    def run(self, number: int) -> Result:
        """Run once, as a group of its own with an empty store; the time of wrong or missing rows is refused."""
        group = f"{self.set_name}_{self.store}_{number}".lower()
        folder = f"{self.task.folder}/{group}"
        url = {SQLITE: f"sqlite:///{folder}/store.sqlite", OFF: OFF}.get(self.store) or new_database(
            self.server, group
        )
        told = {"store_url": url, "feature_set": self.set_name}
        result = run(replace(self.task, group=group, folder=folder, settings=told))
        _require_rows(self.written(), self.expected, self.task.messages)
        if url != OFF:
            with open_store(url) as store:
                ((count,),) = store.sql("SELECT count(*) FROM technical_indicators").rows
            assert count == self.task.messages, f"{self.store}: expected {self.task.messages} rows, was {count}"
        return result


def measure(kind: str, size: Size) -> list[Table]:
    """Run every set into every store over the log `kind`, in turn, several times."""
    series = simulated(size.candles)
    notes = []
    with ExitStack() as stack:
        settings = stack.enter_context(running_log(kind))
        stores, server = list(size.stores), ""
        if POSTGRES in stores:
            try:
                server = stack.enter_context(running_postgres())
            except CannotRunError as error:
                stores.remove(POSTGRES)
                notes.append(f"{POSTGRES} is left out: {error}")
        ways = [way for set_name in SETS for way in _ways(settings, series, set_name, size, stores, server)]
        results: dict[tuple[str, str], list[Result]] = {(way.set_name, way.store): [] for way in ways}
        for number in range(size.rounds):
            for way in ways:
                results[way.set_name, way.store].append(way.run(number))
    return [_table(kind, results, size, notes)]


def _ways(
    settings: ServiceSettings, series: BarSeries, set_name: str, size: Size, stores: Sequence[str], server: str
) -> list[Way]:
    """Write the candles to a topic of the set's own, and return how they can go on from there."""
    local = settings.model_copy(update={"environment": set_name})
    create_topics(local, [CANDLES, TECHNICAL_INDICATORS])
    pairs = pair_names(size.pairs)
    messages = fill(local, CANDLES.full_name(set_name), map(item, _in_time_order(series, pairs)))
    task = Task(
        who="indicators",
        broker_address=local.broker_address,
        environment=set_name,
        source="",
        target="",
        messages=messages,
        group="",
        folder=str(local.data_dir / "state"),
    )
    columns = {name: values for name, values in series.columns.items() if name != "reference_close"}
    expected = compute(series.starts_ms, columns, series.interval_s, feature_set(set_name))
    written = new_on(local, TECHNICAL_INDICATORS)
    return [Way(set_name, store, task, expected, written, server) for store in stores]


def _in_time_order(series: BarSeries, pairs: Sequence[str]) -> Iterator[Candle]:
    return (each for candle in series.candles() for each in of_pairs(candle, pairs))


def _require_rows(values: Iterable[bytes], expected: dict[str, Floats], messages: int) -> None:
    """Refuse anything but one row for each candle, with the batch twin's values to the bit."""
    by_pair: dict[str, list[dict[str, float | None]]] = {}
    for value in values:
        row = orjson.loads(value)
        by_pair.setdefault(row["pair"], []).append(row)
    assert sum(map(len, by_pair.values())) == messages, f"expected {messages} rows, was {len(by_pair)} pairs'"
    for pair, rows in by_pair.items():
        for name, wanted in expected.items():
            found = np.array([row[name] for row in rows], dtype=np.float64)
            assert np.array_equal(found, wanted, equal_nan=True), f"{pair}: expected the batch twin's {name}"


def _table(kind: str, results: dict[tuple[str, str], list[Result]], size: Size, notes: Sequence[str]) -> Table:
    count = size.pairs * size.candles
    rows = []
    for (set_name, store), runs in results.items():
        seconds, cpu_seconds = (median(getattr(each, name) for each in runs) for name in ("seconds", "cpu_seconds"))
        off_seconds = median(each.cpu_seconds for each in results[set_name, OFF])
        rows.append(
            (
                f"{set_name}, store {store}",
                f"{count / seconds:,.0f}",
                f"{cpu_seconds / count * US_PER_SECOND:.0f}",
                f"{cpu_seconds / off_seconds:.2f}x",
            )
        )
    title = (
        f"indicators service, {kind}: {count:,} candles of {size.pairs} pairs to rows on the topic and in the store; "
        f"medians of {size.rounds}"
    )
    return Table(title, ("", "rows/s", "CPU us/row", f"x store {OFF}"), rows, notes=notes)
