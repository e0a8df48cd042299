"""RSI, directional indicators, ADX and stochastic RSI beside TA-Lib's on all of history.

TA-Lib is given prices in whole ticks, which it subtracts and compares exactly; where it says something else of the
same prices as floats is counted. ``python -m tests.features.against_talib FOLDER`` goes through files of recorded
trades.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
from tests.support.quiet_markets import TickBars, quiet_night, read_trades, talib_ratios

from features import CONVERGENCE, FEATURES
from features.batch import compute

#: What is compared, in this order.
RATIO_NAMES = tuple(talib_ratios(quiet_night(0).whole()))


class Counts(dict[str, Counter[str]]):
    """Of each feature: how many rows are equal, null or anything else, and where TA-Lib on floats is another one."""

    def __add__(self, other: Counts) -> Counts:
        return Counts({name: self.get(name, Counter()) + other.get(name, Counter()) for name in RATIO_NAMES})


def compared(bars: TickBars) -> Counts:
    """Compare each row with TA-Lib's."""
    series = bars.series()
    chosen = [feature for feature in FEATURES if feature.name in RATIO_NAMES]
    found = compute(series.starts_ms, series.columns, series.interval_s, chosen)
    exact, floats = talib_ratios(bars.whole()), talib_ratios(series.columns)
    counts = Counts()
    for name in RATIO_NAMES:
        null = np.isnan(found[name])
        equal = np.abs(found[name] - exact[name]) <= CONVERGENCE
        noisy = np.abs(floats[name] - exact[name]) > CONVERGENCE
        counts[name] = Counter(
            {
                "rows": len(null),
                "null": int(null.sum()),
                "equal": int(equal.sum()),
                "else": int((~null & ~equal).sum()),
                "TA-Lib on floats differs": int(noisy.sum()),
            }
        )
    return counts


def shown(counts: Counts) -> str:
    """The counts as a table."""
    columns = ("rows", "equal", "null", "else", "TA-Lib on floats differs")
    lines = [f"{name:15s}" + "".join(f"{count[column]:>12,}" for column in columns) for name, count in counts.items()]
    return "\n".join([f"{'':15s}" + "".join(f"{column[:11]:>12s}" for column in columns), *lines])


def main(folder: Path) -> int:
    """Compare every file; return 1 if a row is neither equal nor null."""
    wrong = 0
    for path in sorted(folder.glob("*.csv*")):
        for interval_s in (60, 1):
            counts = compared(read_trades(path, interval_s)) if interval_s == 60 or _is_short(path) else None
            if counts is not None:
                print(f"{path.name}, bars of {interval_s} s\n{shown(counts)}")
                wrong += sum(count["else"] for count in counts.values())
    return min(wrong, 1)


def _is_short(path: Path) -> bool:
    return len(read_trades(path)) <= 1_440


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
