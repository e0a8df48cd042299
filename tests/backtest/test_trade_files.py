"""Bars of recorded trades are the candles that the services make of them, from files and a tree of `history`."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.history.trade_source import PAIRS, START_US, frame
from typer.testing import CliRunner

from backtest.bars import EXACT_COLUMNS, GAP
from backtest.history import History
from backtest.trade_files import bars_of_trades
from candles.app import topology
from candles.settings import CandlesSettings
from contracts.candle import QUALITIES, Candle
from contracts.end_of_history import EndOfHistory
from contracts.errors import BadInputError
from contracts.message import Message
from contracts.topics import CANDLES, TRADES
from contracts.trade_frame import TRADE_COLUMNS, TradeFrame
from embedded.cli import app
from history.tree import HistoryTree
from streaming.testing import run_topology

#: Over midnight, with a hole, and a trade that comes late.
MIDNIGHT = START_US // 86_400_000_000 * 86_400_000_000 + 86_400_000_000
FIRST = (MIDNIGHT - START_US) // 1_000_000 - 700
IDS = [range(FIRST, FIRST + 300), range(FIRST + 320, FIRST + 1_000), range(FIRST + 1_001, FIRST + 1_400)]


def frames(pair: str) -> list[TradeFrame]:
    return [frame(pair, ids) for ids in IDS]


def csv_of(folder: Path, pair: str) -> Path:
    rows = [
        row for each in frames(pair) for row in zip(*(getattr(each, name) for name in TRADE_COLUMNS), strict=True)
    ]
    path = folder / f"kraken_{pair.replace('/', '-')}.csv.gz"
    header = ",".join(TRADE_COLUMNS.values())
    with gzip.open(path, "wt") as file:
        file.write("\n".join([header, *(",".join(map(str, row)) for row in rows)]))
    return path


def tree_of(folder: Path) -> Path:
    tree = HistoryTree(folder, 3_600)
    for pair in PAIRS:
        tree.add(frames(pair))
    return folder


def published(pair: str) -> list[Candle]:
    """What the candles service writes of the same trades, first revisions."""
    last = frames(pair)[-1]
    end = EndOfHistory(
        exchange="kraken",
        pair=pair,
        venue_time_us=last.timestamps_us[-1],
        last_trade_id=last.trade_ids[-1],
        final=True,
    )
    source: list[Message] = [*frames(pair), end]
    run = run_topology(topology, CandlesSettings(store_url="off"), "candles", {TRADES: source}, [CANDLES])
    return [each for each in run["candles"] if each.interval_s == 60 and each.revision == 0]


def from_files(folder: Path) -> History:
    return bars_of_trades([csv_of(folder, pair) for pair in PAIRS], 60)


def from_tree(folder: Path) -> History:
    return bars_of_trades([tree_of(folder)], 60)


@pytest.mark.parametrize("read", [from_files, from_tree])
def test_bars_are_the_candles_that_the_service_makes(read: Callable[[Path], History], tmp_path: Path) -> None:
    history = read(tmp_path)
    assert sorted(history.pairs) == sorted(PAIRS)
    for pair, bars in history.pairs.items():
        candles = published(pair)
        assert bars.starts_ms.tolist() == [each.window_start_ms for each in candles]
        for name in EXACT_COLUMNS:
            assert [bars.texts[name][place] for place in range(len(bars))] == [
                getattr(each, name) for each in candles
            ]
        assert [QUALITIES[each] for each in bars.qualities.tolist()] == [each.quality for each in candles]
        assert bars.trade_counts.tolist() == [each.trade_count for each in candles]
        bought = [float(each.taker_buy_volume or "nan") for each in candles]
        assert np.array_equal(bars.columns["taker_buy_volume"], bought, equal_nan=True)
        assert GAP in bars.qualities[1:-1]  # the hole is in them


def test_longer_candles_and_one_pair(tmp_path: Path) -> None:
    history = bars_of_trades([tree_of(tmp_path)], 300, [PAIRS[0]])
    assert list(history.pairs) == [PAIRS[0]]
    assert history.interval_s == 300


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="--pairs"):
        bars_of_trades([csv_of(tmp_path, PAIRS[0])], 60, [PAIRS[0], "DOGE/USD"])
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(BadInputError, match="as history writes"):
        bars_of_trades([empty], 60)


def test_a_row_that_is_no_trade_is_said(tmp_path: Path) -> None:
    path = csv_of(tmp_path, PAIRS[0])
    rows = gzip.decompress(path.read_bytes()).decode().split("\n")
    rows[50] = rows[50].replace(rows[50].split(",")[2], "nonsense")
    path.write_bytes(gzip.compress("\n".join(rows).encode()))
    assert any("1 row is no trade" in note for note in bars_of_trades([path], 60).notes)


def test_an_account_trades_on_them(tmp_path: Path) -> None:
    options = ["--strategy", "sma_cross", "--trades", tree_of(tmp_path / "tree"), "--out", tmp_path / "out"]
    said = CliRunner().invoke(app, ["backtest", *map(str, options)])
    assert said.exit_code == 0, said.output
    assert f"{len(published(PAIRS[0]))}, awake on" in said.output
