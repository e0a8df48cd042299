"""The comparison with the venue's truth sees each difference there may be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.chaos.order_books import HARM, compare

from contracts.fill import Fill
from contracts.order import Order
from contracts.position import Position


def order(step: int, status: Any, **fields: Any) -> Order:
    return Order(
        account="a",
        order_id="o-1",
        step=step,
        signal_id="s",
        exchange="kraken",
        pair="BTC/USD",
        side="buy",
        order_type="market",
        quantity="0.3",
        status=status,
        reason=None,
        decided_at_ms=1,
        updated_at_ms=step,
        **fields,
    )


def fill(execution_id: str, quantity: str, fill_id: str | None = None, **fields: Any) -> Fill:
    facts: dict[str, Any] = {
        "account": "a",
        "fill_id": fill_id or f"o-1:{execution_id}",
        "execution_id": execution_id,
        "order_id": "o-1",
        "signal_id": "s",
        "exchange": "kraken",
        "pair": "BTC/USD",
        "side": "buy",
        "quantity": quantity,
        "reference_price": "100",
        "price": "100",
        "fee_quote": "0.00001",
        "realised_pnl_quote": "0",
        "candle_window_start_ms": 1,
        "filled_at_ms": 2,
        "model_name": None,
        "model_version": None,
    }
    return Fill(**facts | fields)


def position(quantity: str) -> Position:
    facts: dict[str, Any] = {"account": "a", "pair": "BTC/USD", "quantity": quantity}
    return Position.model_construct(**facts)


def truth(**changes: Any) -> dict[str, Any]:
    """0.1 and 0.2 bought at 100, a fee of 0.00001 for each: 1000 - 30 - 0.00002 is left."""
    there = {"order_id": "O1", "client_order_id": "o-1", "status": "closed"}
    paid = {"client_order_id": "o-1", "pair": "BTC/USD", "side": "buy", "price": "100", "fee": "0.00001"}
    return {
        "began_with": {"USD": "1000"},
        "balances": {"USD": "969.99998", "BTC": "0.3"},
        "orders": [there, {**there, "order_id": "O2", "client_order_id": None, "status": "open"}],
        "executions": [
            {**paid, "execution_id": "T1", "quantity": "0.1"},
            {**paid, "execution_id": "T2", "quantity": "0.2"},
        ],
        **changes,
    }


ORDERS = [order(1, "PLACED"), order(2, "UNRESOLVED"), order(3, "FILLED", venue_order_id="O1")]
FILLS = [fill("T1", "0.1"), fill("T2", "0.2")]
HELD = [position("0.1"), position("0.3")]
TWICE = [{"order_id": f"O{n}", "client_order_id": "o-1", "status": "closed"} for n in (1, 2)]
GIVEN_UP = [order(1, "PLACED"), order(2, "EXPIRED"), order(3, "FILLED", venue_order_id="O1")]
OPEN = [{"order_id": "O1", "client_order_id": "o-1", "status": "open"}]


def test_what_agrees_is_good_and_a_message_that_came_twice_is_one() -> None:
    verdict = compare(truth(), [*ORDERS, *ORDERS], [*FILLS, *FILLS], HELD)
    assert verdict.good, verdict.table()
    assert (verdict.orders, verdict.accepted, verdict.fills, verdict.unresolved) == (1, 1, 2, 1)


DIFFERENT: list[tuple[str, Any, Any, Any, Any]] = [
    ("accepted twice", truth(orders=TWICE), ORDERS, FILLS, HELD),
    ("not ours", truth(), [], FILLS, HELD),
    ("given up, and there", truth(), GIVEN_UP, FILLS, HELD),
    ("UNRESOLVED left", truth(), ORDERS[:2], FILLS, HELD),
    ("on its way for ever", truth(), ORDERS[:1], FILLS, HELD),
    ("open there, over here", truth(orders=OPEN), ORDERS, FILLS, HELD),
    ("fills lost", truth(), ORDERS, FILLS[:1], HELD),
    ("fills doubled", truth(), ORDERS, [*FILLS, fill("T2", "0.2", "o-1:again")], HELD),
    ("fills doubled", truth(), ORDERS, [*FILLS, fill("T3", "0.1")], HELD),
    ("fills that say otherwise", truth(), ORDERS, [FILLS[0], fill("T2", "0.2", price="101")], HELD),
    ("balances", truth(balances={"USD": "969.99999", "BTC": "0.3"}), ORDERS, FILLS, HELD),
    ("positions", truth(), ORDERS, FILLS, HELD[:1]),
]


@pytest.mark.parametrize(("kind", "venue", "orders", "fills", "positions"), DIFFERENT)
def test_each_difference_is_seen(kind: str, venue: Any, orders: Any, fills: Any, positions: Any) -> None:
    verdict = compare(venue, orders, fills, positions)
    assert verdict.differences[kind] and not verdict.good
    assert kind in verdict.table()


def test_every_kind_of_difference_is_among_those_that_were_planted() -> None:
    kinds = compare(truth(), ORDERS, FILLS, HELD).differences.keys()
    assert {kind for kind, *_ in DIFFERENT} == set(kinds) > set(HARM)
    assert Decimal("969.99998") == 1000 - 100 * Decimal("0.3") - 2 * Decimal("0.00001")
