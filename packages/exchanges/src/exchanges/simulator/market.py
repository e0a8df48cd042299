"""The simulated market: every trade a pure function of (seed, pair, market start).

Trades are made in blocks of six hours, each from its own random stream and the state the block before left behind,
so it does not matter who asks, when, in which process, or how far ahead.
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from contracts.units import MS_PER_MINUTE, US_PER_MS
from exchanges.simulator.instruments import Instrument
from exchanges.simulator.price_process import Floats, MarketState, Minutes, advance

BLOCK_MINUTES = 360
US_PER_MINUTE = MS_PER_MINUTE * US_PER_MS
FILLS_PER_ORDER = 1.45
MAX_FILLS = 30
BURST_PROBABILITY = 0.08
HALF_SPREAD_TICKS = 0.5
QUANTITY_SPREAD = 1.7

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trades:
    """Trades in columns, in trade-id order.

    `timestamps_ns` adds to the microseconds what makes each trade's REST cursor unique; at most 449 ns, so rounding
    and truncating a REST time to microseconds both give `timestamps_us`.
    """

    timestamps_us: Ints
    timestamps_ns: Ints
    ticks: Ints
    lots: Ints
    buys: NDArray[np.bool_]
    market_orders: NDArray[np.bool_]

    @classmethod
    def join(cls, parts: list[Trades]) -> Trades:
        """Return `parts` one after the other."""
        names = cls.__dataclass_fields__
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def __len__(self) -> int:
        return len(self.timestamps_us)


class Market:
    """One pair's trades, made as far as somebody asked.

    Parameters
    ----------
    instrument
        What is traded.
    seed
        Of the whole venue; every pair has its own stream under it.
    start_ms
        The market's first minute, milliseconds since the epoch.
    until_us
        No trade at or after this time; None for an endless market.

    Attributes
    ----------
    restarted_at
        Index of the trade with which ids start again at 1; None while they do not.
    """

    def __init__(self, instrument: Instrument, seed: int, start_ms: int, until_us: int | None = None) -> None:
        self.instrument = instrument
        self.start_ms = start_ms - start_ms % MS_PER_MINUTE
        self._seed = seed
        self.restarted_at: int | None = None
        self._until_us = until_us
        self._state = MarketState.at_start(instrument)
        self._blocks = 0
        self._made_until_us = self.start_ms * US_PER_MS
        self.trades = Trades(*(np.empty(0, dtype) for dtype in ("i8", "i8", "i8", "i8", "?", "?")))

    @property
    def first_trade_id(self) -> int:
        """Return the id of the trade at index 0."""
        return self.instrument.trade_id_base + 1

    def trade_id(self, index: int) -> int:
        """Return the id of the trade at `index`; ids follow each other, unless they were told to start again."""
        if self.restarted_at is not None and index >= self.restarted_at:
            return index - self.restarted_at + 1
        return self.first_trade_id + index

    def index_of(self, trade_id: int) -> int:
        """Return the index of the trade with this id."""
        if self.restarted_at is not None and trade_id < self.first_trade_id:
            return self.restarted_at + trade_id - 1
        return trade_id - self.first_trade_id

    def visible(self, now_us: int) -> int:
        """Return how many trades have happened by `now_us`, itself included."""
        self.make_until(now_us)
        return int(np.searchsorted(self.trades.timestamps_us, now_us, side="right"))

    def index_at(self, time_us: int) -> int:
        """Return the index of the first trade at or after `time_us`."""
        return self.visible(time_us - 1)

    def make_until(self, time_us: int) -> None:
        """Make trades to `time_us` and beyond, to the end of a block."""
        if self._until_us is not None:
            time_us = min(time_us, self._until_us)
        parts = []
        while self._made_until_us <= time_us:
            parts.append(self._next_block())
        if parts:
            self.trades = Trades.join([self.trades, *parts])
            if self._until_us is not None:
                self._cut(self._until_us)

    def _next_block(self) -> Trades:
        shared = np.random.default_rng([self._seed, self.start_ms, self._blocks])
        own = np.random.default_rng([self._seed, self.start_ms, self._blocks, crc32(self.instrument.pair.encode())])
        start_us = self._made_until_us
        noise = shared.standard_normal(BLOCK_MINUTES)
        minutes = advance(self._state, self.instrument, start_us // US_PER_MINUTE, noise, own)
        self._blocks += 1
        self._made_until_us += BLOCK_MINUTES * US_PER_MINUTE
        return _trades_of(minutes, start_us, self.instrument, own)

    def _cut(self, until_us: int) -> None:
        end = int(np.searchsorted(self.trades.timestamps_us, until_us, side="left"))
        self.trades = Trades(*(getattr(self.trades, name)[:end] for name in Trades.__dataclass_fields__))


def _trades_of(minutes: Minutes, start_us: int, instrument: Instrument, rng: np.random.Generator) -> Trades:
    """Fill a block of minutes with taker orders, and each order with one or more trades."""
    minute, offset_us = _order_times(minutes, instrument, rng)
    log_prices = _bridge(minutes, minute, offset_us / US_PER_MINUTE, rng)
    buys = _taker_sides(minutes, minute, log_prices, rng)
    fills = np.minimum(rng.geometric(1 / FILLS_PER_ORDER, len(minute)), MAX_FILLS)
    order = np.repeat(np.arange(len(minute)), fills)
    nth_fill = np.arange(len(order)) - np.repeat(np.cumsum(fills) - fills, fills)
    sign = np.where(buys, 1.0, -1.0)[order]
    walked = nth_fill * rng.integers(0, 3, len(order))
    scale = 10.0**instrument.price_decimals
    ticks = np.rint(np.exp(log_prices)[order] * scale + sign * (HALF_SPREAD_TICKS + walked))
    quote = instrument.median_quote * np.exp(QUANTITY_SPREAD * rng.standard_normal(len(order)))
    lots = np.rint(quote / (ticks / scale) * 10.0**instrument.lot_decimals)
    timestamps_us = start_us + (minute * US_PER_MINUTE + offset_us)[order]
    return Trades(
        timestamps_us=timestamps_us,
        timestamps_ns=_unique_ns(timestamps_us, rng),
        ticks=np.maximum(ticks, 1).astype(np.int64),
        lots=np.maximum(lots, 1).astype(np.int64),
        buys=buys[order],
        market_orders=(rng.random(len(minute)) < 0.55)[order],
    )


def _order_times(minutes: Minutes, instrument: Instrument, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return each order's minute and its microseconds into it, in time order; some minutes burst."""
    rates = (
        minutes.intensities
        * instrument.trades_per_minute
        / FILLS_PER_ORDER
        * rng.gamma(4.0, 0.25, len(minutes.opens))
    )
    minute = np.repeat(np.arange(len(rates)), rng.poisson(rates))
    position = rng.random(len(minute))
    centres, bursts = rng.random(len(rates)), rng.random(len(rates)) < BURST_PROBABILITY
    in_burst = bursts[minute] & (rng.random(len(minute)) < 0.7)
    near_centre = np.clip(centres[minute] + 0.01 * rng.standard_normal(len(minute)), 0.0, 0.999999)
    position = np.where(in_burst, near_centre, position)
    offset_us = (position * US_PER_MINUTE).astype(np.int64)
    order = np.lexsort((offset_us, minute))
    return minute[order], offset_us[order]


def _bridge(minutes: Minutes, minute: Ints, fraction: Floats, rng: np.random.Generator) -> Floats:
    """Return the log price at each order: a Brownian bridge from the minute's open to its close."""
    count = len(minutes.opens)
    times = np.concatenate([minute + fraction, np.arange(1, count + 1)])
    sequence = np.argsort(times, kind="stable")
    steps = rng.standard_normal(len(times)) * np.sqrt(np.diff(times[sequence], prepend=0.0))
    walk = np.empty(len(times))
    walk[sequence] = np.cumsum(steps)
    ends = walk[len(minute) :]
    starts = np.concatenate([[0.0], ends[:-1]])
    wiggle = walk[: len(minute)] - starts[minute] - fraction * (ends - starts)[minute]
    straight = minutes.opens[minute] + fraction * (minutes.closes - minutes.opens)[minute]
    bridged: Floats = straight + 0.8 * minutes.sigmas[minute] * wiggle
    return bridged


def _taker_sides(minutes: Minutes, minute: Ints, log_prices: Floats, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Takers buy more often where the price just rose and where the drift is up."""
    moves = np.diff(log_prices, prepend=log_prices[:1]) / minutes.sigmas[minute]
    lean = 2.2 * np.clip(moves, -2.0, 2.0) + 0.8 * minutes.flows[minute]
    return rng.random(len(minute)) < 1.0 / (1.0 + np.exp(-lean))


def _unique_ns(timestamps_us: Ints, rng: np.random.Generator) -> Ints:
    """Give trades that share a microsecond strictly increasing nanoseconds, as the venue's cursor has them."""
    index = np.arange(len(timestamps_us))
    starts_run = np.diff(timestamps_us, prepend=-1) > 0
    run_start = np.maximum.accumulate(np.where(starts_run, index, 0)) if len(index) else index
    first = rng.integers(0, 300, len(timestamps_us))
    return timestamps_us * 1_000 + first[run_start] + (index - run_start)
