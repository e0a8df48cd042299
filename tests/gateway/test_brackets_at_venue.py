"""Brackets at a venue: a stop that rests, a target that is taken in its place, and never both.

The account of execution, the gateway and a venue that fills whatever is open whenever it likes; it sets nothing
aside for stops, so that nothing but our own order of doing things keeps two sells from both being filled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.execution.signal_stream import account, minute_ms, of, signal
from tests.gateway.world import World

from contracts.fill import Fill
from contracts.order import ENDS, Order
from contracts.state import MemoryState
from exchanges.venue_broker import VenueBroker
from execution.core.execute import step
from execution.core.policy import Policy

WHO = account(broker="venue", cooldown_bars=0, max_daily_loss_pct=100, max_total_loss_pct=100)
BROKER = VenueBroker(slippage_bps=Decimal(0), fee_bps=Decimal(0))
PLAN: dict[str, Any] = {"stop_pct": 2.0, "target_pct": 3.0}
STEPS = 400


@dataclass
class BracketWorld(World):
    """As a `World`, with execution itself in it, whose strategy always wants to hold."""

    account: MemoryState = field(default_factory=MemoryState)
    minute: int = 0
    takes: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.venue.now_ms = minute_ms(0)
        self.venue.sells_fill = 0.005

    # -- execution

    def bar(self, close: Any) -> None:
        """Let a minute end."""
        ends_ms = minute_ms(self.minute + 1)
        while self.venue.now_ms < ends_ms:  # what is under way arrives when it is due, not when a minute is over
            self.tick(min(2_000, ends_ms - self.venue.now_ms))
        self._hears(signal(self.minute, "buy", close=close, **PLAN))
        self.minute += 1

    def do_something(self) -> None:
        """Of what may happen to a `World`, what is not execution's own; and between two minutes much of it."""
        if self.random.random() < 0.04:
            self.bar(self.random.choice((99, 100, 101, 104, 106, 110)))
        elif self.random.random() < 0.5:
            self.book(3)
            self.read_one()
            self.answer_one()
        else:
            super().do_something()

    def place(self, **changes: Any) -> None:
        """Execution itself says what it wants, and what it no longer wants."""

    no_longer_want_one = raise_a_stop = place

    def book(self, count: int) -> None:
        for report in self.unread[:count]:
            self._hears(report)
        del self.unread[:count]

    def _hears(self, event: Any) -> None:
        messages = step(self.account, event, WHO, BROKER, Policy())
        for each in of(Order, messages):
            self._write(each)
            self.takes += each.purpose == "target" and each.step == 1
        for fill in of(Fill, messages):
            done = self.executed.setdefault(fill.order_id, set())
            assert fill.execution_id not in done, ("booked twice", fill)
            done.add(fill.execution_id)

    # -- laws

    def traded(self) -> Decimal:
        """Return what the venue's account holds: bought less sold."""
        signs = {"buy": 1, "sell": -1}
        return sum((signs[each.side] * each.quantity for each in self.venue.executions), Decimal(0))

    def check(self) -> None:
        names = [each.client_order_id for each in self.venue.orders.values()]
        assert len(names) == len(set(names)), "an order was taken twice"
        theirs = {each.execution_id for each in self.venue.executions}
        assert {name for of_order in self.executed.values() for name in of_order} == theirs
        still = [each for each in self.latest.values() if each.status not in ENDS]
        if self.traded() > 0:
            assert [each.purpose for each in still] == ["protect"], ("held without its stop", still)
            (there,) = [each for each in self.venue.orders.values() if not each.has_ended]
            assert there.client_order_id == still[0].order_id
        self._check_ends_come_last()


def lived(seed: int) -> BracketWorld:
    world = BracketWorld(Random(seed))
    for _ in range(STEPS):
        world.do_something()
        assert world.traded() >= 0, "more was sold than was held"
    world.venue.sells_fill = 0.0  # what is held stays held
    world.come_to_rest()
    world.book(len(world.unread))
    world.bar(100)  # a stop that was refused last is placed again with it
    world.come_to_rest()
    assert world.traded() >= 0, "more was sold than was held"
    return world


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(19615)  # the entry is filled again after its stop has sold all there was: the next stop is another order
@given(st.integers(0, 2**32))
def test_stop_and_target_are_never_both_filled(seed: int) -> None:
    lived(seed).check()


def test_targets_are_taken_and_missed() -> None:
    """Of the same worlds: it is not that nothing happens in them."""
    worlds = [lived(seed) for seed in range(20)]
    targets = [each for world in worlds for each in world.latest.values() if each.purpose == "target"]
    assert sum(world.takes for world in worlds) == len(targets) > 10
    assert {"FILLED", "EXPIRED"} <= {each.status for each in targets}
    assert all(each.order_type == "limit" and each.time_in_force == "IOC" for each in targets)
