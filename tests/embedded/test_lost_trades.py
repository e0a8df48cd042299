"""Trades that were set aside are counted as trades, shown, and too many of them fail a replay."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.support.message_examples import example

from contracts.trade_frame import TradeFrame
from embedded.errors import LostTradesError
from embedded.finish import lost_share
from embedded.plans.replay import LOST_SHARE, refuse_loss
from results.export.lost import lost_trades
from results.run_log import RunLog
from streaming.producer import open_producer
from streaming.settings import ServiceSettings
from trades.app import run_trades
from trades.settings import TradesSettings


def test_a_letter_of_many_trades_counts_as_many(tmp_path: Path) -> None:
    settings = ServiceSettings(broker_address=f"embedded://{tmp_path}/log", data_dir=tmp_path)
    frame = example(TradeFrame)
    for service, letters in {
        "trades": [
            (b"1,2,x", "bad-row", "recorded"),
            (b"a frame", "bad-row", "kraken"),  # the feed asked for it again
            (b"Trade(...)", "ids-start-again", "kraken"),
            (b"{}", "unknown-pair", "kraken"),
        ],
        "candles": [
            (frame.to_json(), "too-late", "trades-dev"),
            (frame.to_json(), "too-far-ahead", "trades-dev"),
            (b"not json", "unreadable", "trades-dev"),
        ],
    }.items():
        with open_producer(settings, service) as producer:
            for value, reason, source in letters:
                producer.dead_letter("BTC/USD", value, reason=reason, error="because", source=source)
    with closing(RunLog(tmp_path / "log")) as log:
        assert lost_trades(log) == {"trades": 2, "candles": 2 * len(frame.trade_ids)}


def test_rows_of_a_file_that_cannot_be_used_are_lost_trades(tmp_path: Path) -> None:
    (tmp_path / "kraken_BTCUSD.csv").write_text("1700000000,1,1\n1700000001,1,-1\n1700000002,1,1\n")
    settings = TradesSettings(
        broker_address=f"embedded://{tmp_path}/log",
        data_dir=tmp_path,
        exchange="recorded",
        file=(tmp_path / "kraken_BTCUSD.csv",),
    )
    assert run_trades(settings) == 0
    with closing(RunLog(tmp_path / "log")) as log:
        assert lost_trades(log) == {"trades": 1}


@pytest.mark.parametrize(
    ("lost", "written", "fails"),
    [
        ({}, 4_000, False),
        ({"trades": 3}, 3_997, False),
        ({"trades": 40}, 3_960, False),
        ({"trades": 41}, 3_959, True),
        ({"candles": 2_000}, 4_000, True),
        ({"trades": 10}, 0, True),
    ],
)
def test_more_than_one_percent_fails_the_run(lost: dict[str, int], written: int, fails: bool) -> None:
    summary: dict[str, Any] = {"lost_trades": lost, "counts": {"trades": written}}
    assert (lost_share(summary) > LOST_SHARE) == fails
    if fails:
        with pytest.raises(LostTradesError, match=f"{sum(lost.values()):,} trades are lost"):
            refuse_loss(summary)
    else:
        refuse_loss(summary)
