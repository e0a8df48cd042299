"""What a pair keeps, what a new process pays for it, and the pause at the anchor."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.support.bar_series import BarSeries, simulated

from benchmarks.features.one_core import on_one_core
from benchmarks.features.rings import opened, state_of, write
from benchmarks.market import pair_names
from benchmarks.ours import live_state_bytes
from benchmarks.table import Table
from contracts.candle import Candle
from contracts.feature_row import FeatureRow
from features import ANCHOR_BARS, HELD_BARS, SETS, WARM_UP_BARS
from features.batch import compute
from indicators.core.fold import Engines, step
from indicators.core.ring import RING_BARS

_MS_PER_SECOND = 1_000.0
#: Features of one row, and of one row by set.
Values = dict[str, float | None]
Expected = dict[str, Values]
#: Minutes before and after the anchor that are ordinary.
_AROUND = 10


@dataclass(frozen=True)
class Size:
    """How many pairs start again, at which minute of their day, and how many meet an anchor, how often."""

    pairs: int = 1_000
    minute: int = ANCHOR_BARS // 2
    pairs_at_anchor: int = 100
    rounds: int = 3


@dataclass(frozen=True)
class Started:
    """Times of a new process, in seconds of its own: opening the store, then each pair's first candle."""

    opening: float
    pairs: list[float]


def measure(size: Size) -> list[Table]:
    """Write rings, then let new processes go on with them."""
    with tempfile.TemporaryDirectory(prefix="bench-rings-") as folder:
        return [
            _state(Path(folder, "state")),
            _restarts(Path(folder, "restart"), size),
            _pauses(Path(folder, "anchor"), size),
        ]


def _state(folder: Path) -> Table:
    """A full ring is as large as it gets: bars take the places of older ones."""
    write(folder / "one", simulated(RING_BARS).candles(), ["BTC/USD"])
    size = live_state_bytes(folder)
    row = ("one pair, any set of features", f"{RING_BARS:,}", f"{size:,}", f"{size / RING_BARS:.0f}")
    return Table("State: keys and values as they are stored", ("", "bars", "bytes", "bytes/bar"), [row])


def _restarts(folder: Path, size: Size) -> Table:
    series = _series(before_anchor=WARM_UP_BARS + HELD_BARS, after_anchor=size.minute)
    *kept, following = series.candles()
    pairs = pair_names(size.pairs)
    write(folder, kept, pairs)
    rows = [
        (
            set_name,
            f"{median(started.pairs) * _MS_PER_SECOND:.1f}",
            f"{max(started.pairs) * _MS_PER_SECOND:.0f}",
            f"{started.opening * _MS_PER_SECOND:.0f}",
            f"{started.opening + sum(started.pairs):.1f}",
        )
        for set_name, started in on_one_core(_start_again, folder, of_pairs(following, pairs), _expected(series))
    ]
    title = (
        f"Restart with {size.pairs:,} pairs, {len(kept):,} bars each: a new process, the first candle of each pair"
    )
    return Table(title, ("", "ms a pair, median", "most", "ms to open the store", "s in all"), rows)


def _start_again(folder: Path, candles: Sequence[Candle], expected: Expected) -> list[tuple[str, Started]]:
    """Take the next candle of each pair with no engine there; refuse the time of wrong rows."""
    found = []
    for set_name, wanted in expected.items():
        engines: Engines = {}
        seconds = []
        began = time.thread_time()
        with opened(folder) as transaction:
            opening = time.thread_time() - began
            for candle in candles:
                state = state_of(transaction, candle.pair)
                began = time.thread_time()
                rows = step(state, candle, engines, set_name)
                seconds.append(time.thread_time() - began)
                _require(rows, wanted)
        found.append((set_name, Started(opening, seconds)))
    return found


def _pauses(folder: Path, size: Size) -> Table:
    """Minutes around an anchor, all pairs in each."""
    series = _series(before_anchor=WARM_UP_BARS + ANCHOR_BARS + HELD_BARS, after_anchor=_AROUND)
    candles = series.candles()
    kept, following = candles[: -2 * _AROUND - 1], candles[-2 * _AROUND - 1 :]
    pairs = pair_names(size.pairs_at_anchor)
    write(folder, kept, pairs)
    minutes = [of_pairs(candle, pairs) for candle in following]
    rows = []
    for set_name, rounds in on_one_core(_around_anchor, folder, minutes, _expected(series), size.rounds):
        # The first minute is a restart, the one in the middle the anchor's.
        anchor = median(each[_AROUND] for each in rounds) * _MS_PER_SECOND
        others = [took for each in rounds for took in (*each[1:_AROUND], *each[_AROUND + 1 :])]
        ordinary = median(others) * _MS_PER_SECOND
        texts = (f"{milliseconds:.1f}" for milliseconds in (ordinary, anchor, anchor - ordinary))
        rows.append((set_name, *texts, f"{anchor / ordinary:.1f}x"))
    title = (
        f"Pause at the anchor, {size.pairs_at_anchor:,} pairs: CPU time of a minute's candles, {size.rounds} rounds"
    )
    return Table(title, ("", "ms, ordinary minute", "ms, anchor's", "pause, ms", ""), rows)


def _around_anchor(
    folder: Path, minutes: Sequence[Sequence[Candle]], expected: Expected, rounds: int
) -> list[tuple[str, list[list[float]]]]:
    """Return the CPU seconds of each minute, for each set and round."""
    return [
        (set_name, [_seconds(folder, minutes, set_name, wanted) for _ in range(rounds)])
        for set_name, wanted in expected.items()
    ]


def _seconds(folder: Path, minutes: Sequence[Sequence[Candle]], set_name: str, wanted: Values) -> list[float]:
    engines: Engines = {}
    seconds = []
    with opened(folder) as transaction:
        states = {candle.pair: state_of(transaction, candle.pair) for candle in minutes[0]}
        for minute in minutes:
            began = time.thread_time()
            rows = [step(states[candle.pair], candle, engines, set_name) for candle in minute]
            seconds.append(time.thread_time() - began)
        for each in rows:
            _require(each, wanted)
    return seconds


def of_pairs(candle: Candle, pairs: Sequence[str]) -> list[Candle]:
    """Return the same candle of each pair."""
    return [candle.model_copy(update={"pair": pair}) for pair in pairs]


def _series(*, before_anchor: int, after_anchor: int) -> BarSeries:
    """Bars from before an anchor to after the one that follows the next minutes; simulated ones begin at one."""
    days = math.ceil(before_anchor / ANCHOR_BARS)
    series = simulated(days * ANCHOR_BARS + after_anchor + 1)
    return series[days * ANCHOR_BARS - before_anchor :]


def _expected(series: BarSeries) -> Expected:
    """Return the row of the last bar by the batch twin, for each set; no pair has a reference here."""
    columns = {name: values for name, values in series.columns.items() if name != "reference_close"}
    values = compute(series.starts_ms, columns, series.interval_s)
    last = {name: None if math.isnan(each[-1]) else float(each[-1]) for name, each in values.items()}
    return {set_name: {feature.name: last[feature.name] for feature in SETS[set_name]} for set_name in SETS}


def _require(rows: Sequence[FeatureRow], expected: Values) -> None:
    (row,) = rows
    found = {name: getattr(row, name) for name in expected}
    wrong = {name: (value, expected[name]) for name, value in found.items() if value != expected[name]}
    assert not wrong, f"{row.pair}: expected the batch twin's values, was {wrong}"
