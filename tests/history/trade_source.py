"""Trades of two pairs over a midnight, with what makes a store go wrong: repeats, late trades, holes, quiet."""

from __future__ import annotations

import random
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import polars as pl

from contracts.end_of_history import EndOfHistory
from contracts.feed_outage import FeedOutage
from contracts.heartbeat import Heartbeat
from contracts.message import Message
from contracts.trade_frame import TradeFrame
from contracts.units import decimal_string

#: 2026-03-03T23:30:00Z: half an hour before a midnight.
START_US = 1_772_580_600_000_000
MIDNIGHT_US = 1_772_582_400_000_000
PAIRS = ("BTC/USD", "ETH/USD")
COLUMNS = {
    "trade_ids": "trade_id",
    "timestamps_us": "timestamp_us",
    "prices": "price",
    "quantities": "quantity",
    "sides": "side",
}


def frame(pair: str, ids: Iterable[int], spacing_us: int = 1_000_000) -> TradeFrame:
    """The trades of `pair` with these ids: everything about a trade is a function of its id."""
    ids = list(ids)
    dice = [random.Random(trade_id) for trade_id in ids]
    return TradeFrame(
        exchange="kraken",
        pair=pair,
        consecutive_ids=True,
        trade_ids=ids,
        timestamps_us=[START_US + trade_id * spacing_us for trade_id in ids],
        prices=[decimal_string(Decimal(die.randrange(100_000, 110_000)) / 100) for die in dice],
        quantities=[decimal_string(Decimal(die.randrange(1, 10_000)) / 10_000) for die in dice],
        sides=[die.choice(("buy", "sell")) for die in dice],
    )


def market(trades: int = 3_600) -> list[Message]:
    """An hour of both pairs: frames of one to forty trades, some twice, a few late, with heartbeats in between."""
    dice = random.Random(7)
    found: list[Message] = [Heartbeat(exchange="kraken", pair=pair, venue_time_us=START_US) for pair in PAIRS]
    for pair in PAIRS:
        late = set(dice.sample(range(10, trades), 5))
        next_id = 1
        while next_id <= trades:
            ids = range(next_id, min(next_id + dice.randrange(1, 40), trades + 1))
            on_time = [trade_id for trade_id in ids if trade_id not in late]
            if on_time:
                found.append(frame(pair, on_time))
            if on_time and dice.random() < 0.2:
                found.append(found[-1])
            next_id = ids.stop
        found.extend(frame(pair, [trade_id]) for trade_id in sorted(late))
        end_us = START_US + (trades + 1) * 1_000_000
        found.append(
            FeedOutage(exchange="kraken", pair=pair, since_us=START_US + 5_000_000, until_us=START_US + 9_000_000)
        )
        found.append(
            EndOfHistory(exchange="kraken", pair=pair, venue_time_us=end_us, last_trade_id=trades, final=True)
        )
    return found


def expected_rows(messages: Iterable[Message]) -> pl.DataFrame:
    """The trades of `messages`, each once."""
    frames = [message for message in messages if isinstance(message, TradeFrame)]
    rows = [
        {
            "exchange": each.exchange,
            "pair": each.pair,
            **{name: getattr(each, column)[row] for column, name in COLUMNS.items()},
        }
        for each in frames
        for row in range(len(each.trade_ids))
    ]
    return pl.DataFrame(rows).unique(["pair", "trade_id"], keep="first").sort("pair", "trade_id")


def stored_files(root: Path, pair: str = "*") -> list[Path]:
    """The files of a history in the order in which a shell lists them."""
    return sorted(root.glob(f"exchange=*/pair={pair.replace('/', '-')}/date=*/*.parquet"))


def stored_rows(root: Path) -> pl.DataFrame:
    """What a history holds, repeats included."""
    return pl.read_parquet(stored_files(root), hive_partitioning=False).sort("pair", "trade_id")
