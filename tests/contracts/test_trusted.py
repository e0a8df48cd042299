"""What is made without being checked is what its class would have made of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
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


@dataclasses.dataclass(frozen=True)
class Unslotted:
    """What has its fields in a dictionary."""

    new_day: bool = False
    equity_at_most: Decimal | None = None
    low_at_most: Mapping[str, Decimal] = dataclasses.field(default_factory=dict)
    from_ms: int | None = None


@pytest.mark.parametrize("kind", [Wakes, Unslotted])
def test_replacing_is_what_the_library_makes_of_it(kind: Any) -> None:
    value = kind(equity_at_most=Decimal(3), new_day=True)
    for changes in ({}, {"new_day": False}, {"low_at_most": {"BTC/USD": Decimal(1)}, "from_ms": 5}):
        changed_value = replace(value, **changes)
        assert changed_value == dataclasses.replace(value, **changes)
        with pytest.raises(dataclasses.FrozenInstanceError):
            changed_value.new_day = True
    assert value == kind(equity_at_most=Decimal(3), new_day=True)


@pytest.mark.parametrize("kind", [Wakes, Unslotted])
def test_a_field_that_there_is_none_of_is_named(kind: Any) -> None:
    with pytest.raises(TypeError, match=f"{kind.__name__} has no field new_dya"):
        cast(Any, replace)(kind(), new_dya=True)
