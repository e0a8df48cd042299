"""An order's life: which step follows from a report, in each state; a fill is a fact in all of them."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from contracts.order import BEGINNINGS, ENDS, Order, OrderStatus
from contracts.order_report import Execution, OrderReport, ReportKind
from execution.core.orders.life import NEXT, after, unwanted

_: None = None
#: Status before -> PLACED, ACCEPTED, CANCELLED, EXPIRED, REJECTED, UNRESOLVED reported; `_` is nothing new.
STATUSES: dict[OrderStatus, tuple[OrderStatus | None, ...]] = {
    "PLACED": (_, "ACCEPTED", "CANCELLED", "EXPIRED", "REJECTED", "UNRESOLVED"),
    "ACCEPTED": (_, _, "CANCELLED", "EXPIRED", "REJECTED", "UNRESOLVED"),
    "PARTIALLY_FILLED": (_, _, "CANCELLED", "EXPIRED", "REJECTED", "UNRESOLVED"),
    "UNRESOLVED": ("PLACED", "ACCEPTED", "CANCELLED", "EXPIRED", "REJECTED", _),
    "FILLED": (_,) * 6,
    "CANCELLED": (_,) * 6,
    "EXPIRED": (_,) * 6,
    "REJECTED": (_,) * 6,
    "DENIED": (_,) * 6,
}
KINDS: tuple[ReportKind, ...] = ("PLACED", "ACCEPTED", "CANCELLED", "EXPIRED", "REJECTED", "UNRESOLVED")
#: Status before -> after a part, after the rest of it.
FILLS: dict[OrderStatus, OrderStatus] = {
    "PLACED": "PARTIALLY_FILLED",
    "ACCEPTED": "PARTIALLY_FILLED",
    "PARTIALLY_FILLED": "PARTIALLY_FILLED",
    "UNRESOLVED": "PARTIALLY_FILLED",
    "FILLED": "FILLED",
    "CANCELLED": "CANCELLED",
    "EXPIRED": "EXPIRED",
    "REJECTED": "REJECTED",
    "DENIED": "DENIED",
}


def order(status: OrderStatus, **fields: Any) -> Order:
    filled = {"PARTIALLY_FILLED": "1", "FILLED": "10"}.get(status, "0")
    chosen = {"filled_quantity": filled, "reason": None, "step": 3, "quantity": "10", **fields}
    return Order(
        account="paper",
        order_id="o",
        signal_id="s",
        exchange="kraken",
        pair="BTC/USD",
        side="buy",
        order_type="market",
        status=status,
        decided_at_ms=1,
        updated_at_ms=2,
        **chosen,
    )


def report(kind: ReportKind, quantity: str | None = None, **fields: Any) -> OrderReport:
    execution = None if quantity is None else Execution(execution_id="e", quantity=quantity, price="5", fee="0")
    chosen = {"reported_at_ms": 9, "execution": execution, **fields}
    return OrderReport(account="paper", exchange="kraken", pair="BTC/USD", order_id="o", kind=kind, **chosen)


def test_the_tables_know_every_status_and_report() -> None:
    assert set(STATUSES) == set(FILLS) == set(NEXT) == set(get_args(OrderStatus))
    assert {*KINDS, "FILL"} == set(get_args(ReportKind))
    reached: set[OrderStatus] = {*BEGINNINGS, "FILLED"}
    for _round in STATUSES:
        reached |= {each for status in reached for each in NEXT[status].values()}
    assert reached == set(STATUSES)


@pytest.mark.parametrize(
    ("before", "kind", "expected"),
    [(before, kind, expected) for before, row in STATUSES.items() for kind, expected in zip(KINDS, row, strict=True)],
)
def test_each_report_in_each_state(before: OrderStatus, kind: ReportKind, expected: OrderStatus | None) -> None:
    known = order(before)
    following = after(known, report(kind, reason="why"))
    if expected is None:
        assert following is known, "nothing new is no step"
        return
    assert (following.status, following.step, following.reason) == (expected, 4, "why")
    assert (following.updated_at_ms, following.message_id) == (9, "o:4")


@pytest.mark.parametrize("before", get_args(OrderStatus))
def test_a_fill_counts_in_each_state_and_the_last_one_makes_it_whole(before: OrderStatus) -> None:
    known = order(before)
    part = after(known, report("FILL", "2"))
    assert (part.status, part.step) == (FILLS[before], 4)
    whole = after(part, report("FILL", "8"))
    assert (whole.status, whole.step) == ("FILLED", 5)


def test_placed_after_unresolved_has_an_id_of_its_own() -> None:
    """They had one id with two values when an id was order and status."""
    placed = order("PLACED", step=1)
    unresolved = after(placed, report("UNRESOLVED"))
    again = after(unresolved, report("PLACED"))
    assert [each.status for each in (placed, unresolved, again)] == ["PLACED", "UNRESOLVED", "PLACED"]
    assert len({each.message_id for each in (placed, unresolved, again)}) == 3


def test_what_is_filled_in_part_is_not_accepted_again() -> None:
    known = after(order("PARTIALLY_FILLED"), report("UNRESOLVED"))
    assert after(known, report("ACCEPTED", venue_order_id="V")).status == "PARTIALLY_FILLED"


@pytest.mark.parametrize("status", get_args(OrderStatus))
def test_the_venues_id_is_kept_whenever_it_comes(status: OrderStatus) -> None:
    named = after(order(status), report("ACCEPTED", venue_order_id="V"))
    assert (named.venue_order_id, named.step) == ("V", 4)
    assert named.status == ("ACCEPTED" if status in ("PLACED", "UNRESOLVED") else status)
    assert after(named, report("ACCEPTED", venue_order_id="V")) is named


def test_a_wish_to_cancel_is_no_status_and_does_not_keep_it_from_being_filled() -> None:
    wish = unwanted(order("ACCEPTED"), "superseded", 7)
    assert (wish.status, wish.cancel_reason, wish.step) == ("ACCEPTED", "superseded", 4)
    filled = after(wish, report("FILL", "10"))
    assert (filled.status, filled.cancel_reason) == ("FILLED", "superseded")


def test_time_does_not_go_back_where_a_report_is_late() -> None:
    assert after(order("PLACED"), report("ACCEPTED", reported_at_ms=-5)).updated_at_ms == 2


def test_an_order_of_a_version_without_numbers_has_a_step() -> None:
    old = order("PLACED").model_dump(exclude={"step", "filled_quantity"})
    assert Order.model_validate(old).step == 1
    filled = Order.model_validate({**old, "status": "FILLED"})
    assert (filled.step, filled.filled_quantity) == (2, "10")
    assert all(Order.model_validate({**old, "status": end}).step == 2 for end in ENDS - BEGINNINGS)
