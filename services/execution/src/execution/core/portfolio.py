"""An account's portfolio: what it holds, what it has ordered, what it has earned and lost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from contracts.account import Account
from contracts.message import Message
from contracts.order import Order
from contracts.units import decimal_string

ACTIVE = "ACTIVE"


@dataclass(frozen=True, slots=True)
class Holding:
    """An open position. It is opened by one fill and closed by one, so the average price is exact."""

    quantity: Decimal
    average_price: Decimal
    fees_quote: Decimal

    def to_json(self) -> dict[str, str]:
        """Return JSON-able data."""
        return {
            "quantity": decimal_string(self.quantity),
            "average_price": decimal_string(self.average_price),
            "fees_quote": decimal_string(self.fees_quote),
        }

    @classmethod
    def from_json(cls, data: dict[str, str]) -> Holding:
        """Read what `to_json` wrote."""
        return cls(**{name: Decimal(number) for name, number in data.items()})


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order in flight.

    `reserved_quote` is the money a buy is expected to take. `expires_at_ms` is None where the order must not expire:
    it flattens a position after a loss limit was broken.
    """

    order: Order
    expires_at_ms: int | None
    reserved_quote: Decimal
    model_name: str
    model_version: int

    def to_json(self) -> dict[str, Any]:
        """Return JSON-able data."""
        return {
            "order": self.order.model_dump(),
            "expires_at_ms": self.expires_at_ms,
            "reserved_quote": decimal_string(self.reserved_quote),
            "model_name": self.model_name,
            "model_version": self.model_version,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> OpenOrder:
        """Read what `to_json` wrote."""
        order, reserved_quote = Order.model_validate(data["order"]), Decimal(data["reserved_quote"])
        return cls(**{**data, "order": order, "reserved_quote": reserved_quote})


@dataclass(frozen=True, slots=True)
class Mark:
    """The last known price of a pair, and the signal that brought it."""

    close: Decimal
    marked_at_ms: int
    signal_id: str
    exchange: str
    model_name: str
    model_version: int

    def to_json(self) -> dict[str, Any]:
        """Return JSON-able data."""
        return {
            "close": decimal_string(self.close),
            "marked_at_ms": self.marked_at_ms,
            "signal_id": self.signal_id,
            "exchange": self.exchange,
            "model_name": self.model_name,
            "model_version": self.model_version,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Mark:
        """Read what `to_json` wrote."""
        return cls(**{**data, "close": Decimal(data["close"])})


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The whole state of an account, bounded by its number of pairs. A step returns a new one.

    `alerted` holds the day each alert was last raised on, `stale` the pairs whose stale marks were reported.
    """

    initial_balance: Decimal
    cash: Decimal
    realised: Decimal
    fees: Decimal
    highest_equity: Decimal
    day_start_balance: Decimal
    day: str | None = None
    trading_state: str = ACTIVE
    alerted: dict[str, str] = field(default_factory=dict)
    stale: frozenset[str] = frozenset()
    holdings: dict[str, Holding] = field(default_factory=dict)
    orders: dict[str, OpenOrder] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)

    @classmethod
    def opened(cls, account: Account) -> Portfolio:
        """Return the portfolio of an account that has not traded."""
        start = account.initial_balance_quote
        zero = Decimal(0)
        return cls(start, cash=start, realised=zero, fees=zero, highest_equity=start, day_start_balance=start)

    def with_order(self, opened: OpenOrder) -> Portfolio:
        """Return the portfolio with an order of its pair in flight."""
        return replace(self, orders={**self.orders, opened.order.pair: opened})

    def without_order(self, pair: str) -> Portfolio:
        """Return the portfolio after the order of `pair` has come to its end."""
        return replace(self, orders={other: order for other, order in self.orders.items() if other != pair})

    def to_json(self) -> dict[str, Any]:
        """Return JSON-able data."""
        data: dict[str, Any] = {name: decimal_string(getattr(self, name)) for name in _MONEY}
        data |= {"day": self.day, "trading_state": self.trading_state, "alerted": dict(self.alerted)}
        data["stale"] = sorted(self.stale)
        data["holdings"] = {pair: holding.to_json() for pair, holding in self.holdings.items()}
        data["orders"] = {pair: order.to_json() for pair, order in self.orders.items()}
        data["marks"] = {pair: mark.to_json() for pair, mark in self.marks.items()}
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Portfolio:
        """Read what `to_json` wrote."""
        return cls(
            **{name: Decimal(data[name]) for name in _MONEY},
            day=data["day"],
            trading_state=data["trading_state"],
            alerted=dict(data["alerted"]),
            stale=frozenset(data["stale"]),
            holdings={pair: Holding.from_json(item) for pair, item in data["holdings"].items()},
            orders={pair: OpenOrder.from_json(item) for pair, item in data["orders"].items()},
            marks={pair: Mark.from_json(item) for pair, item in data["marks"].items()},
        )


_MONEY = ("initial_balance", "cash", "realised", "fees", "highest_equity", "day_start_balance")

#: What a step of a minute returns: the portfolio after it, and what is to be told, in order.
Decided = tuple[Portfolio, list[Message]]
