"""An account's portfolio: what it holds, what it has ordered, what it has earned and lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from contracts.account import Account
from contracts.message import Message
from contracts.order import ENDS, Purpose
from contracts.replace import replace
from contracts.units import MS_PER_MINUTE, decimal_string
from execution.core.account.closes import Closes
from execution.core.account.guard import Guard
from execution.core.account.holding import Holding
from execution.core.account.mark import Mark
from execution.core.account.operator_state import ACTIVE
from execution.core.account.today import Today
from execution.core.orders.open_order import OpenOrder
from execution.core.orders.sent import Sent

#: Of as many commands it is known that they were obeyed.
_COMMANDS_KNOWN = 64


@dataclass(frozen=True)
class Portfolio:
    """The whole state of an account, bounded by its number of pairs. A step returns a new one.

    It has no slots: a step makes several, and a dictionary of so many fields is copied in a fifth of the time.

    Attributes
    ----------
    initial_balance, cash, realised, fees
        Money, in quote currency: at its beginning, now, what was earned before fees, and those.
    highest_equity, day_start_balance
        What drawdown and the loss of a day are counted from.
    day, trading_state
        The trading day, and whether limits let positions be opened.
    alerted
        The day each alert was last raised on.
    stale
        The pairs whose stale marks were reported.
    holdings, orders, marks
        By pair: what is held, what is in flight, the last known price.
    booked_ms, filled_ms
        The latest time of anything booked, and of each pair's fills.
    exiting
        The pairs that the strategy wants nothing held of, until that is so or it wants them again.
    shorts
        The pairs whose strategy wants to be short and has been refused, until it wants something else.
    denied
        The pairs whose strategy wants in and was denied, with its name and the reason, until the wish, the reason,
        the trading day or an operator's word is another.
    entered_ms
        When the buys of the last hour were sent, as many as `max_entries_per_hour` asks about.
    guards
        What watches over positions with an exit plan, by pair.
    highest_day_start, today
        The highest balance that a day has begun with, and what this one has brought.
    ended
        Orders that ended in this step, for the archive.
    operator_state
        What operators let it do, `execution.core.account.operator_state`.
    owner_state
        What limits over all accounts of its owner let it do.
    commands, commanded_ms
        The ids of the last commands that were obeyed, and the event time that was given to the last of them.
    sent
        By pair, what was ordered for its last signal.
    bar_ms
        How long its bars are.
    closes
        The last closes of each pair, where it sizes by their volatility.
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
    booked_ms: int = 0
    filled_ms: dict[str, int] = field(default_factory=dict)
    exiting: frozenset[str] = frozenset()
    shorts: frozenset[str] = frozenset()
    denied: dict[str, tuple[str, str]] = field(default_factory=dict)
    entered_ms: tuple[int, ...] = ()
    guards: dict[str, Guard] = field(default_factory=dict)
    highest_day_start: Decimal = Decimal(0)
    today: Today = field(default_factory=Today)
    ended: dict[str, OpenOrder] = field(default_factory=dict)
    operator_state: str = ACTIVE
    owner_state: str = ACTIVE
    commands: tuple[str, ...] = ()
    commanded_ms: int = 0
    sent: dict[str, Sent] = field(default_factory=dict)
    bar_ms: int = MS_PER_MINUTE
    closes: dict[str, Closes] = field(default_factory=dict)

    @classmethod
    def opened(cls, account: Account) -> Portfolio:
        """Return the portfolio of an account that has not traded.

        Returns
        -------
        Portfolio
            All of it cash.
        """
        start = account.initial_balance_quote
        zero = Decimal(0)
        return cls(start, cash=start, realised=zero, fees=zero, highest_equity=start, day_start_balance=start)

    def with_order(self, opened: OpenOrder) -> Portfolio:
        """Return the portfolio with an order as it is now: in flight, or at its end.

        Returns
        -------
        Portfolio
            A new one.
        """
        order = opened.order
        if order.purpose == "protect":
            return self._with_resting(opened)
        if order.status not in ENDS:
            return replace(self, orders={**self.orders, order.pair: opened})
        others = self.orders
        known = others.get(order.pair)
        if known is not None and known.order.order_id == order.order_id:
            others = others.copy()
            del others[order.pair]
        return replace(self, orders=others, ended={**self.ended, order.order_id: opened})

    def _with_resting(self, opened: OpenOrder) -> Portfolio:
        order, guard = opened.order, self.guards.get(opened.order.pair)
        ended = {**self.ended, order.order_id: opened} if order.status in ENDS else self.ended
        if guard is None or (guard.opened is not None and guard.opened.order.order_id != order.order_id):
            return replace(self, ended=ended)  # a late word on one that has been replaced
        now = replace(guard, opened=None if order.status in ENDS else opened)
        return replace(self, ended=ended, guards={**self.guards, order.pair: now})

    def with_guard(self, pair: str, guard: Guard) -> Portfolio:
        """Return the portfolio with something that watches over a position.

        Returns
        -------
        Portfolio
            A new one.
        """
        return replace(self, guards={**self.guards, pair: guard})

    @property
    def standing(self) -> str:
        """ACTIVE, or why nothing is bought: what an operator said, else what a limit has found."""
        return self.stopped if self.operator_state == ACTIVE else self.operator_state

    @property
    def stopped(self) -> str:
        """ACTIVE, or which limit is broken: of the account itself, else over all accounts of its owner."""
        return self.owner_state if self.trading_state == ACTIVE else self.trading_state

    @property
    def time_ms(self) -> int:
        """The event time that it has come to; 0 before its first candle."""
        return max((mark.marked_at_ms for mark in self.marks.values()), default=0)

    def with_command(self, command_id: str, operator_state: str, at_ms: int) -> Portfolio:
        """Return the portfolio after a command.

        Parameters
        ----------
        command_id
            Not to be obeyed again.
        operator_state
            What operators let it do from now on.
        at_ms
            The event time it is told with.

        Returns
        -------
        Portfolio
            A new one.
        """
        known = (*self.commands, command_id)[-_COMMANDS_KNOWN:]
        return replace(self, operator_state=operator_state, commands=known, commanded_ms=at_ms, denied={})

    def with_another_sent(self, pair: str, signal_id: str, purpose: Purpose) -> dict[str, Sent]:
        """Return `sent` with another order that goes back to a signal.

        Parameters
        ----------
        pair
            Of which pair.
        signal_id
            Its last signal, or mark.
        purpose
            What the order is for.

        Returns
        -------
        dict[str, Sent]
            A new one.
        """
        return {**self.sent, pair: self.sent_of(pair).once_more(signal_id, purpose)}

    def sent_of(self, pair: str) -> Sent:
        """Return what was ordered for the last signal of a pair.

        Returns
        -------
        Sent
            Of no signal, if nothing was.
        """
        return self.sent.get(pair) or Sent("")

    def in_flight(self) -> list[OpenOrder]:
        """Return the orders in flight, pairs in sorted order, without those that rest on what is held.

        Returns
        -------
        list[OpenOrder]
            At most one of each pair.
        """
        return [opened for _, opened in sorted(self.orders.items())] if self.orders else []

    def resting(self) -> list[OpenOrder]:
        """Return the orders that rest on what is held, pairs in sorted order.

        Returns
        -------
        list[OpenOrder]
            At most one of each pair.
        """
        if not self.guards:
            return []
        return [guard.opened for _, guard in sorted(self.guards.items()) if guard.opened is not None]

    def first_today(self, name: str) -> tuple[Portfolio, bool]:
        """Return whether `name` comes up for the first time this day, and the portfolio that knows.

        Returns
        -------
        tuple[Portfolio, bool]
            The portfolio, and whether it is the first time.
        """
        today = self.day or ""
        if self.alerted.get(name) == today:
            return self, False
        return replace(self, alerted={**self.alerted, name: today}), True

    def to_json(self) -> dict[str, Any]:
        """Return JSON-able data.

        Returns
        -------
        dict[str, Any]
            Decimals as text.
        """
        data: dict[str, Any] = {name: decimal_string(getattr(self, name)) for name in _MONEY}
        data |= {"day": self.day, "trading_state": self.trading_state, "alerted": dict(self.alerted)}
        data |= {"stale": sorted(self.stale), "shorts": sorted(self.shorts), "entered_ms": list(self.entered_ms)}
        data["denied"] = {pair: list(denial) for pair, denial in self.denied.items()}
        data |= {"booked_ms": self.booked_ms, "filled_ms": dict(self.filled_ms), "exiting": sorted(self.exiting)}
        data |= {"highest_day_start": decimal_string(self.highest_day_start), "today": self.today.to_json()}
        data |= {"operator_state": self.operator_state, "commands": list(self.commands)}
        data |= {
            "commanded_ms": self.commanded_ms,
            "bar_ms": self.bar_ms,
            "sent": {pair: each.to_json() for pair, each in self.sent.items()},
        }
        if self.owner_state != ACTIVE:
            data["owner_state"] = self.owner_state
        data["guards"] = {pair: guard.to_json() for pair, guard in self.guards.items()}
        data["holdings"] = {pair: holding.to_json() for pair, holding in self.holdings.items()}
        data["orders"] = {pair: order.to_json() for pair, order in self.orders.items()}
        data["marks"] = {pair: mark.to_json() for pair, mark in self.marks.items()}
        data["closes"] = {pair: closes.to_json() for pair, closes in self.closes.items()}
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Portfolio:
        """Read what `to_json` wrote.

        Returns
        -------
        Portfolio
            An equal one.
        """
        money: dict[str, Any] = {name: Decimal(data[name]) for name in _MONEY}
        return cls(
            **money,
            day=data["day"],
            trading_state=data["trading_state"],
            alerted=dict(data["alerted"]),
            stale=frozenset(data["stale"]),
            booked_ms=data.get("booked_ms", 0),
            filled_ms=dict(data.get("filled_ms", {})),
            exiting=frozenset(data.get("exiting", ())),
            shorts=frozenset(data.get("shorts", ())),
            denied={pair: (strategy, reason) for pair, (strategy, reason) in data.get("denied", {}).items()},
            entered_ms=tuple(data.get("entered_ms", ())),
            highest_day_start=Decimal(data.get("highest_day_start", data["day_start_balance"])),
            today=Today.from_json(data["today"]) if "today" in data else Today(),
            operator_state=data.get("operator_state", ACTIVE),
            owner_state=data.get("owner_state", ACTIVE),
            commands=tuple(data.get("commands", ())),
            commanded_ms=data.get("commanded_ms", 0),
            bar_ms=data.get("bar_ms", MS_PER_MINUTE),
            sent={pair: Sent.from_json(item) for pair, item in data.get("sent", {}).items()},
            guards={pair: Guard.from_json(item) for pair, item in data.get("guards", {}).items()},
            holdings={pair: Holding.from_json(item) for pair, item in data["holdings"].items()},
            orders={pair: OpenOrder.from_json(item) for pair, item in data["orders"].items()},
            marks={pair: Mark.from_json(item) for pair, item in data["marks"].items()},
            closes={pair: Closes.from_json(item) for pair, item in data.get("closes", {}).items()},
        )


_MONEY = ("initial_balance", "cash", "realised", "fees", "highest_equity", "day_start_balance")

#: What a step of a minute returns: the portfolio after it, and what is to be told, in order.
Decided = tuple[Portfolio, list[Message]]
