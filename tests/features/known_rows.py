"""How many rows of each ratio and of Supertrend are known on each market, and why the others are not.

A row is warm where its anchor has as many bars before it as the feature is ever opened on: with more history, its
value would be the same. A null there is undecided: what was before these bars could still change it. Beside that, how
often a value of TA-Lib opened on fewer bars, without any bound, is right, and is null now. For null rows, other pasts
are tried: they show that the value is not decided by the bars that are there.

``python -m tests.features.known_rows [FOLDER ...]`` goes through made-up markets and the recorded trades and bars in
these folders, or in `tests/data` and the shared data folder.

Its columns, in rows: that there are; equal to TA-Lib's on all of history; null as the anchor has too few bars before
it; null though there are enough; anything else. Of warm rows: how many TA-Lib alone has right, and how many of those
are null; how many others are right and null. Null rows for which other pasts were tried, and which these change.
"""

from __future__ import annotations

import csv
import gzip
import math
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
from tests.features.against_talib import RATIO_NAMES, Counts
from tests.support.bar_series import PRICES, BarSeries, simulated
from tests.support.quiet_markets import Floats, TickBars, quiet_night, read_trades, talib_ratios

from features import ANCHOR_BARS, CONVERGENCE, FEATURES
from features.batch import compute
from features.functions import wilder_bars

DATA = Path(__file__).parents[1] / "data"
SHARED = Path(__file__).parents[3] / "shared/data"
BY_NAME = {feature.name: feature for feature in FEATURES}
COLUMNS = (
    "rows",
    "equal",
    "too few bars",
    "undecided",
    "else",
    "right",
    "right: null",
    "cold: null",
    "tried",
    "changed",
)
#: Bars on which TA-Lib's functions settle on a market that moves, without a bound.
_SETTLED = {
    **{f"rsi_{n}": wilder_bars(n) for n in (7, 14, 21)},
    "plus_di_14": wilder_bars(14),
    "minus_di_14": wilder_bars(14),
    "adx_14": 2 * wilder_bars(14),
    **{f"stochrsi_{n}_14": wilder_bars(14) + math.ceil(wilder_bars(14) / 4) + 17 for n in "kd"},
    "supertrend_10_direction": 3 * wilder_bars(10),
}
_PAST_BARS = 60
#: Bars that are missing for so long had no trades; for longer, they are a hole.
_LONGEST_STILL_S = 3_600


def known(bars: TickBars, tried_rows: int = 40) -> Counts:
    """Count rows by what they are; of so many null rows of each feature, whether another past changes them."""
    series = bars.series()
    found = compute(series.starts_ms, series.columns, series.interval_s, [BY_NAME[name] for name in RATIO_NAMES])
    exact = talib_ratios(bars.whole())
    anchors = np.flatnonzero(series.starts_ms // (1_000 * bars.interval_s) % ANCHOR_BARS == 0)
    before = np.full(len(bars), -1)
    before[anchors] = anchors
    before = np.maximum.accumulate(before)
    counts = Counts()
    for name in RATIO_NAMES:
        null, equal = np.isnan(found[name]), np.abs(found[name] - exact[name]) <= CONVERGENCE
        warm = before >= BY_NAME[name].reach.anchored
        right = np.abs(_plain(bars, name, anchors) - exact[name]) <= CONVERGENCE
        opened = np.flatnonzero(null & (before >= BY_NAME[name].reach.least))
        tried = opened[np.linspace(0, len(opened) - 1, min(len(opened), tried_rows)).astype(int)]
        changed = sum(another_past_changes(bars, name, int(row), int(before[row])) for row in tried)
        rows = (np.ones_like(null), equal, null & ~warm, null & warm, ~null & ~equal)
        of_right = (right & warm, right & warm & null, right & ~warm & null)
        numbers = [*(int(each.sum()) for each in (*rows, *of_right)), len(tried), changed]
        counts[name] = Counter(dict(zip(COLUMNS, numbers, strict=True)))
    return counts


def _plain(bars: TickBars, name: str, anchors: np.ndarray) -> Floats:
    """TA-Lib, opened at each anchor on the bars that are enough for it on a market that moves."""
    found = np.full(len(bars), np.nan)
    for anchor, end in pairwise([*anchors.tolist(), len(bars)]):
        if anchor >= _SETTLED[name]:
            found[anchor:end] = talib_ratios(bars[anchor - _SETTLED[name] : end].whole())[name][_SETTLED[name] :]
    return found


def another_past_changes(bars: TickBars, name: str, row: int, anchor: int) -> bool:
    """Whether the value of a row depends on what was before the bars that the feature is opened on."""
    there = bars[max(0, anchor - BY_NAME[name].reach.anchored) : row + 1].whole()
    lowest, highest = float(bars.ticks["low"].min()), float(bars.ticks["high"].max())
    values = [
        talib_ratios({each: np.append(past[each], there[each]) for each in PRICES})[name][-1]
        for past in _pasts(lowest, highest, float(there["high"].max()))
    ]
    return bool(np.ptp(values) > CONVERGENCE)


def _pasts(lowest: float, highest: float, here: float) -> Iterator[dict[str, Floats]]:
    """Pasts that move by at most what is assumed, or that stay in the range of the whole market."""
    odd, place = np.arange(_PAST_BARS) % 2, np.arange(_PAST_BARS)
    still, rising = np.full(_PAST_BARS, here), here * (1.0 + place)
    jumping = 1.0 + 2.0 * here * odd
    of_market = lowest + (highest - lowest) * odd
    for past in (still, rising, rising[::-1], jumping, jumping[::-1], of_market, of_market[::-1]):
        close = np.asarray(past, dtype=np.float64)
        yield {"open": close, "high": close + 1.0, "low": close, "close": close}


def is_busy(bars: TickBars) -> bool:
    """Whether most bars have trades."""
    return bool(np.mean(bars.volume > 0.0) > 0.5)


def in_ticks(series: BarSeries) -> Iterator[TickBars]:
    """Runs of bars; where there was no trade for a while, the bars that stand still in it are put in."""
    interval_ms = 1_000 * series.interval_s
    steps = np.diff(series.starts_ms) // interval_ms
    digits = next(each for each in range(12) if all(_is_whole(series.columns[name], each) for name in PRICES))
    edges = [0, *(np.flatnonzero(steps > max(_LONGEST_STILL_S // series.interval_s, 1)) + 1).tolist(), len(series)]
    for first, last in pairwise(edges):
        run = series[first:last]
        places = (run.starts_ms - run.starts_ms[0]) // interval_ms
        latest = np.zeros(int(places[-1]) + 1, dtype=np.int64)
        latest[places] = np.arange(len(places))
        latest = np.maximum.accumulate(latest)
        still = np.ones(len(latest), dtype=bool)
        still[places] = False
        ticks = {name: np.rint(run.columns[name] * 10.0**digits).astype(np.int64)[latest] for name in PRICES}
        for column in ticks.values():
            column[still] = ticks["close"][still]
        volume = np.where(still, 0.0, run.columns["volume"][latest])
        yield TickBars(int(run.starts_ms[0]), ticks, volume, Decimal(1).scaleb(-digits), series.interval_s)


def _is_whole(prices: Floats, digits: int) -> bool:
    return bool(np.all(np.rint(prices * 10.0**digits) / 10.0**digits == prices))


def read_bars(path: Path) -> BarSeries:
    """Bars of a file with columns by name."""
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    starts = np.array([int(row["timestamp_ms"]) for row in rows], dtype=np.int64)
    columns = {name: np.array([float(row[name]) for row in rows]) for name in (*PRICES, "volume")}
    return BarSeries(starts, columns, int(np.diff(starts).min()) // 1_000)


def made_up() -> Iterator[tuple[str, TickBars]]:
    """A busy market, and quiet nights."""
    yield "a busy market", next(in_ticks(simulated(20 * ANCHOR_BARS, seed=30)))
    for seed in range(3):
        yield f"quiet night {seed}", quiet_night(seed, days=4)


def of_folder(folder: Path) -> Iterator[tuple[str, TickBars]]:
    """Each file's bars, of trades also those of a second; without what is too short to be opened at an anchor."""
    for path in sorted(folder.glob("*.csv*")):
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            header = file.readline()
        if "timestamp_ms" in header:
            runs = list(in_ticks(read_bars(path)))
        elif "price" in header or header[:1].isdigit():
            minutes = read_trades(path)
            runs = [minutes] if len(minutes) > ANCHOR_BARS else [read_trades(path, 1)]
        else:
            continue
        for number, bars in enumerate(runs, start=1):
            if len(bars) > min(_SETTLED.values()):
                yield f"{path.name} {number}/{len(runs)}, bars of {bars.interval_s} s", bars


def shown(counts: Counts) -> str:
    """The counts as a table."""
    lines = [f"{name:24s}" + "".join(f"{count[column]:>13,}" for column in COLUMNS) for name, count in counts.items()]
    return "\n".join([f"{'':24s}" + "".join(f"{column:>13s}" for column in COLUMNS), *lines])


def main(folders: list[Path]) -> int:
    """Print the table of each market, and of all busy ones; return 1 if a row is neither equal nor null."""
    markets = dict([*made_up(), *(each for folder in folders for each in of_folder(folder))])
    totals = {True: Counts(), False: Counts()}
    for name, bars in markets.items():
        counts = known(bars, tried_rows=100)
        totals[is_busy(bars)] += counts
        print(f"{name}: {'busy' if is_busy(bars) else 'quiet'}\n{shown(counts)}")
    for busy, total in totals.items():
        print(f"all {'busy' if busy else 'quiet'} markets\n{shown(total)}")
    return min(sum(count["else"] for total in totals.values() for count in total.values()), 1)


if __name__ == "__main__":
    given = [Path(each) for each in sys.argv[1:]]
    standard = [DATA / "trades", DATA / "cases", SHARED / "trades", SHARED / "ohlcv"]
    raise SystemExit(main(given or [each for each in standard if each.is_dir()]))
