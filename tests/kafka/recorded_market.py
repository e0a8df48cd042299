"""The input of the runs: ten recorded minutes of Binance, and fifteen hours of three simulated pairs, as files."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from exchanges.simulator.instruments import instrument
from exchanges.simulator.market import Market, Trades

BINANCE = Path(__file__).parents[3] / "shared/data/trades/binance_spot_BTCUSDT_20240808-09.csv.gz"
SEED = 7
PAIRS = ("BTC/USD", "ETH/USD", "SOL/USD")
#: Features are anchored at midnight and need the half day before it: three hours are warm.
FROM_MS = 1_723_118_400_000  # 2024-08-08T12:00:00Z
UNTIL_MS = FROM_MS + 15 * 3_600_000
#: Small files make small frames, so that a kill finds something half done.
FILE_MINUTES = 20
_US_PER_FILE = FILE_MINUTES * 60_000_000
_COLUMNS = ("trade_id", "timestamp_us", "price", "quantity", "side", "pair", "exchange")


def write_files(folder: Path) -> None:
    """Write the simulated files into `folder`."""
    for pair in PAIRS:
        _write_pair(folder, pair)


def market_settings(folder: Path) -> dict[str, str]:
    """Return the `TRADES_*` settings that replay everything: what was recorded, and the files in `folder`."""
    files = [(BINANCE, "BTC/USDT", "binance")] if BINANCE.exists() else []
    for pair in PAIRS:
        files += [(path, pair, "simulator") for path in sorted(folder.glob(f"{_prefix(pair)}*.csv"))]
    paths, pairs, exchanges = zip(*files, strict=True)
    return {
        "TRADES_EXCHANGE": "recorded",
        "TRADES_VARIANT": "historical",
        "TRADES_PAIRS": ",".join(dict.fromkeys(pairs)),
        "TRADES_FILE": ",".join(map(str, paths)),
        "TRADES_FILE_PAIR": ",".join(pairs),
        "TRADES_FILE_EXCHANGE": ",".join(exchanges),
    }


def _prefix(pair: str) -> str:
    return f"simulator_{pair.replace('/', '')}_"


def _write_pair(folder: Path, pair: str) -> None:
    market = Market(instrument(pair), SEED, FROM_MS, UNTIL_MS * 1_000)
    market.make_until(UNTIL_MS * 1_000)
    trades = market.trades
    parts = (trades.timestamps_us - FROM_MS * 1_000) // _US_PER_FILE
    for part in np.unique(parts):
        path = folder / f"{_prefix(pair)}{part:03d}.csv"
        _write_rows(path, market, trades, np.flatnonzero(parts == part))


def _write_rows(path: Path, market: Market, trades: Trades, indices: np.ndarray) -> None:
    made = market.instrument
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for index in indices.tolist():
            writer.writerow(
                (
                    market.first_trade_id + index,
                    int(trades.timestamps_us[index]),
                    f"{int(trades.ticks[index]) / 10**made.price_decimals:.{made.price_decimals}f}",
                    f"{int(trades.lots[index]) / 10**made.lot_decimals:.{made.lot_decimals}f}",
                    "buy" if trades.buys[index] else "sell",
                    made.pair,
                    "simulator",
                )
            )
