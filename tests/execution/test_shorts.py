"""A strategy that wants to be short of what is traded on spot is told no, by name, and once."""

from __future__ import annotations

import json
from typing import Any

from tests.execution.signal_stream import FREE, account, of, signal, told

from contracts.message import Message
from contracts.order import Order
from contracts.state import MemoryState
from execution.core.execute import run, step
from execution.core.policy import Policy

ACCOUNT = account(cooldown_bars=0)


def short(minute: int) -> Any:
    return signal(minute, "sell", target=-1)


def flat(minute: int) -> Any:
    return signal(minute, "sell", target=0)


def orders(messages: list[Message]) -> list[tuple[str, str, str | None]]:
    return [(o.side, o.status, o.reason) for o in of(Order, messages)]


def test_a_short_is_denied_by_name_once_an_episode() -> None:
    """Minutes 0 to 3 are one episode, in which 2 says nothing; 5 begins another."""
    messages = run([short(0), short(1), signal(2), short(3), flat(4), short(5), short(6)], ACCOUNT, FREE)
    assert orders(messages) == [("sell", "DENIED", "NO_SHORT")] * 2
    first, second = of(Order, messages)
    # As much as it would have bought: 20 % of 10,000 at 100.
    assert (first.quantity, first.size_bound) == ("20", "position_pct")
    assert (first.signal_id, second.signal_id) == (short(0).message_id, short(5).message_id)


def test_what_is_held_is_sold_first_and_the_short_is_refused_after_it() -> None:
    messages = run([signal(0, "buy", target=1), signal(1), short(2), short(3), short(4)], ACCOUNT, FREE)
    assert orders(messages)[2:] == [
        ("sell", "PLACED", None),
        ("sell", "FILLED", None),
        ("sell", "DENIED", "NO_SHORT"),
    ]


def test_a_flat_target_is_no_short() -> None:
    assert orders(run([flat(0), flat(1)], ACCOUNT, FREE)) == []


def test_what_was_refused_is_remembered_over_a_restart() -> None:
    stream = [short(0), short(1), signal(2, "buy", target=1), signal(3), flat(4), signal(5), short(6), short(7)]
    store, messages = MemoryState(), []
    for each in stream:
        messages += step(store, each, ACCOUNT, FREE, Policy())
        store = MemoryState(json.loads(json.dumps(store.entries)))
    assert told(messages) == told(run(stream, ACCOUNT, FREE))
    assert [reason for _, _, reason in orders(messages)].count("NO_SHORT") == 2
