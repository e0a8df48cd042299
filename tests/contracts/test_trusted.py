"""What is made without being checked is what its class would have made of it."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any, cast

import pytest

from contracts.fill import Fill
from contracts.replace import replace
from contracts.trusted import changed, made
from contracts.wakes import Wakes

FILL: dict[str, Any] = {
    "model_version": None,
    "account": "paper",
    "fill_id": "o-1:1",
    "order_id": "o-1",
    "signal_id": "s",
    "exchange": "kraken",
    "pair": "BTC/USD",
    "side": "buy",
    "quantity": "0.5",
    "reference_price": "64250.1",
    "price": "64260",
    "fee_quote": "12.8",
    "realised_pnl_quote": "0",
    "candle_window_start_ms": 60_000,
    "filled_at_ms": 60_000,
    "model_name": None,
}


def test_a_message_is_the_same_whoever_made_it() -> None:
    """Fields stand in the order of the class, and what is not given is its default."""
    checked, unchecked = Fill(**FILL), made(Fill, **FILL)
    assert unchecked == checked
    assert unchecked.to_json() == checked.to_json()
    assert unchecked.model_dump() == checked.model_dump()
    assert unchecked.model_copy(update={"price": "1"}) == checked.model_copy(update={"price": "1"})


def test_a_change_is_that_of_a_copy() -> None:
    fill = Fill(**FILL)
    assert changed(fill, price="1").to_json() == fill.model_copy(update={"price": "1"}).to_json()
    assert fill.price == FILL["price"]


def test_replacing_is_what_the_library_makes_of_it() -> None:
    wakes = Wakes(equity_at_most=Decimal(3), new_day=True)
    for changes in ({}, {"new_day": False}, {"low_at_most": {"BTC/USD": Decimal(1)}, "from_ms": 5}):
        assert replace(wakes, **changes) == dataclasses.replace(wakes, **changes)
    assert wakes == Wakes(equity_at_most=Decimal(3), new_day=True)


def test_a_field_that_there_is_none_of_is_named() -> None:
    with pytest.raises(TypeError, match="Wakes has no field new_dya"):
        cast(Any, replace)(Wakes(), new_dya=True)
