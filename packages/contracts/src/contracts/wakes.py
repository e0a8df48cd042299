"""Until when a part of the step has nothing to do: a backtest sleeps by it, and runs the step where it wakes.

Each rule, exit, kind of order and broker says it beside what it does, as a level or as the bars that matter. It holds
as long as nobody has acted: after each bar on which the account was awake it is asked anew. It is rounded towards
waking: to wake for nothing costs time, to sleep through something would be another account. What says nothing keeps
the account awake on every bar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal

from contracts.signal import Decision
from contracts.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Wakes:
    """On which bars a part of the step may have something to do. What is not given is no reason to wake.

    Parameters
    ----------
    always
        On every bar.
    new_day
        On the first bar of another trading day.
    from_ms
        On bars that end at this time or later.
    equity_at_most
        Where equity at the policy's risk mark is not above it.
    equity_at_least
        Where equity at the closes is not below it.
    low_at_most, high_at_least
        By pair, where its bar reaches down, or up, to this price.
    incomplete
        Where one of these pairs has no complete candle.
    decisions
        By pair, where its signal says one of these.
    shorts
        Where the target of one of these pairs is to be short, which is a sell among others.
    """

    always: bool = False
    new_day: bool = False
    from_ms: int | None = None
    equity_at_most: Decimal | None = None
    equity_at_least: Decimal | None = None
    low_at_most: Mapping[str, Decimal] = field(default_factory=dict)
    high_at_least: Mapping[str, Decimal] = field(default_factory=dict)
    incomplete: frozenset[str] = frozenset()
    decisions: Mapping[str, frozenset[Decision]] = field(default_factory=dict)
    shorts: frozenset[str] = frozenset()


ALWAYS = Wakes(always=True)
NEVER = Wakes()
