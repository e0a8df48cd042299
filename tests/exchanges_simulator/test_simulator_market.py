"""The market is a pure function of its seed, and looks like one."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from exchanges.simulator.instruments import INSTRUMENTS, instrument
from exchanges.simulator.market import Market, Trades

START_MS = 1_740_009_600_000
DAY_US = 86_400_000_000
PAIRS = ("BTC/USD", "ETH/USD", "SOL/USD")

FINGERPRINT = """
import hashlib
from exchanges.simulator.instruments import INSTRUMENTS
from exchanges.simulator.market import Market, Trades
market = Market(INSTRUMENTS["{pair}"], 11, {start_ms})
market.make_until({until_us})
columns = [getattr(market.trades, name)[:5_000].tobytes() for name in Trades.__dataclass_fields__]
print(hashlib.sha256(b"".join(columns)).hexdigest())
"""


def fingerprint(market: Market, rows: int = 5_000) -> str:
    columns = [getattr(market.trades, name)[:rows].tobytes() for name in Trades.__dataclass_fields__]
    return hashlib.sha256(b"".join(columns)).hexdigest()


def made(pair: str, days: float, seed: int = 11, until_us: int | None = None) -> Market:
    market = Market(instrument(pair), seed, START_MS, until_us)
    market.make_until(START_MS * 1_000 + int(days * DAY_US))
    return market


@pytest.fixture(scope="module")
def ten_days() -> dict[str, Market]:
    return {pair: made(pair, 10) for pair in PAIRS}


def test_the_same_trades_in_another_process() -> None:
    code = FINGERPRINT.format(pair="ETH/USD", start_ms=START_MS, until_us=START_MS * 1_000 + DAY_US)
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == fingerprint(made("ETH/USD", 3))


def test_the_same_trades_however_one_asks() -> None:
    piecewise = Market(instrument("BTC/USD"), 11, START_MS)
    for minutes in range(0, 2 * 1_440, 97):
        piecewise.visible(START_MS * 1_000 + minutes * 60_000_000)
    assert fingerprint(piecewise) == fingerprint(made("BTC/USD", 2))


def test_an_end_cuts_and_changes_nothing_before_it() -> None:
    until_us = START_MS * 1_000 + DAY_US // 2
    cut, whole = made("BTC/USD", 1, until_us=until_us), made("BTC/USD", 1)
    assert int(cut.trades.timestamps_us[-1]) < until_us
    assert fingerprint(cut, len(cut.trades)) == fingerprint(whole, len(cut.trades))
    assert int(whole.trades.timestamps_us[len(cut.trades)]) >= until_us


def test_seeds_and_pairs_differ() -> None:
    prints = {fingerprint(made(pair, 0.25, seed)) for pair in PAIRS for seed in (1, 2)}
    assert len(prints) == len(PAIRS) * 2


@pytest.mark.parametrize("pair", sorted(INSTRUMENTS))
def test_every_listed_pair_has_a_sane_market(pair: str) -> None:
    trades = made(pair, 1).trades
    assert (np.diff(trades.timestamps_us) >= 0).all()
    assert (np.diff(trades.timestamps_ns) > 0).all(), "a REST cursor must be unique"
    assert (trades.timestamps_ns // 1_000 == trades.timestamps_us).all()
    assert trades.ticks.min() > 0 and trades.lots.min() > 0


def minute_returns(market: Market) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return counts, log closes and the balance of taker buys, per minute."""
    trades, minutes = market.trades, 10 * 1_440
    minute = trades.timestamps_us // 60_000_000 - START_MS // 60_000
    inside = minute < minutes
    counts = np.bincount(minute[inside], minlength=minutes)
    buys = np.bincount(minute[inside], weights=trades.buys[inside], minlength=minutes) - counts / 2
    last = np.searchsorted(minute, np.arange(minutes), side="right") - 1
    return counts, np.log(trades.ticks[np.maximum(last, 0)].astype(float)), buys / np.maximum(counts, 1)


def correlation(left: np.ndarray, right: np.ndarray) -> float:
    return float(np.corrcoef(left, right)[0, 1])


@pytest.mark.parametrize("pair", PAIRS)
def test_it_behaves_like_a_market(ten_days: dict[str, Market], pair: str) -> None:
    counts, closes, balance = minute_returns(ten_days[pair])
    returns = np.diff(closes)
    size = np.abs(returns)
    assert 9 < counts.mean() < 18
    assert 0.01 < (counts == 0).mean() < 0.12, "quiet minutes exist"
    assert counts.max() > 4 * counts.mean(), "bursts exist"
    assert correlation(size[1:], size[:-1]) > 0.12, "volatility clusters"
    assert correlation(size[20:], size[:-20]) > 0.08, "and stays clustered"
    assert ((returns - returns.mean()) ** 4).mean() / returns.var() ** 2 > 4, "fat tails"
    assert correlation(balance[1:], returns) > 0.1, "takers push the price"
    assert 3e-4 < returns.std() < 2e-3
    shared = np.diff(ten_days[pair].trades.timestamps_us) == 0
    assert 0.1 < shared.mean() < 0.5, "several fills of one order share a timestamp"


def test_small_quantities_need_an_exponent(ten_days: dict[str, Market]) -> None:
    assert (ten_days["BTC/USD"].trades.lots < 10_000).mean() > 0.005


@pytest.mark.parametrize("pair", PAIRS)
def test_five_minute_direction_can_be_learned_but_not_known(ten_days: dict[str, Market], pair: str) -> None:
    _, closes, balance = minute_returns(ten_days[pair])
    columns = [closes - np.roll(closes, lag) for lag in (1, 3, 5, 10, 15, 30, 60)]
    columns.append(np.convolve(balance, np.ones(10), mode="full")[: len(closes)])
    future = np.roll(closes, -5) - closes
    usable = slice(60, -5)
    features = np.column_stack(columns)[usable]
    features = features / features.std(axis=0)
    target = np.sign(future[usable])
    split = len(target) * 6 // 10
    weights, *_ = np.linalg.lstsq(features[:split], target[:split], rcond=None)
    accuracy = (np.sign(features[split + 5 :] @ weights) == target[split + 5 :]).mean()
    assert 0.53 < accuracy < 0.60
