"""The gallery draws every feature there is on whatever bars it is given, and says why where it cannot."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.exchanges_recorded.bar_files import FILES, rows_of, write
from tests.support.bar_series import COLUMNS, MIDNIGHT_MS, OHLCV, PRICES, BarSeries, simulated
from typer.testing import CliRunner

from contracts.errors import BadInputError
from embedded.cli import app
from features import ANCHOR_BARS, FAMILIES, FEATURES
from results.gallery.bars import Bars, bars_of_file, bars_of_run
from results.gallery.page import SHOWN_BARS, render

#: From the day before a midnight, so that recursive features are there.
SERIES = simulated(2 * ANCHOR_BARS, first_ms=MIDNIGHT_MS - 700 * 60_000)


def write_run(folder: Path, **series: BarSeries) -> Path:
    """Candles as a run exports them: exact decimals are text; one was corrected."""
    frames = [
        pl.DataFrame({"window_start_ms": bars.starts_ms, **{name: bars.columns[name] for name in COLUMNS}})
        .with_columns(pl.col(*PRICES, "volume", "taker_buy_volume").cast(pl.String), pl.col("trade_count").cast(int))
        .with_columns(exchange=pl.lit("kraken"), pair=pl.lit(f"{base}/USD"), interval_s=60, revision=0)
        for base, bars in series.items()
    ]
    corrected = frames[0].tail(1).with_columns(revision=1, close=pl.lit("1"))
    pl.concat([*frames, corrected]).write_parquet(folder / "candles.parquet")
    return folder


def write_file(path: Path, bars: BarSeries, rows: np.ndarray) -> Path:
    columns = {name: bars.columns[name][rows] for name in (*PRICES, "volume")}
    pl.DataFrame({"timestamp_ms": bars.starts_ms[rows], **columns}).write_csv(path)
    return path


def notes_of(page: str) -> dict[str, str]:
    """What the page says below each feature."""
    cards = re.findall(r"<h3>(\w+) <em>.*?<p class=\"aside\">(.*?)</p>", page, re.DOTALL)
    return dict(cards)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("run")
    write_run(folder, BTC=simulated(len(SERIES), seed=1, first_ms=int(SERIES.starts_ms[0])), ETH=SERIES)
    return render(bars_of_run(folder))


def test_every_feature_is_drawn(page: str) -> None:
    notes = notes_of(page)
    assert list(notes) == [feature.name for family in FAMILIES for feature in family.features]
    assert "ETH/USD on kraken, compared with BTC/USD" in page
    without = {"ema_200", "ema_200_slope", "ema_50_200_cross"}
    assert {name for name, note in notes.items() if not note.startswith("null in")} == without
    assert notes["ema_200"] == "known after an anchor with 2,273 bars before it, without a hole"
    for feature in FEATURES:
        assert (
            (f'id="{feature.name}"' in page)
            == (f'"{feature.name}": {{"data"' in page)
            == (feature.name not in without)
        )
        assert feature.description in page.replace("&#39;", "'")
    assert notes["session_tokyo"] == f"null in none of {SHOWN_BARS:,} bars · 0 to 1"


def test_the_page_asks_nothing_of_the_network(page: str) -> None:
    own = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"""src=|@import|url\(|href="[^#]""", own)
    assert len(page) < 8_000_000


def test_the_bars_of_a_run_are_its_candles_as_they_first_came(tmp_path: Path) -> None:
    run = write_run(tmp_path, BTC=SERIES[:50], ETH=SERIES[10:50])
    bars = bars_of_run(run, "BTC/USD")
    np.testing.assert_array_equal(bars.starts_ms, SERIES.starts_ms[:50])
    for name in COLUMNS:
        np.testing.assert_array_equal(bars.columns[name], SERIES.columns[name][:50])
    expected = np.concatenate([np.full(10, np.nan), SERIES.columns["close"][10:50]])
    np.testing.assert_array_equal(bars.columns["reference_close"], expected)


def test_a_quiet_minute_of_a_file_is_a_bar_and_a_lost_hour_is_a_hole(tmp_path: Path) -> None:
    there = np.ones(300, dtype=bool)
    there[[100, 101]] = there[200:270] = False
    bars = bars_of_file(write_file(tmp_path / "bars.csv", SERIES, np.flatnonzero(there)))
    assert bars.interval_s == 60
    assert len(bars.starts_ms) == 300 - 70
    assert bars.notes[0] == "2 bars without trades are not in the file and stand at the close before."
    assert [bars.columns[name][100] for name in PRICES] == [SERIES.columns["close"][99]] * 4
    assert bars.columns["volume"][101] == 0
    assert np.diff(bars.starts_ms).max() == 71 * 60_000


def test_what_cannot_be_drawn_says_why() -> None:
    hours = {name: SERIES.columns[name][:100] for name in (*PRICES, "volume")}
    notes = notes_of(render(Bars("hours", 3_600, np.arange(100) * 3_600_000, hours, ())))
    assert notes["taker_imbalance"] == "not in these bars: taker_buy_volume"
    assert notes["reference_beta_60"] == "not in these bars: reference_close"
    assert notes["range_ratio_5m"] == "5 min are not a whole number of these bars"
    assert notes["sma_200"] == "known after 200 bars, without a hole"
    assert notes["sma_50"].startswith("null in 49.0 % of 100 bars")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--run", "nowhere"), "there is nothing to plot, was 'nowhere'"),
        (("--run", ".", "--pair", "DOGE/USD"), "pair: expected one of BTC/USD, was 'DOGE/USD'"),
        (("--bars", "poem.csv"), "columns of poem.csv: expected time, open, high, low, close, volume (missing"),
        (("--bars", "nothing.csv"), "bars: expected a file of recorded bars, was 'nothing.csv'"),
        (("--reference", "poem.csv"), "--reference: expected --bars with it"),
    ],
)
def test_nothing_to_plot_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path, BTC=SERIES[:10])
    Path("poem.csv").write_text("roses,violets\nred,blue\n")
    result = CliRunner().invoke(app, ["features-gallery", *arguments])
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{before},1,1,1,1,1", "bars, line 3 of bars.csv: expected another timestamp_ms than the line before"),
        (
            "1700000001060,1,1,1,1,1",
            "bars, line 3 of bars.csv: expected timestamp_ms whole seconds after the bar before, was 1700000001060",
        ),
        (
            ",1,1,1,1,1",
            "bars, line 3 of bars.csv: expected timestamp_ms in milliseconds since the epoch, after 1973, was ''",
        ),
        ("{after},0,1,1,1,1", "bars, line 3 of bars.csv: expected open, a positive price, was '0'"),
        ("{after},1,1,1,-2,1", "bars, line 3 of bars.csv: expected close, a positive price, was '-2'"),
        ("{after},1,1,nan,1,1", "bars, line 3 of bars.csv: expected low, a positive price, was 'nan'"),
        ("{after},1,,1,1,1", "bars, line 3 of bars.csv: expected high, a positive price, was ''"),
        ("{after},1,1,1,1,-1", "bars, line 3 of bars.csv: expected volume, a number that is not negative, was '-1'"),
    ],
)
def test_a_line_that_is_no_bar_is_named(tmp_path: Path, line: str, message: str) -> None:
    before = 1_700_000_001_000
    path = tmp_path / "bars.csv"
    lines = ["timestamp_ms,open,high,low,close,volume", f"{before},1,1,1,1,1", line, f"{before + 120_000},1,1,1,1,1"]
    path.write_text("\n".join(lines).format(before=before, after=before + 60_000))
    with pytest.raises(BadInputError) as error:
        bars_of_file(path)
    assert str(error.value).startswith(message)


def test_bars_of_any_known_file_are_drawn(tmp_path: Path) -> None:
    """Binance's klines in their zip: what they count is drawn too."""
    path = write(tmp_path, next(each for each in FILES if each.name.startswith("BTCUSDT-1m-2023")), rows_of())
    notes = notes_of(render(bars_of_file(path)))
    assert notes["taker_imbalance"].startswith("null in")
    assert notes["reference_beta_60"] == "not in these bars: reference_close"


def test_bars_of_two_lengths_are_not_compared(tmp_path: Path) -> None:
    minutes = write_file(tmp_path / "minutes.csv", SERIES, np.arange(300))
    hours = write_file(tmp_path / "hours.csv", SERIES, np.arange(40, 1440, 60))
    with pytest.raises(BadInputError, match=r"reference: expected bars of 60 s, as in minutes\.csv, was 3600"):
        bars_of_file(minutes, hours)


def test_recorded_bars_are_drawn(tmp_path: Path) -> None:
    """Days of a real market, with minutes that nobody traded in and hours that were lost."""
    recorded = OHLCV / "lean_coinbase_btcusd_minute_20161007-20180406.csv.gz"
    if not recorded.exists():
        pytest.skip(f"recorded data is not at {recorded}")
    out = tmp_path / "a/features.html"
    result = CliRunner().invoke(app, ["features-gallery", "--bars", str(recorded), "--out", str(out)])
    assert result.exit_code == 0, result.output
    page = out.read_text(encoding="utf-8")
    assert sum(note.startswith("null in") for note in notes_of(page).values()) > 100
    assert "105 bars without trades are not in the file" in page
