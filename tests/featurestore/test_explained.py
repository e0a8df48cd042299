"""Why there is a fill: all steps back to each trade, on both databases, and what is missing by name."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from tests.support.made_up_run import messages
from typer.testing import CliRunner

from contracts.candle_mark import CandleMark
from contracts.errors import BadInputError
from contracts.fill import Fill
from contracts.message import Message
from contracts.order import Order
from contracts.prediction import Prediction
from contracts.signal import Signal
from contracts.trade_frame import TradeFrame
from featurestore import open_store
from featurestore.explained import explain
from featurestore.tables import STORED

MINUTES = 40
#: What is filled in a minute after the run's last has no candle yet.
RUN = [each for each in messages(MINUTES + 1) if each.schema_name in {table.message.schema_name for table in STORED}]
FILLS = [each for each in RUN if isinstance(each, Fill)][:-2]


def stored(url: str, keep: Callable[[Message], bool] = lambda _message: True) -> None:
    with open_store(url) as store:
        store.write([message for message in RUN if keep(message)])


def test_every_fill_is_explained_down_to_its_trades_each_within_a_second(store_url: str) -> None:
    stored(store_url)
    with open_store(store_url) as store:
        for fill in FILLS:
            begun = time.perf_counter()
            found = explain(store, fill.fill_id)
            assert time.perf_counter() - begun < 1
            assert found.missing == ()
            assert found.signal and found.signal["message_id"] == fill.signal_id
            assert found.prediction and found.prediction["model_version"] == 1
            assert found.decided_on and found.filled_in
            first = found.decided_on.candle["first_trade_id"]
            assert [each["trade_id"] for each in found.decided_on.trades] == [first, first + 1, first + 2]
            # The next minute's trades have the next ids.
            assert [each["trade_id"] for each in found.filled_in.trades] == [first + 3, first + 4, first + 5]
            assert found.as_json()["decided_on"]["trades"][0]["quantity"] == "1"


@pytest.mark.parametrize(
    ("gone", "missing"),
    [
        (lambda each: isinstance(each, Order), "order"),
        (lambda each: isinstance(each, Prediction), "prediction"),
        (lambda each: isinstance(each, Signal), "signal"),
        (lambda each: isinstance(each, TradeFrame), "trades of decided_on"),
    ],
    ids=["order", "prediction", "signal", "trades"],
)
def test_what_is_missing_is_named(tmp_path, gone: Callable[[Message], bool], missing: str) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite"
    stored(url, lambda message: not gone(message))
    with open_store(url) as store:
        found = explain(store, FILLS[0].fill_id)
    assert missing in found.missing
    assert found.fill["fill_id"] == FILLS[0].fill_id


def test_a_fill_of_a_candles_mark_has_its_candle(tmp_path) -> None:
    """Where a decision was not waited for an order goes back to the mark: it is no row, but its candle is."""
    url, signal = f"sqlite:///{tmp_path}/store.sqlite", next(each for each in RUN if isinstance(each, Signal))
    mark = CandleMark(**{name: getattr(signal, name) for name in CandleMark.model_fields if name != "type"})
    fill = FILLS[0].model_copy(update={"fill_id": "f:1", "signal_id": mark.message_id, "pair": mark.pair})
    with open_store(url) as store:
        store.write([*RUN, fill])
        found = explain(store, "f:1")
    assert found.signal is None
    assert found.decided_on and found.decided_on.candle["window_start_ms"] == signal.window_start_ms
    assert found.decided_on.is_whole


def test_the_newest_is_explained_unasked_and_a_stranger_is_refused(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite"
    stored(url)
    with open_store(url) as store:
        newest = max((each for each in RUN if isinstance(each, Fill)), key=lambda f: (f.filled_at_ms, f.fill_id))
        assert explain(store).fill["fill_id"] == newest.fill_id
        for stranger in ("o-1:1", "x' OR 'a' = 'a", "\0"):
            with pytest.raises(BadInputError, match="fill: expected the id of a fill"):
                explain(store, stranger)


def test_the_command_says_it_in_words_and_as_json(tmp_path) -> None:
    from embedded.cli import app

    stored(f"sqlite:///{tmp_path}/store.sqlite")
    told = CliRunner().invoke(app, ["explain", FILLS[0].fill_id, "--run", str(tmp_path)])
    assert told.exit_code == 0, told.output
    for word in (FILLS[0].fill_id, FILLS[0].signal_id, "direction v1", "Decided on", "3 trades", "Filled in"):
        assert word in told.output
    told = CliRunner().invoke(app, ["explain", "--json", "--run", str(tmp_path), "nothing"])
    assert (told.exit_code, "fill: expected the id of a fill" in told.output) == (2, True)
