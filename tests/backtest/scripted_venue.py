"""A venue that fills as paper does, but for what is planted; its reports come as events, between two minutes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any

from contracts.account import Account
from contracts.message import Message
from contracts.order import ENDS, Order
from contracts.order_report import OrderReport
from contracts.signal import Signal
from contracts.state import MemoryState
from contracts.units import BPS, EXACT, decimal_string
from exchanges.paper import PaperBroker
from exchanges.paper.touch import Liquidity
from exchanges.venue_broker import VenueBroker
from execution.core.execute import fold
from execution.core.policy import Policy

#: More than any order costs: what there is was looked at when it was placed.
_ENOUGH = Decimal(10**12)


@dataclass(frozen=True)
class Planted:
    """What the venue does other than paper.

    Parameters
    ----------
    price_bps
        Prices are so much worse for the trader.
    fee_factor
        Fees are so many times as high.
    missed
        Orders that it lets expire, by their number from 1 on, in the order in which they came.
    late
        Bars that it takes longer, by number.
    part
        The share that it fills of an order before it gives up the rest, by number.
    """

    price_bps: Decimal = Decimal(0)
    fee_factor: Decimal = Decimal(1)
    missed: frozenset[int] = frozenset()
    late: Mapping[int, int] = field(default_factory=dict)
    part: Mapping[int, Decimal] = field(default_factory=dict)


class ScriptedVenue:
    """An account at the venue, over the signals of its pairs.

    Parameters
    ----------
    account, paper, policy
        Whose orders, how paper fills them, and the rules of the account.
    planted
        What the venue does other than that.
    """

    def __init__(self, account: Account, paper: PaperBroker, policy: Policy, planted: Planted) -> None:
        self.account, self.paper, self.policy, self.planted = account, paper, policy, planted
        self.events: list[Any] = []
        self.messages: list[Message] = []
        self.told: list[tuple[Any, list[Message]]] = []
        self._state = MemoryState()
        self._open: dict[str, Order] = {}
        self._number: dict[str, int] = {}
        self._waited: Counter[str] = Counter()

    def run(self, signals: Sequence[Signal]) -> ScriptedVenue:
        """Play all minutes, each after what the venue did meanwhile."""
        for _, minute in groupby(signals, key=lambda each: each.window_start_ms):
            of = list(minute)
            self._trade({each.pair: each for each in of}, of[0].window_end_ms)
            for each in of:
                self._tell(each)
            while unwanted := [each for each in self._open.values() if each.cancel_reason is not None]:
                for order in unwanted:
                    self._tell(*self.paper.cancel(order, of[0].window_end_ms))
        return self

    def _trade(self, marks: Mapping[str, Signal], end_ms: int) -> None:
        """Fill what the minute fills: orders of decisions first, then what rests on positions."""
        asked: set[str] = set()
        while waiting := [each for each in self._sorted() if each.order_id not in asked]:
            asked.add(waiting[0].order_id)
            self._tell(*self._answers(waiting[0], marks, end_ms))

    def _sorted(self) -> list[Order]:
        return sorted(self._open.values(), key=lambda each: (each.purpose == "protect", each.pair))

    def _answers(self, order: Order, marks: Mapping[str, Signal], end_ms: int) -> Iterable[OrderReport]:
        number = self._number[order.order_id]
        self._waited[order.order_id] += 1
        if self._waited[order.order_id] <= self.planted.late.get(number, 0):
            return
        for report in self.paper.reports([order], marks, end_ms, _ENOUGH):
            if report.execution is None:
                yield report
            elif number in self.planted.missed:
                yield self._expired(report)
                return
            else:
                yield self._altered(report, number)
                if number in self.planted.part:
                    yield self._expired(report)
                    return

    def _altered(self, report: OrderReport, number: int) -> OrderReport:
        execution = report.execution
        assert execution is not None
        buys = self._open[report.order_id].side == "buy"
        price = EXACT.multiply(Decimal(execution.price), 1 + self.planted.price_bps * BPS * (1 if buys else -1))
        usual = self.paper.fee_quote(Decimal(execution.quantity), Decimal(execution.price))
        liquidity: Liquidity = "taker" if Decimal(execution.fee) == usual else "maker"
        quantity = Decimal(execution.quantity) * self.planted.part.get(number, Decimal(1))
        fee = self.paper.fee_quote(quantity, price, liquidity) * self.planted.fee_factor
        changed = {
            "price": decimal_string(price),
            "quantity": decimal_string(quantity),
            "fee": decimal_string(fee),
            "reference_price": None,
        }
        return report.model_copy(update={"execution": execution.model_copy(update=changed)})

    @staticmethod
    def _expired(report: OrderReport) -> OrderReport:
        return report.model_copy(update={"kind": "EXPIRED", "execution": None, "reason": "missed"})

    def _tell(self, *events: Any) -> None:
        for event in events:
            self.events.append(event)
            broker = VenueBroker(self.paper.slippage_bps, self.paper.fee_bps)
            self.told.append((event, fold(self._state, event, self.account, broker, self.policy)))
            for message in self.told[-1][1]:
                self.messages.append(message)
                if isinstance(message, Order):
                    self._seen(message)

    def _seen(self, order: Order) -> None:
        if order.status == "PLACED" and order.order_id not in self._number:
            self._number[order.order_id] = len(self._number) + 1
        if order.status in ENDS:
            self._open.pop(order.order_id, None)
        else:
            self._open[order.order_id] = order
