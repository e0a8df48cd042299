"""Made-up trades, the same for every contestant: a seeded random walk per pair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from zlib import crc32

import numpy as np
import numpy.typing as npt
import orjson

from contracts.trade_frame import TradeFrame
from contracts.units import MS_PER_MINUTE, US_PER_MS, decimal_string

START_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z
EXCHANGE = "bench"
_US_PER_MINUTE = MS_PER_MINUTE * US_PER_MS
_PRICE_DECIMALS, _LOT_DECIMALS = 1, 8

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Trades:
    """Trades of one pair in columns, in the order of time and id.

    Attributes
    ----------
    ticks, lots
        Prices in tenths, quantities in hundred-millionths.
    """

    pair: str
    timestamps_us: Ints
    ticks: Ints
    lots: Ints
    buys: npt.NDArray[np.bool_]
    first_id: int = 1

    def __len__(self) -> int:
        return len(self.ticks)

    def part(self, start: int, stop: int) -> Trades:
        """Return the trades `start` <= i < `stop`."""
        rows = slice(start, stop)
        return Trades(
            self.pair,
            self.timestamps_us[rows],
            self.ticks[rows],
            self.lots[rows],
            self.buys[rows],
            self.first_id + start,
        )

    def numbered_from(self, first_id: int) -> Trades:
        """Return the same trades with other ids."""
        return replace(self, first_id=first_id)

    @property
    def prices(self) -> list[str]:
        """Return the prices as exact decimal strings."""
        return [decimal_string(Decimal(ticks).scaleb(-_PRICE_DECIMALS)) for ticks in self.ticks.tolist()]

    @property
    def quantities(self) -> list[str]:
        """Return the quantities as exact decimal strings."""
        return [decimal_string(Decimal(lots).scaleb(-_LOT_DECIMALS)) for lots in self.lots.tolist()]

    def frame(self) -> TradeFrame:
        """Return all of them as one message of the topic `trades`."""
        return TradeFrame(
            exchange=EXCHANGE,
            pair=self.pair,
            consecutive_ids=True,
            trade_ids=list(range(self.first_id, self.first_id + len(self))),
            timestamps_us=self.timestamps_us.tolist(),
            prices=self.prices,
            quantities=self.quantities,
            sides=["buy" if buy else "sell" for buy in self.buys.tolist()],
        )

    def frames(self, size: int) -> Iterator[TradeFrame]:
        """Return them as messages of up to `size` trades."""
        return (self.part(i, i + size).frame() for i in range(0, len(self), size))

    def singles(self) -> Iterator[bytes]:
        """Return each as the JSON object that the peers read, with numbers where people write numbers."""
        rows = zip(self.timestamps_us.tolist(), self.prices, self.quantities, self.buys.tolist(), strict=True)
        for number, (timestamp_us, price, quantity, buy) in enumerate(rows, self.first_id):
            yield orjson.dumps(
                {
                    "pair": self.pair,
                    "trade_id": number,
                    "timestamp_ms": timestamp_us // US_PER_MS,
                    "price": float(price),
                    "quantity": float(quantity),
                    "side": "buy" if buy else "sell",
                }
            )


def make_trades(pair: str, count: int, per_minute: float, *, seed: int = 7, start_ms: int = START_MS) -> Trades:
    """Return `count` trades of `pair`, `per_minute` on average, at random moments."""
    dice = np.random.default_rng([seed, crc32(pair.encode())])
    waits = dice.exponential(_US_PER_MINUTE / per_minute, count)
    prices = 60_000.0 * np.exp(np.cumsum(dice.normal(0, 2e-5, count)))
    quantities = dice.lognormal(-4.0, 1.5, count)
    return Trades(
        pair,
        start_ms * US_PER_MS + np.cumsum(waits).astype(np.int64),
        np.rint(prices * 10**_PRICE_DECIMALS).astype(np.int64),
        np.maximum(np.rint(quantities * 10**_LOT_DECIMALS), 1).astype(np.int64),
        dice.random(count) < 0.5,
    )


def in_time_order(markets: Sequence[Trades]) -> Iterator[TradeFrame]:
    """Return the trades of several pairs one by one, as a live feed brings them."""
    times = np.concatenate([trades.timestamps_us for trades in markets])
    owners = np.repeat(np.arange(len(markets)), [len(trades) for trades in markets])
    places = np.concatenate([np.arange(len(trades)) for trades in markets])
    for i in np.argsort(times, kind="stable").tolist():
        place = int(places[i])
        yield markets[owners[i]].part(place, place + 1).frame()


def pair_names(count: int) -> list[str]:
    """Return made-up pairs."""
    return [f"C{number:04d}/USD" for number in range(count)]
