"""Laws over generated streams: conservation, replay, repetition, interleaving, bounded state."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.execution.signal_stream import FREE, MIDNIGHT_MS, account, mark, of, signal, told

from contracts.account import Account
from contracts.candle_mark import CandleMark
from contracts.fill import Fill
from contracts.message import Message
from contracts.order import BEGINNINGS, ENDS, Order
from contracts.pnl import Pnl
from contracts.position import Position
from contracts.risk_alert import RiskAlert
from contracts.signal import Signal
from contracts.state import MemoryState
from contracts.units import EXACT
from exchanges.paper import PaperBroker
from execution.core.account.portfolio import Portfolio
from execution.core.edge import BOOK, Remembered
from execution.core.execute import run, step
from execution.core.orders.archive import KEPT
from execution.core.policy import Policy

PAIRS = ("BTC/USD", "ETH/USD", "SOL/USD")
LIMITS = {"max_position_pct": 40, "max_daily_loss_pct": 2, "max_total_loss_pct": 6, "cooldown_bars": 1}
ACCOUNT = account(*PAIRS, position_pct=30, **LIMITS)
BROKER = PaperBroker(slippage_bps=Decimal("2.5"), fee_bps=Decimal(40))
LAWS = settings(derandomize=True, max_examples=60, deadline=None)

prices = st.decimals("0.00001", "200", places=5).filter(lambda price: price > 0)
near = st.decimals("90", "110", places=3)


#: When positions end by themselves; more often than not they do.
plans: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {},
        {"stop_pct": 2.5},
        {"target_pct": 3},
        {"stop_pct": 4, "target_pct": 0.7, "maximum_bars": 6},
        {"trailing_pct": 1.5},
        {"trailing_pct": 6, "target_pct": 9, "stop_pct": 5},
        {"maximum_bars": 2},
    ]
)


@st.composite
def streams(draw: st.DrawFn) -> dict[str, list[Signal]]:
    """One list of signals per pair: minutes skipped, trades missing, midnight in the middle."""
    start = draw(st.integers(1_425, 1_439))
    found: dict[str, list[Signal]] = {}
    for pair in PAIRS:
        minutes = draw(st.lists(st.integers(0, 24), unique=True, min_size=1, max_size=25).map(sorted))
        found[pair] = [
            signal(
                start + minute,
                draw(st.sampled_from(["none", "none", "buy", "buy", "sell"])),
                open=draw(near),
                close=draw(st.one_of(near, near, prices)),
                pair=pair,
                trades=draw(st.sampled_from([0, 5, 5, 5])),
                quality=draw(st.sampled_from(["complete", "complete", "complete", "gap"])),
                mark_volume=draw(st.sampled_from([None, "1000000", "90"])),
                **draw(plans),
            )
            for minute in minutes
        ]
    return found


@st.composite
def interleaved(draw: st.DrawFn, parts: dict[str, list[Signal]]) -> list[Signal]:
    """Any order that keeps each pair's own."""
    turns = draw(st.permutations([pair for pair, signals in parts.items() for _ in signals]))
    iterators = {pair: iter(signals) for pair, signals in parts.items()}
    return [next(iterators[pair]) for pair in turns]


def fold(
    signals: Sequence[Signal | CandleMark],
    store: MemoryState | None = None,
    policy: Policy | None = None,
    who: Account = ACCOUNT,
) -> list[Message]:
    state, rules = store or MemoryState(), policy or Policy()
    return [message for each in signals for message in step(state, each, who, BROKER, rules)]


def in_order(parts: dict[str, list[Signal]]) -> list[Signal]:
    return sorted((s for signals in parts.values() for s in signals), key=lambda s: (s.window_start_ms, s.pair))


@LAWS
@given(streams())
def test_money_is_conserved_to_the_last_digit(parts: dict[str, list[Signal]]) -> None:
    store = MemoryState()
    messages = fold(in_order(parts), store)
    initial = ACCOUNT.initial_balance_quote
    cash, realised, fees = initial, Decimal(0), Decimal(0)
    held: dict[str, Decimal] = {}
    closes = {(s.pair, s.window_end_ms): Decimal(s.mark_close) for s in in_order(parts)}
    marks: dict[str, Decimal] = {}
    books = 0
    for message in messages:
        if isinstance(message, Fill):
            quantity, price = Decimal(message.quantity), Decimal(message.price)
            signed = quantity if message.side == "buy" else -quantity
            cash = EXACT.subtract(cash, EXACT.add(EXACT.multiply(signed, price), Decimal(message.fee_quote)))
            held[message.pair] = held.get(message.pair, Decimal(0)) + signed
            realised = EXACT.add(realised, Decimal(message.realised_pnl_quote))
            fees = EXACT.add(fees, Decimal(message.fee_quote))
            assert held[message.pair] >= 0
            assert cash >= 0
        if isinstance(message, Position):
            assert Decimal(message.quantity) == held[message.pair]
        if isinstance(message, Pnl):
            books += 1
            marks |= {pair: price for (pair, end), price in closes.items() if end == message.time_ms}
            value = Decimal(0)
            for pair, quantity in held.items():
                value = EXACT.add(value, EXACT.multiply(quantity, marks[pair])) if quantity else value
            assert Decimal(message.equity) == EXACT.add(cash, value)
            assert Decimal(message.exposure_quote) == value
            assert Decimal(message.balance) == EXACT.subtract(EXACT.add(initial, realised), fees)
            gained = EXACT.add(realised, Decimal(message.unrealised_quote))
            assert Decimal(message.equity) == EXACT.subtract(EXACT.add(initial, gained), fees)
            assert Decimal(message.fees_quote) == fees
    assert books == len({m.time_ms for m in of(Pnl, messages)})
    # No message tells of it, and what can be bought depends on it: the cash that is kept is what the fills leave.
    if books:
        assert Portfolio.from_json(store.entries[BOOK]).cash == cash


@LAWS
@given(streams())
def test_a_replay_is_identical(parts: dict[str, list[Signal]]) -> None:
    assert told(fold(in_order(parts))) == told(fold(in_order(parts)))


@LAWS
@given(st.data(), streams())
def test_any_interleaving_of_pairs_tells_the_same(data: st.DataObject, parts: dict[str, list[Signal]]) -> None:
    assert told(fold(data.draw(interleaved(parts)))) == told(fold(in_order(parts)))


@LAWS
@given(st.data(), streams())
def test_marks_and_decisions_may_come_in_any_order(data: st.DataObject, parts: dict[str, list[Signal]]) -> None:
    """A pair's candles and its decisions are two sources; logs of before have the decisions alone."""
    sources: dict[str, Any] = {**parts, **{f"marks of {pair}": list(map(mark, parts[pair])) for pair in parts}}
    mixed = data.draw(interleaved(sources))
    cut = data.draw(st.integers(0, len(mixed)))
    before = MemoryState()
    messages = fold(mixed[:cut], before)
    after = MemoryState(json.loads(json.dumps(before.entries)))
    back = data.draw(st.integers(0, cut))
    assert told(messages + fold([*mixed[back:], *mixed], after)) == told(fold(in_order(parts)))


def test_a_minute_is_acted_on_with_the_last_of_its_marks_and_decisions() -> None:
    pairs = PAIRS[:2]
    who = account(*pairs)
    first, second = (signal(0, "buy", pair=pair) for pair in pairs)
    store = MemoryState()
    assert fold([mark(first), mark(second), first], store, who=who) == []
    assert of(Pnl, fold([second], store, who=who))


def test_a_decision_that_does_not_come_is_not_waited_for_for_ever() -> None:
    """Beyond the bound the candles go on alone: what is held is marked, limits are checked, nothing is decided."""
    who, rules = account("BTC/USD", max_daily_loss_pct=1), Policy(maximum_pending_bars=2)
    bought = [signal(0, "buy"), signal(1)]
    later = [mark(signal(n, close=90 if n > 2 else 100)) for n in range(2, 6)]
    messages = fold([*bought, *later], policy=rules, who=who)
    books = of(Pnl, messages)
    assert [(each.time_ms - MIDNIGHT_MS) // 60_000 for each in books] == [1, 2, 3, 4]
    assert books[-1].trading_state == "DAILY_LOSS"
    assert [alert.rule for alert in of(RiskAlert, messages)] == ["DAILY_LOSS"]
    flattened = of(Order, messages)[-1]
    assert (flattened.side, flattened.status, flattened.signal_id) == ("sell", "PLACED", later[1].message_id)
    assert fold([*bought, *later, signal(2, "sell")], policy=rules, who=who) == messages, "the past stays"


@LAWS
@given(st.data(), streams())
def test_repeated_signals_change_nothing(data: st.DataObject, parts: dict[str, list[Signal]]) -> None:
    once = data.draw(interleaved(parts))
    cut = data.draw(st.integers(0, len(once)))
    back = data.draw(st.integers(0, cut))
    assert told(fold([*once[:cut], *once[back:], *once])) == told(fold(once))


@LAWS
@given(st.data(), streams())
def test_state_survives_json_anywhere(data: st.DataObject, parts: dict[str, list[Signal]]) -> None:
    signals = in_order(parts)
    cut = data.draw(st.integers(0, len(signals)))
    before = MemoryState()
    messages = fold(signals[:cut], before)
    after = MemoryState(json.loads(json.dumps(before.entries)))
    assert told(messages + fold(signals[cut:], after)) == told(fold(signals))


@LAWS
@given(st.data(), streams())
def test_objects_json_and_what_is_remembered_tell_the_same(
    data: st.DataObject, parts: dict[str, list[Signal]]
) -> None:
    """Also where the store has gone back to what it held before, as after an attempt that failed."""
    signals = in_order(parts)
    cut = data.draw(st.integers(0, len(signals)))
    back = data.draw(st.integers(0, cut))
    assert told(run(signals, ACCOUNT, BROKER)) == told(fold(signals))

    store, last, kept = MemoryState(), Remembered(), ""
    messages: list[Message] = []
    for number, each in enumerate(signals[:cut]):
        kept = json.dumps(store.entries) if number == back else kept
        messages += step(store, each, ACCOUNT, BROKER, Policy(), last)
    if kept:
        store = MemoryState(json.loads(kept))
        messages = fold(signals[:back])
        cut = back
    for each in signals[cut:]:
        messages += step(store, each, ACCOUNT, BROKER, Policy(), last)
    assert told(messages) == told(fold(signals))


@LAWS
@given(streams())
def test_the_steps_of_an_order_are_numbered_and_ids_are_unique(parts: dict[str, list[Signal]]) -> None:
    messages = fold(in_order(parts))
    lives: dict[str, list[Any]] = {}
    for order in of(Order, messages):
        lives.setdefault(order.order_id, []).append(order)
    for life in lives.values():
        assert [order.step for order in life] == list(range(1, len(life) + 1))
        assert life[0].status in BEGINNINGS
        assert not any(order.status in ENDS for order in life[:-1])
        assert all(before.updated_at_ms <= after.updated_at_ms for before, after in pairwise(life))
    ids = [(message.schema_name, message.message_id) for message in messages]
    assert len(ids) == len(set(ids))


@LAWS
@given(streams())
def test_every_message_can_be_read_back(parts: dict[str, list[Signal]]) -> None:
    for message in fold(in_order(parts)):
        assert type(message).from_json(message.to_json()) == message


@LAWS
@given(st.data(), streams())
def test_the_future_does_not_change_the_past(data: st.DataObject, parts: dict[str, list[Signal]]) -> None:
    signals = in_order(parts)
    cut = data.draw(st.integers(0, len(signals)))
    past, whole = told(fold(signals[:cut])), told(fold(signals))
    assert whole[: len(past)] == past


def test_state_does_not_grow_with_time() -> None:
    def size_after(minutes: int) -> int:
        store = MemoryState()
        decisions = ("buy", "none", "sell", "none")
        for each in (signal(n, decisions[n % 4], pair=pair) for n in range(minutes) for pair in PAIRS):
            step(store, each, ACCOUNT, FREE, Policy())
        assert {name for name in store.entries if not name.startswith("ended-place:")} - orders(store) == {
            "line",
            "book",
            "ended",
        }
        assert len(orders(store)) == KEPT
        return len(json.dumps(store.entries))

    def orders(store: MemoryState) -> set[str]:
        return {name for name in store.entries if name.startswith("ended:")}

    assert abs(size_after(3_000) - size_after(300)) < 10_000


def test_a_pair_that_never_delivers_is_waited_for_up_to_the_bound() -> None:
    two = account("BTC/USD", "ETH/USD")
    policy, store = Policy(maximum_pending_bars=3), MemoryState()
    first = fold([signal(n) for n in range(3)], store, policy, two)
    assert first == []
    later = fold([signal(n) for n in range(3, 6)], store, policy, two)
    assert [m.schema_name for m in later] == ["risk_alert", "pnl", "pnl", "pnl"]
    (alert,) = of(RiskAlert, later)
    assert (alert.rule, alert.pair) == ("STALE_DATA", "ETH/USD")

    # It comes back: what was decided without it stays, what waits for it goes on with it.
    late = fold([signal(n, "buy", pair="ETH/USD") for n in range(2)], store, policy, two)
    assert late == []
    back = fold([signal(3, "buy", pair="ETH/USD")], store, policy, two)
    assert [m.schema_name for m in back] == ["order", "pnl"]
    assert json.loads(json.dumps(store.entries)) == store.entries


def test_one_pair_may_be_weeks_ahead() -> None:
    two = account("BTC/USD", "ETH/USD")
    behind = [signal(n, "buy" if n == 5 else "none", pair="ETH/USD") for n in range(2_000)]
    ahead = [signal(n, "buy" if n == 7 else "none") for n in range(2_000)]
    assert told(fold([*ahead, *behind], who=two)) == told(
        fold(sorted([*ahead, *behind], key=lambda s: s.window_start_ms), who=two)
    )


def test_a_signal_that_fails_leaves_the_account_as_it_was() -> None:
    class Broken(PaperBroker):
        def price(self, side: Any, reference_price: Decimal) -> Decimal:
            raise ArithmeticError("no price")

    store = MemoryState()
    fold([signal(n, pair=pair) for n in range(2) for pair in PAIRS], store)
    fold([signal(2, pair=pair) for pair in PAIRS[:2]], store)
    before = json.dumps(store.entries)
    with pytest.raises(ArithmeticError, match="no price"):
        step(store, signal(2, "buy", pair=PAIRS[2]), ACCOUNT, Broken(), Policy())
    assert json.dumps(store.entries) == before
