"""A recorded file in which trade ids start again: nothing of it is lost in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.workspace import ROOT

from candles.app import topology
from candles.settings import CandlesSettings
from contracts.topics import CANDLES, TRADES
from contracts.trade_frame import TradeFrame
from streaming.clients import read_dead_letters, read_topic
from streaming.testing import run_topology
from trades.app import run_trades
from trades.settings import TradesSettings

FILE = ROOT / "tests/data/cases/ids_start_again_binance_BTCUSDT.csv.gz"
FIRST_MS, STEP_MS, ROWS = 1_700_000_000_000, 7_000, 2_000
AGAIN_MS = FIRST_MS + STEP_MS * ROWS


def minute(time_ms: int) -> int:
    return time_ms - time_ms % 60_000


@pytest.mark.parametrize("parts", [1, 2])
def test_a_file_whose_ids_start_again_is_said_and_its_candles_are_gaps(tmp_path: Path, parts: int) -> None:
    common: dict[str, Any] = {
        "broker_address": f"embedded://{tmp_path}/log",
        "data_dir": tmp_path,
        "exchange": "recorded",
        "file": (FILE,),
    }
    cut_ms = AGAIN_MS + 3_000_000
    changes: list[dict[str, Any]] = (
        [{}]
        if parts == 1
        else [
            {"variant": "historical", "file_until_ms": cut_ms},
            {"variant": "live", "file_from_ms": cut_ms},
        ]
    )
    for change in changes:
        settings = TradesSettings(**common, **change)
        assert run_trades(settings) == 0
    messages = [record.message() for record in read_topic(settings, TRADES)]
    assert sum(len(m.trade_ids) for m in messages if isinstance(m, TradeFrame)) == ROWS
    letters = list(read_dead_letters(settings, "trades"))
    assert len(letters) == ROWS and {letter.headers["reason"] for letter in letters} == {b"ids-start-again"}
    assert b"trade_id: expected one above 2000" in (letters[0].headers["error"] or b"")
    run = run_topology(topology, CandlesSettings(store_url="off"), "candles", {TRADES: messages}, [CANDLES])
    minutes = {c.window_start_ms: c for c in run["candles"] if c.interval_s == 60}
    after = [c.quality for start, c in minutes.items() if start >= minute(AGAIN_MS)]
    assert (
        after == ["gap"] * len(after)
        and len(after) == (minute(AGAIN_MS + STEP_MS * (ROWS - 1)) - minute(AGAIN_MS)) // 60_000 + 1
    )
    before = [c.quality for start, c in minutes.items() if minute(FIRST_MS) < start < minute(AGAIN_MS)]
    assert set(before) == {"complete"} and sum(c.trade_count for c in minutes.values()) == ROWS
