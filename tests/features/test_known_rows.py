"""Null is not the easy way out: on a busy market nothing that was warm and right is null, and nulls are undecided."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.features.against_talib import RATIO_NAMES, Counts
from tests.features.known_rows import DATA, SHARED, is_busy, known, made_up, of_folder, shown
from tests.support.quiet_markets import TickBars

#: Of rows that were warm and right on busy markets.
MOST_NULL = 0.001
#: Not held to that: on a market that stands still for a while, the range of an RSI is nothing but rounding.
STANDS_STILL = {"stochrsi_k_14", "stochrsi_d_14"}


def counted(markets: list[tuple[str, TickBars]], tried_rows: int) -> Counts:
    """Count all rows, and hold those of each busy market to what they must be."""
    total = Counts()
    for market, bars in markets:
        counts = known(bars, tried_rows)
        total += counts
        for name, count in counts.items():
            assert count["else"] == 0, (market, name, count)
            if is_busy(bars) and name not in STANDS_STILL:
                assert count["right: null"] <= MOST_NULL * count["right"], (market, name, count)
    return total


def test_busy_rows_stay_known_and_other_pasts_change_nulls(capsys: pytest.CaptureFixture[str]) -> None:
    total = counted(list(made_up()), tried_rows=10)
    with capsys.disabled():
        print(f"\n{shown(total)}")
    assert all(each["equal"] > 20_000 for each in total.values())
    assert sum(total[name]["changed"] for name in RATIO_NAMES if name not in STANDS_STILL) >= 50


@pytest.mark.long
def test_on_every_recorded_market(capsys: pytest.CaptureFixture[str]) -> None:
    folders = [DATA / "trades", DATA / "cases", *(SHARED / name for name in ("trades", "ohlcv"))]
    total = counted(
        [each for folder in folders if Path(folder).is_dir() for each in of_folder(folder)], tried_rows=150
    )
    with capsys.disabled():
        print(f"\n{shown(total)}")
    changed = {name: total[name]["changed"] for name in RATIO_NAMES if name not in STANDS_STILL}
    assert all(count >= 50 for count in changed.values()) and sum(changed.values()) >= 500, changed
