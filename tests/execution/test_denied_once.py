"""What an account is denied it tells once, until the wish, the reason, the day or an operator's word is another."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from tests.execution.operator_words import command
from tests.execution.signal_stream import FREE, account, of, signal, told

from contracts.instrument import Instrument
from contracts.message import Message
from contracts.order import Order
from contracts.risk_alert import RiskAlert
from contracts.state import MemoryState
from exchanges.paper import PaperBroker
from execution.core.execute import run, step
from execution.core.policy import Policy

DAY = 24 * 60
#: Half of 10,000 is less than the venue takes.
POOR = account(position_pct=50, max_position_pct=50, cooldown_bars=0)
DEAR = PaperBroker(
    slippage_bps=Decimal(0),
    fee_bps=Decimal(0),
    instruments={
        ("kraken", "BTC/USD"): Instrument(exchange="kraken", pair="BTC/USD", minimum_cost=Decimal(6_000)),
    },
)


def denied(messages: list[Message]) -> list[tuple[str, str | None]]:
    return [(order.signal_id, order.reason) for order in of(Order, messages) if order.status == "DENIED"]


def at(*minutes: int, reason: str = "BELOW_MINIMUM", **given: Any) -> list[tuple[str, str]]:
    return [(signal(minute, **given).message_id, reason) for minute in minutes]


def wants(*minutes: int, **given: Any) -> list[Any]:
    return [signal(minute, "buy", **given) for minute in minutes]


def test_the_same_wish_is_denied_once() -> None:
    """Minute 2 says nothing, which changes no wish."""
    assert denied(run([*wants(0, 1), signal(2), *wants(3, 4)], POOR, DEAR)) == at(0)


def test_another_wish_is_told_anew() -> None:
    assert denied(run([*wants(0, 1), signal(2, "sell"), *wants(3, 4)], POOR, DEAR)) == at(0, 3)
    assert denied(run([*wants(0, 1), *wants(2, 3, strategy="other")], POOR, DEAR)) == [
        *at(0),
        *at(2, strategy="other"),
    ]


def test_another_day_is_told_of_once() -> None:
    stream = wants(DAY - 2, DAY - 1, DAY, DAY + 1)
    assert denied(run(stream, POOR, DEAR)) == at(DAY - 2, DAY)


def test_another_reason_is_told_of() -> None:
    """BTC takes all but a little; when that pays for ETH at last, it is bought; then BTC has its turn of waiting."""
    who = account("BTC/USD", "ETH/USD", position_pct=60, max_position_pct=60, cooldown_bars=3)
    stream = [
        each
        for minute in range(12)
        for each in (
            signal(minute, "sell" if minute == 6 else "buy"),
            signal(minute, "buy" if minute in (2, 3, 4) else "none", pair="ETH/USD"),
        )
    ]
    messages = run(stream, who, FREE)
    assert [reason for _, reason in denied(messages)] == ["EXPOSURE", "COOLDOWN"]
    # With the alert it is the same.
    assert [each.rule for each in of(RiskAlert, messages)] == ["EXPOSURE"]


def test_each_pair_is_told_of() -> None:
    who = account("BTC/USD", "ETH/USD", position_pct=50, max_position_pct=50, closing_pairs=("BTC/USD", "ETH/USD"))
    stream = [signal(minute, "buy", pair=pair) for minute in range(3) for pair in who.pairs]
    assert len(denied(run(stream, who, FREE))) == 2


def test_after_an_operators_word_it_is_told_again() -> None:
    state, policy = MemoryState(), Policy()
    halted = command("halt", 1)
    words = [*wants(0, 1), halted, *wants(2, 3), command("resume", 2), *wants(4, 5)]
    messages = [told for word in words for told in step(state, word, POOR, DEAR, policy)]
    assert denied(messages) == [*at(0), *at(2, reason="OPERATOR_HALT"), *at(4)]


def test_an_operators_word_is_enough_if_nothing_was_wanted_while_it_held() -> None:
    words = [*wants(0, 1), command("halt", 1), signal(2), command("resume", 2), *wants(3, 4)]
    state, messages = MemoryState(), []
    for word in words:
        messages += step(state, word, POOR, DEAR, Policy())
    assert denied(messages) == at(0, 3)


def test_what_was_told_is_remembered_over_a_restart() -> None:
    stream = [*wants(0, 1), signal(2, "sell"), *wants(3, 4, DAY, DAY + 1)]
    store, messages = MemoryState(), []
    for each in stream:
        messages += step(store, each, POOR, DEAR, Policy())
        store = MemoryState(json.loads(json.dumps(store.entries)))
    assert denied(messages) == at(0, 3, DAY)
    assert told(messages) == told(run(stream, POOR, DEAR))


def test_an_account_of_before_it_was_remembered_goes_on() -> None:
    store = MemoryState()
    step(store, wants(0)[0], POOR, DEAR, Policy())
    book = next(value for value in store.entries.values() if isinstance(value, dict) and "denied" in value)
    assert book.pop("denied")
    assert denied(step(store, wants(1)[0], POOR, DEAR, Policy())) == at(1)
