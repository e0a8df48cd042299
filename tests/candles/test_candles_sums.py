"""Sums lose no digit, whichever way they are computed and however trades are grouped."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candles.core import exact
from candles.core.exact import Sums, sums_of_parts
from candles.core.fold import fold, roll_up
from candles.core.partial import NO_TRADES, merge
from candles.core.rows import Rows
from contracts.units import decimal_string

AMOUNT = st.decimals(min_value="0.000000000001", max_value="99999999", allow_nan=False, places=12).map(decimal_string)
SHORT = st.integers(1, 10**9).map(lambda number: decimal_string(Decimal(number).scaleb(-4)))
SIDE = st.sampled_from(["buy", "sell", "unknown"])
TRADES = st.lists(
    st.tuples(st.integers(0, 400_000_000), AMOUNT | SHORT, AMOUNT | SHORT, SIDE), min_size=1, max_size=60
)


def sum_trades(prices: list[str], quantities: list[str], sides: list[str]) -> Sums:
    return sums_of_parts(prices, quantities, sides)(0, len(prices))


def columns(trades: list[tuple[int, str, str, str]]) -> Rows:
    times, prices, quantities, sides = (list(column) for column in zip(*trades, strict=True))
    return Rows(list(range(1, len(times) + 1)), times, prices, quantities, sides)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(TRADES)
def test_sums_are_exact(trades: list[tuple[int, str, str, str]]) -> None:
    rows = columns(trades)
    sums = sum_trades(rows.prices, rows.quantities, rows.sides)
    with localcontext() as context:
        context.prec = 200
        prices, quantities = [Decimal(text) for text in rows.prices], [Decimal(text) for text in rows.quantities]
        assert Decimal(sums.volume) == sum(quantities)
        assert Decimal(sums.quote_volume) == sum(map(Decimal.__mul__, prices, quantities))
        bought = [quantity for quantity, side in zip(quantities, rows.sides, strict=True) if side == "buy"]
        if "unknown" in rows.sides:
            assert sums.taker_buy_volume is None, "nobody knows how much was bought"
        else:
            assert Decimal(sums.taker_buy_volume or "none") == sum(bought)
        assert (Decimal(sums.high), Decimal(sums.low)) == (max(prices), min(prices))


@settings(derandomize=True, max_examples=200, deadline=None)
@given(TRADES, st.data())
def test_a_part_adds_up_as_it_does_alone(trades: list[tuple[int, str, str, str]], data: st.DataObject) -> None:
    rows = columns(trades)
    start = data.draw(st.integers(0, len(trades) - 1))
    stop = data.draw(st.integers(start + 1, len(trades)))
    part = rows.part(start, stop)
    sums = sums_of_parts(rows.prices, rows.quantities, rows.sides)(start, stop)
    assert sums == exact._sum_decimals(part.prices, part.quantities, part.sides)


@pytest.mark.parametrize("decimals", [0, 2, 4, 5, 8])
def test_the_columnar_way_gives_the_same_as_decimals(decimals: int) -> None:
    numbers = [decimal_string(Decimal(7 * index * index + 1).scaleb(-decimals)) for index in range(1, 500)]
    sides = ["buy" if index % 3 else "sell" for index in range(1, 500)]
    assert exact._scale(numbers) is not None
    assert sum_trades(numbers, numbers[::-1], sides) == exact._sum_decimals(numbers, numbers[::-1], sides)


@pytest.mark.parametrize("number", ["1234567890.12345678", "0.1234567890123", "9007199254740993", "30000000000.5"])
def test_what_a_double_cannot_carry_is_not_scaled(number: str) -> None:
    scaled = exact._scale([number] * 20)
    assert scaled is None or Decimal(int(scaled.integers[0])).scaleb(-scaled.decimals) == Decimal(number)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(TRADES, st.lists(st.integers(1, 9), min_size=1, max_size=60))
def test_partials_merge_to_the_same_in_any_grouping(
    trades: list[tuple[int, str, str, str]], sizes: list[int]
) -> None:
    rows = columns(trades)
    whole = dict(fold(rows, 60_000))
    merged: dict[int, Any] = {}
    start = 0
    for size in [*sizes, len(trades)]:
        part = rows.part(start, start + size)
        start += size
        for window, partial in fold(part, 60_000) if part.trade_ids else []:
            merged[window] = merge(partial, merged.get(window, NO_TRADES))
    assert merged == whole
    assert dict(roll_up(fold(rows, 60_000), 300_000)) == dict(fold(rows, 300_000))


def test_open_and_close_go_by_time_then_id() -> None:
    rows = Rows([1, 2, 3, 4], [50, 10, 10, 50], ["1", "2", "3", "4"], ["1"] * 4, ["buy"] * 4)
    ((start_ms, partial),) = fold(rows, 60_000)
    assert start_ms == 0
    assert (partial["open"], partial["close"], partial["high"], partial["low"]) == ("2", "4", "4", "1")
    assert (partial["first_trade_id"], partial["last_trade_id"]) == (1, 4)
