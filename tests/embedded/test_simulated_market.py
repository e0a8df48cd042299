"""The market of a simulated run: begun once in a folder, gone on with where its trades on the log end."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.account import Account
from contracts.clock import FixedClock
from contracts.errors import BadInputError
from contracts.topics import TRADES_CHECKPOINTS
from contracts.trades_checkpoint import TradesCheckpoint
from embedded.plans.simulated_market import SimulatedMarket, market_of, require_paper
from embedded.subscriptions import settings_of
from results.run_folder import RunFolder
from streaming.producer import open_producer

NOW_US = 1_772_582_412_345_678
DAY_MS = 86_400_000


def traded_until(place: RunFolder, covered_to_us: int) -> None:
    place.log.mkdir(parents=True, exist_ok=True)
    checkpoint = TradesCheckpoint(
        exchange="simulator",
        pair="BTC/USD",
        last_trade_id=1,
        last_timestamp_us=1,
        cursor="1",
        covered_to_us=covered_to_us,
        history_complete=True,
    )
    with open_producer(settings_of(place.out), "trades") as producer:
        producer.produce(TRADES_CHECKPOINTS, checkpoint)


def test_it_begins_now_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    place, clock = RunFolder(tmp_path), FixedClock(NOW_US)
    begun = market_of(place, 7, "coinbase", clock)
    minute_ms = NOW_US // 60_000_000 * 60_000
    assert begun == SimulatedMarket(7, minute_ms - 3 * DAY_MS, minute_ms, "coinbase")
    assert market_of(place, 7, None, FixedClock(NOW_US + 10**12)) == begun, "killed before its first trade"
    traded_until(place, begun.live_from_ms * 1_000 + 5_000_000)
    again = market_of(place, 8, None, FixedClock(NOW_US + 10**12))
    assert again.goes_on and again.live_from_ms == begun.live_from_ms + 5_000
    assert (again.seed, again.history_from_ms, again.speaks) == (7, begun.history_from_ms, "coinbase")
    with pytest.raises(BadInputError, match=r"--speaks: expected 'coinbase', as the market in .* does, was 'kraken'"):
        market_of(place, 7, "kraken", clock)


def test_a_folder_with_trades_of_another_market_is_refused(tmp_path: Path) -> None:
    traded_until(RunFolder(tmp_path), NOW_US)
    with pytest.raises(BadInputError, match="--data: expected a folder of its own for a simulated market"):
        market_of(RunFolder(tmp_path), 7, None, FixedClock(NOW_US))


def test_no_account_at_a_venue_trades_on_made_up_prices() -> None:
    paper, live = (Account(name=name, broker=name, pairs=("BTC/USD",)) for name in ("paper", "venue"))
    require_paper([paper])
    with pytest.raises(BadInputError, match=r"TRADESTREAM_ACCOUNTS: expected accounts on paper .*, was 'venue'"):
        require_paper([paper, live])
