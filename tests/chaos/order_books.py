"""What is true at the venue against what stands on our topics; pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from contracts.fill import Fill
from contracts.order import ENDS, Order
from contracts.position import Position
from gateway.core.client_ids import client_id

#: Ends after which an order must not be at the venue at all.
_GIVEN_UP = ("EXPIRED", "REJECTED")
#: What a gateway without a protection has to be found to do.
HARM = ("accepted twice", "given up, and there", "fills lost", "fills doubled", "balances", "positions")


@dataclass(frozen=True)
class Verdict:
    """How the two sides differ; of each kind the first few, in words.

    Attributes
    ----------
    orders, accepted, fills
        How many orders we placed, how many of them the venue took, and how many executions it had.
    unresolved
        How many orders nobody knew the fate of for a while.
    differences
        Kind -> what differs.
    """

    orders: int
    accepted: int
    fills: int
    unresolved: int
    differences: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def harm(self) -> list[str]:
        """The kinds of differences that cost money, of which there are any."""
        return [kind for kind in HARM if self.differences.get(kind)]

    @property
    def good(self) -> bool:
        """Whether nothing differs."""
        return not any(self.differences.values())

    def table(self) -> str:
        """Return it for people."""
        lines = [
            f"{self.orders} orders, {self.accepted} taken, {self.fills} executions, "
            f"{self.unresolved} UNRESOLVED for a while"
        ]
        for kind, found in self.differences.items():
            lines.append(f"  {kind:<28} {len(found)}")
            lines += [f"    {words}" for words in found[:3]]
        return "\n".join(lines)


def compare(
    truth: Mapping[str, Any], orders: Iterable[Order], fills: Iterable[Fill], positions: Iterable[Position]
) -> Verdict:
    """Return how the venue's truth about an account differs from what our topics say."""
    steps: dict[str, list[Order]] = defaultdict(list)
    for order in orders:
        steps[order.order_id].append(order)
    last = {name: max(of, key=lambda order: order.step) for name, of in steps.items()}
    ours = {client_id(name): name for name in last}
    at_venue = [each for each in truth["orders"] if each["client_order_id"] is not None]
    named = Counter(each["client_order_id"] for each in at_venue)
    booked = {fill.message_id: fill for fill in fills}  # a repeated message is one message
    unresolved = {name for name, of in steps.items() if any(order.status == "UNRESOLVED" for order in of)}
    differences = {
        "accepted twice": [f"{ours.get(name)}: {count} times" for name, count in named.items() if count > 1],
        "not ours": [name for name in named if name not in ours],
        "given up, and there": _given_up(steps, at_venue),
        "UNRESOLVED left": [name for name, order in last.items() if order.status == "UNRESOLVED"],
        "on its way for ever": [name for name, order in last.items() if order.status == "PLACED"],
        "open there, over here": _open_there(last, ours, at_venue),
        **_fills(truth["executions"], list(booked.values())),
        "balances": _balances(truth, list(booked.values())),
        "positions": _positions(truth, positions),
    }
    return Verdict(len(last), len(at_venue), len(truth["executions"]), len(unresolved), differences)


def _given_up(steps: Mapping[str, Sequence[Order]], at_venue: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what we said had never got there, and had: whatever came in its place was one order too many."""
    there = {each["client_order_id"] for each in at_venue}
    return [
        f"{name}: {order.status} for {order.reason}"
        for name, of in steps.items()
        for order in of
        if order.status in _GIVEN_UP and order.venue_order_id is None and client_id(name) in there
    ]


def _open_there(
    last: Mapping[str, Order], ours: Mapping[str, str], at_venue: Sequence[Mapping[str, Any]]
) -> list[str]:
    still = [ours[each["client_order_id"]] for each in at_venue if each["status"] == "open"]
    return [f"{name}: {last[name].status}" for name in still if last[name].status in ENDS]


def _fills(executions: Sequence[Mapping[str, Any]], booked: Sequence[Fill]) -> dict[str, list[str]]:
    ours: dict[str, list[Fill]] = defaultdict(list)
    for fill in booked:
        ours[fill.execution_id].append(fill)
    true = {each["execution_id"]: each for each in executions if each["client_order_id"] is not None}
    return {
        "fills lost": [name for name in true if name not in ours],
        "fills doubled": [name for name, of in ours.items() if len(of) > 1 or name not in true],
        "fills that say otherwise": [
            f"{name}: {_said(ours[name][0])} for {_true(each)}"
            for name, each in true.items()
            if name in ours and _said(ours[name][0]) != _true(each)
        ],
    }


def _said(fill: Fill) -> tuple[str, ...]:
    return fill.pair, fill.side, fill.quantity, fill.price, fill.fee_base, _fee_in_quote(fill)


def _fee_in_quote(fill: Fill) -> str:
    """Return what was taken in quote currency: a fee in base currency has its worth there, for people."""
    return fill.fee_quote if Decimal(fill.fee_base) == 0 else "0"


def _true(execution: Mapping[str, Any]) -> tuple[str, ...]:
    fees = (
        execution["fee"] if execution.get("fee_in", "quote") == currency else "0" for currency in ("base", "quote")
    )
    return (*(execution[name] for name in ("pair", "side", "quantity", "price")), *fees)


def _balances(truth: Mapping[str, Any], booked: Sequence[Fill]) -> list[str]:
    """Compare what the account began with and our fills with what it has, to the last digit."""
    expected = {currency: Decimal(amount) for currency, amount in truth["began_with"].items()}
    for fill in booked:
        base, quote = fill.pair.split("/")
        sign = 1 if fill.side == "buy" else -1
        quantity, cost = Decimal(fill.quantity), Decimal(fill.quantity) * Decimal(fill.price)
        expected[base] = expected.get(base, Decimal(0)) + sign * quantity - Decimal(fill.fee_base)
        expected[quote] = expected.get(quote, Decimal(0)) - sign * cost - Decimal(_fee_in_quote(fill))
    there = {currency: Decimal(amount) for currency, amount in truth["balances"].items()}
    both = {name: (there.get(name, Decimal(0)), expected.get(name, Decimal(0))) for name in there | expected}
    return [f"{name}: {has} at the venue, {says} by our fills" for name, (has, says) in both.items() if has != says]


def _positions(truth: Mapping[str, Any], positions: Iterable[Position]) -> list[str]:
    held: dict[str, Decimal] = defaultdict(Decimal)
    for position in {(each.account, each.pair): each for each in positions}.values():
        held[position.pair.split("/")[0]] += Decimal(position.quantity)
    began = {currency: Decimal(amount) for currency, amount in truth["began_with"].items()}
    return [
        f"{base}: {amount} more at the venue than at first, {held[base]} held by our accounts"
        for base, amount in (
            (currency, Decimal(text) - began.get(currency, Decimal(0)))
            for currency, text in truth["balances"].items()
            if currency in held or currency not in began
        )
        if amount != held[base]
    ]
