"""The example queries, and the command that shows them."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from sqlglot import expressions
from tests.support.message_examples import example

from contracts.candle import Candle
from contracts.feature_row import FeatureRow
from contracts.fill import Fill
from contracts.order import Order
from contracts.pnl import Pnl
from contracts.prediction import Prediction
from contracts.signal import Signal
from features import feature_set_id
from featurestore import __main__ as command
from featurestore import open_store
from featurestore.examples import EXAMPLES

#: As users of the system have them written down, to the letter.
PROMISED = (
    "SELECT pair, close, rsi_14, sma_21, macd_7, window_start_ms, to_timestamp(window_start_ms/1000) "
    "FROM technical_indicators ORDER BY window_start_ms DESC LIMIT 10;",
    "SELECT count(*), count(DISTINCT pair), min(window_start_ms), max(window_start_ms) FROM technical_indicators;",
)


def fill_with_a_trade(url: str) -> None:
    prediction = example(Prediction)
    signal = example(Signal, prediction_id=prediction.message_id)
    order = example(Order, signal_id=signal.message_id)
    fill = example(Fill, order_id=order.message_id, signal_id=signal.message_id)
    row = example(FeatureRow, feature_set=feature_set_id("full"), rsi_14=61.5)
    with open_store(url) as store:
        store.write([example(Candle), row, prediction, signal, order, fill, example(Pnl)])


def test_what_was_promised_is_there_to_the_letter() -> None:
    assert tuple(query for _, query in EXAMPLES)[:2] == PROMISED


def test_risingwave_parses_each() -> None:
    for _, query in EXAMPLES:
        (parsed,) = sqlglot.parse(query, read="risingwave")
        assert isinstance(parsed, expressions.Select)


def test_each_is_shown_with_what_it_finds(store_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    fill_with_a_trade(store_url)
    assert command.main([store_url]) == 0
    shown = capsys.readouterr().out
    for meaning, query in EXAMPLES:
        assert f"-- {meaning}\n{query}\n" in shown
    assert shown.count("(1 row)") == len(EXAMPLES)
    assert "BTC/USD   1.25    61.5" in shown and "2026-03-04 00:00:00+00:00" in shown


def test_a_query_of_ones_own(store_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    fill_with_a_trade(store_url)
    assert command.main([store_url, "SELECT pair, quality, trade_count FROM candles WHERE pair LIKE 'BTC%'"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "pair     quality   trade_count",
        "-------  --------  -----------",
        "BTC/USD  complete            2",
        "(1 row)",
    ]
    assert command.main([store_url, "DROP TABLE candles"]) == 1
    assert command.main([store_url, "SELECT count(*) FROM candles"]) == 0


def test_where_there_is_nothing_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "store.sqlite"
    assert command.main([f"sqlite:///{missing}"]) == 2 and not missing.exists()
    assert "expected a file left by a run (make demo leaves one), was" in capsys.readouterr().err
    with open_store(f"sqlite:///{missing}") as store:
        store.write([example(Candle)])
    assert command.main([f"sqlite:///{missing}"]) == 1
    assert "has no feature rows yet" in capsys.readouterr().err
    assert command.main([]) == command.main(["a", "b", "c"]) == command.main(["mysql://host/db"]) == 2
