"""Trades, messages and an independent aggregation for the tests of candles."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from candles.core.rules import Rules
from candles.core.twin import CandlesTwin
from contracts.candle import Candle
from contracts.end_of_history import EndOfHistory
from contracts.feed_outage import FeedOutage
from contracts.heartbeat import Heartbeat
from contracts.trade_frame import TradeFrame
from contracts.units import decimal_string

DATA = Path(__file__).parents[3] / "shared/data/trades"
PAIR = "BTC/USD"
EXCHANGE = "kraken"
SECOND_US = 1_000_000


class Trade(NamedTuple):
    id: int
    us: int
    price: str = "100"
    quantity: str = "1"
    side: str = "buy"


def at(seconds: float, trade_id: int, price: str = "100", quantity: str = "1", side: str = "buy") -> Trade:
    """A trade at `seconds` after a round minute."""
    return Trade(trade_id, START_US + round(seconds * SECOND_US), price, quantity, side)


START_US = 1_700_000_100_000_000 - 1_700_000_100_000_000 % (86_400 * SECOND_US)
START_MS = START_US // 1_000


def frame(trades: Sequence[Trade], consecutive: bool = True, exchange: str = EXCHANGE) -> TradeFrame:
    ids, times, prices, quantities, sides = (list(column) for column in zip(*trades, strict=True))
    return TradeFrame(
        exchange=exchange,
        pair=PAIR,
        consecutive_ids=consecutive,
        trade_ids=ids,
        timestamps_us=times,
        prices=prices,
        quantities=quantities,
        sides=sides,
    )


def frames(trades: Sequence[Trade], size: int, consecutive: bool = True) -> list[TradeFrame]:
    return [frame(trades[start : start + size], consecutive) for start in range(0, len(trades), size)]


def heartbeat(seconds: float, exchange: str = EXCHANGE) -> Heartbeat:
    return Heartbeat(exchange=exchange, pair=PAIR, venue_time_us=START_US + round(seconds * SECOND_US))


def outage(since: float, until: float) -> FeedOutage:
    """The feed is dead since `since`, and it is `until` now; seconds after the round minute."""
    return FeedOutage(
        exchange=EXCHANGE,
        pair=PAIR,
        since_us=START_US + round(since * SECOND_US),
        until_us=START_US + round(until * SECOND_US),
    )


def end(seconds: float, final: bool = True) -> EndOfHistory:
    return end_at(START_US + round(seconds * SECOND_US), final)


def end_at(venue_time_us: int, final: bool = True) -> EndOfHistory:
    return EndOfHistory(exchange=EXCHANGE, pair=PAIR, venue_time_us=venue_time_us, last_trade_id=None, final=final)


def run(messages: Iterable[Any], rules: Rules | None = None) -> list[Candle]:
    """Candles of the twin."""
    twin = CandlesTwin(rules or Rules((60, 300)))
    return [candle for message in messages for candle in twin.feed(message)]


def last_revisions(candles: Iterable[Candle]) -> dict[tuple[int, int], Candle]:
    """The record as it stands at the end, by interval and window, without the number of corrections."""
    newest: dict[tuple[int, int], Candle] = {}
    for candle in candles:
        key = (candle.interval_s, candle.window_start_ms)
        before = newest.get(key)
        assert before is None or candle.revision == before.revision + 1, candle
        newest[key] = candle
    return {key: candle.model_copy(update={"revision": 0}) for key, candle in newest.items()}


@dataclass
class Expected:
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    taker_buy_volume: Decimal | None
    trade_count: int
    first_trade_id: int
    last_trade_id: int


def reference(trades: Iterable[Trade], interval_s: int) -> dict[int, Expected]:
    """Window start in ms -> what its candle must say: a sort, a dictionary and Decimal, nothing of the product."""
    windows: dict[int, Expected] = {}
    with localcontext() as context:
        context.prec = 200
        for trade in sorted(trades, key=lambda one: (one.us, one.id)):
            start_ms = trade.us // (interval_s * SECOND_US) * interval_s * 1_000
            price, quantity = Decimal(trade.price), Decimal(trade.quantity)
            zero = Decimal(0)
            one = windows.setdefault(
                start_ms, Expected(price, price, price, price, zero, zero, zero, 0, trade.id, trade.id)
            )
            one.high, one.low, one.close = max(one.high, price), min(one.low, price), price
            one.volume += quantity
            one.quote_volume += price * quantity
            if trade.side == "unknown":
                one.taker_buy_volume = None
            elif one.taker_buy_volume is not None:
                one.taker_buy_volume += quantity if trade.side == "buy" else zero
            one.trade_count += 1
            one.first_trade_id, one.last_trade_id = (
                min(one.first_trade_id, trade.id),
                max(one.last_trade_id, trade.id),
            )
    return windows


def as_expected(candle: Candle) -> Expected:
    texts = ("open", "high", "low", "close", "volume", "quote_volume", "taker_buy_volume")
    numbers: dict[str, Any] = {
        name: None if getattr(candle, name) is None else Decimal(getattr(candle, name)) for name in texts
    }
    return Expected(
        **numbers,
        **{name: getattr(candle, name) for name in ("trade_count", "first_trade_id", "last_trade_id")},
    )


def assert_equals_reference(candles: Iterable[Candle], trades: Sequence[Trade], interval_s: int) -> None:
    """Full outer comparison: no difference, no window missing, none twice, none extra but `empty` ones."""
    of_interval = [candle for candle in candles if candle.interval_s == interval_s]
    wanted = reference(trades, interval_s)
    starts = [candle.window_start_ms for candle in of_interval]
    assert starts == list(range(min(wanted), max(wanted) + 1, interval_s * 1_000))
    traded = {candle.window_start_ms: as_expected(candle) for candle in of_interval if candle.trade_count}
    assert traded == wanted
    for before, candle in pairwise(of_interval):
        if not candle.trade_count:
            assert candle.quality == "empty"
            assert {candle.open, candle.high, candle.low, candle.close} == {before.close}
            assert (candle.volume, candle.quote_volume, candle.taker_buy_volume) == ("0", "0", "0")
            assert candle.first_trade_id is candle.last_trade_id is None


def recorded(name: str, limit: int | None = None) -> list[Trade]:
    """The trades of a recorded file; a row without quantity is no trade."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the recorded market data is not beside this checkout: {path}")
    with gzip.open(path, "rt", newline="") as file:
        lines = list(csv.reader(file))
    parse, header_lines = {"binance": (_binance, 1), "coinbase": (_coinbase, 1), "bitstamp": (_bitstamp, 0)}[
        name.split("_")[0]
    ]
    trades = [parse(line, number) for number, line in enumerate(lines[header_lines:], 1)]
    return [trade for trade in trades if trade.quantity != "0"][:limit]


def _binance(line: list[str], _number: int) -> Trade:
    side = "sell" if line[6] == "true" else "buy"
    return Trade(int(line[3]), int(line[2]) * 1_000, _canonical(line[4]), _canonical(line[5]), side)


def _coinbase(line: list[str], number: int) -> Trade:
    moment = datetime.fromisoformat(line[4].replace("Z", "+00:00"))
    time_us = int(moment.timestamp()) * SECOND_US + moment.microsecond
    return Trade(number, time_us, _canonical(line[2]), _canonical(line[3]), line[1])


def _bitstamp(line: list[str], number: int) -> Trade:
    return Trade(number, int(line[0]) * SECOND_US, _canonical(line[1]), _canonical(line[2]), "unknown")


def _canonical(text: str) -> str:
    return decimal_string(Decimal(text))
