"""A store as the source of a backtest: the same bars, digits and predictions as the run's tables have."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.support import made_up_run
from typer.testing import CliRunner

from backtest.bars import Bars
from backtest.provenance import data_digest
from backtest.run_folders import bars_of_run
from backtest.stores import bars_of_store
from contracts.candle import Candle
from contracts.errors import BadInputError
from contracts.message import Message
from embedded.cli import app
from featurestore import open_store
from results.export.write import export

MINUTES = 30
ASKED = ("direction.confidence", "direction.probability_up", "rsi_14")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder with its tables."""
    folder = tmp_path_factory.mktemp("run")
    made_up_run.write_run(folder / "work/log", MINUTES)
    export(folder / "work/log", folder)
    return folder


@pytest.fixture
def filled(store_url: str) -> str:
    """A store of the same messages, written in another order and twice, with corrections among them."""
    messages: list[Message] = list(made_up_run.messages(MINUTES))
    corrected = [
        each.model_copy(update={"revision": 1, "close": each.high}) for each in messages if isinstance(each, Candle)
    ]
    with open_store(store_url) as store:
        store.write([*corrected, *messages[::-1], *messages])
    return store_url


def _rows(bars: Bars) -> list[tuple[object, ...]]:
    texts = [[column[place] for place in range(len(bars))] for column in bars.texts.values()]
    return list(
        zip(bars.starts_ms.tolist(), *texts, bars.trade_counts.tolist(), bars.qualities.tolist(), strict=True)
    )


def test_a_store_gives_the_bars_of_the_run(filled: str, run: Path) -> None:
    one, other = bars_of_run(run, 60, (), ASKED), bars_of_store(filled, 60, (), ASKED)
    assert list(one.pairs) == list(other.pairs) == sorted(made_up_run.PAIRS)
    for pair, bars in one.pairs.items():
        found = other.pairs[pair]
        assert _rows(found) == _rows(bars) and len(bars) >= MINUTES - 5
        assert found.said == bars.said and any(found.said["prediction_id"])
        assert list(found.given) == sorted(ASKED)
        for name, column in bars.given.items():
            assert np.array_equal(found.given[name], column, equal_nan=True)
    assert data_digest(one) == data_digest(other)


def test_only_what_is_asked_for_is_read(filled: str, run: Path) -> None:
    pair = sorted(made_up_run.PAIRS)[0]
    whole = bars_of_run(run, 60, [pair]).pairs[pair]
    cut_ms = int(whole.starts_ms[10])
    part = bars_of_store(filled, 60, [pair], (), cut_ms)
    assert list(part.pairs) == [pair] and _rows(part.pairs[pair]) == _rows(whole)[:10]
    with pytest.raises(BadInputError, match="--pairs: expected pairs of"):
        bars_of_store(filled, 60, ["XYZ/USD", pair])
    with pytest.raises(BadInputError, match="--from-store: expected a store with candles of 300 s"):
        bars_of_store(filled, 300)
    with pytest.raises(BadInputError, match="expected a store with candles of 60 s of ABC/USD or XYZ/USD,"):
        bars_of_store(filled, 60, ["XYZ/USD", "ABC/USD"])


def test_the_command(filled: str, run: Path, tmp_path: Path) -> None:
    told = {}
    for name, source in (("store", ["--from-store", filled]), ("run", ["--run", str(run)])):
        typed = ["backtest", "--strategy", "prediction", *source, "--out", str(tmp_path / name), "--json"]
        done = CliRunner().invoke(app, typed)
        assert done.exit_code == 0, done.output
        told[name] = json.loads(done.stdout)["pnl"]
        for table in ("candles", "signals", "orders", "fills"):
            assert (tmp_path / name / f"{table}.parquet").is_file()
    assert told["store"] == told["run"]
    both = CliRunner().invoke(
        app, ["backtest", "--strategy", "prediction", "--from-store", filled, "--run", str(run)]
    )
    assert both.exit_code == 2 and "expected one of them, was 'both'" in " ".join(both.output.split())
    empty = CliRunner().invoke(app, ["backtest", "--strategy", "momentum", "--from-store", ""])
    assert empty.exit_code == 2 and "expected one of them, was 'none'" in " ".join(empty.output.split())
