"""An owner's limits hold over the sum of his accounts, and what they stop they stop in each of them at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.execution.operator_words import command
from tests.execution.signal_stream import FREE, mark, minute_ms, of, signal, told

from contracts.account import Account
from contracts.candle_mark import CandleMark
from contracts.errors import BadInputError
from contracts.fill import Fill
from contracts.message import Message
from contracts.order import Order
from contracts.owner import Owner, OwnerSettings, owners_of
from contracts.pnl import Pnl
from contracts.risk_alert import RiskAlert
from contracts.signal import Signal
from contracts.state import MemoryState
from contracts.topics import SIGNALS
from contracts.units import EXACT
from exchanges.paper import PaperBroker
from execution.app import OUTPUTS, topology
from execution.core.edge import Remembered
from execution.core.execute import run
from execution.core.owners.fold import run_owner, step_owner
from execution.core.policy import Policy
from execution.settings import ExecutionSettings
from streaming.testing import TopologyRun, run_topology

NAMES = ("one", "two", "three")
PAIRS = {"one": ("BTC/USD", "ETH/USD"), "two": ("BTC/USD",), "three": ("SOL/USD",)}
WIDE = {"max_daily_loss_pct": 100, "max_total_loss_pct": 100}
COSTLY = PaperBroker(slippage_bps=Decimal("2.5"), fee_bps=Decimal(40))
LAWS = settings(derandomize=True, max_examples=25, deadline=None, phases=(Phase.generate,))
near = st.decimals("90", "110", places=3)
Told = Signal | CandleMark


def account(name: str, **fields: Any) -> Account:
    usual: dict[str, Any] = {"position_pct": 50, "max_position_pct": 60, "cooldown_bars": 0, **WIDE}
    return Account(name=name, pairs=PAIRS[name], owner="anna", initial_balance_quote=1_000, **usual | fields)


def owner(*accounts: Account, **limits: Any) -> Owner:
    every = accounts or tuple(account(name) for name in NAMES)
    return owners_of(every, [OwnerSettings(name="anna", **{**WIDE, **limits})])["anna"]


def fold(events: Iterable[Any], of_whom: Owner, broker: PaperBroker = COSTLY, **policy: Any) -> list[Message]:
    return run_owner(events, of_whom, {each.name: broker for each in of_whom.accounts}, Policy(**policy))


def of_account(messages: Iterable[Message], name: str) -> list[Message]:
    return [message for message in messages if message.key == name]


def in_order(parts: dict[tuple[str, str], list[Signal]]) -> list[Signal]:
    return sorted((s for each in parts.values() for s in each), key=lambda s: (s.window_start_ms, s.account, s.pair))


@st.composite
def streams(draw: st.DrawFn, jumps: bool = False) -> dict[tuple[str, str], list[Signal]]:
    """A list of signals for each pair of each account: midnight in the middle, some windows without a candle."""
    start, found = draw(st.integers(1_425, 1_439)), {}
    length = draw(st.integers(8, 20))
    closes = st.one_of(near, near, st.decimals("60", "99", places=3)) if jumps else near
    prices = {pair: [(draw(near), draw(closes)) for _ in range(length)] for pair in ("BTC/USD", "ETH/USD", "SOL/USD")}
    for name in NAMES:
        for pair in PAIRS[name]:
            found[name, pair] = [
                signal(
                    start + minute,
                    draw(st.sampled_from(["none", "buy", "buy", "sell"])),
                    open=prices[pair][minute][0],
                    close=prices[pair][minute][1],
                    pair=pair,
                    account=name,
                    **draw(st.sampled_from([{}, {}, {"stop_pct": 4}, {"trailing_pct": 3}])),
                )
                for minute in range(length)
                if not draw(st.sampled_from([False] * 7 + [True]))
            ]
    return found


@st.composite
def interleaved(draw: st.DrawFn, parts: dict[tuple[str, str], list[Signal]]) -> list[Told]:
    """Any order that keeps that of each source: marks may come long before decisions."""
    sources: dict[Any, Sequence[Told]] = {(*place, "said"): said for place, said in parts.items()}
    sources |= {(*place, "mark"): [mark(each) for each in said] for place, said in parts.items()}
    turns = draw(st.permutations([source for source, every in sources.items() for _ in every]))
    iterators = {source: iter(every) for source, every in sources.items()}
    return [next(iterators[source]) for source in turns]


@LAWS
@given(streams())
def test_where_no_limit_of_the_owner_speaks_each_account_is_what_it_is_alone(parts: Any) -> None:
    anna = owner()
    together = fold(in_order(parts), anna)
    last_ms = min((every[-1].window_start_ms if every else 0) for every in parts.values())
    assert [m for m in together if isinstance(m, RiskAlert) and m.rule.startswith("OWNER")] == []
    for each in anna.accounts:
        own = [event for event in in_order(parts) if event.account == each.name]
        alone = [m for m in run(own, each, COSTLY) if m.event_time_ms <= last_ms]
        both = [m for m in of_account(together, each.name) if m.event_time_ms <= last_ms]
        assert told(both) == told(alone)


@LAWS
@given(st.data(), streams(jumps=True))
def test_any_interleaving_of_accounts_marks_and_decisions_tells_the_same(data: st.DataObject, parts: Any) -> None:
    anna = owner(max_daily_loss_pct=3, max_total_loss_pct=6, max_gross_pct=60)
    assert told(fold(data.draw(interleaved(parts)), anna)) == told(fold(in_order(parts), anna))


@LAWS
@given(streams(jumps=True))
def test_state_survives_json_anywhere_and_restarts_tell_the_same(parts: Any) -> None:
    anna = owner(max_daily_loss_pct=3, daily_loss_basis="higher", max_total_loss_pct=6, total_loss_mode="intraday")
    brokers, state, messages = {each.name: COSTLY for each in anna.accounts}, MemoryState(), []
    for event in in_order(parts):
        messages += step_owner(state, event, anna, brokers, Policy(), {name: Remembered() for name in NAMES})
        state = MemoryState(json.loads(json.dumps(state.entries)))
    assert told(messages) == told(fold(in_order(parts), anna))


breaches = 0


@LAWS
@given(streams(jumps=True), st.sampled_from(["balance", "equity", "higher"]), st.sampled_from(["day", "end"]))
def _exact_after_a_breach(parts: Any, basis: Any, on: Any) -> None:
    """To the last digit, over all accounts; none of them buys after it while it holds, and all hear at once."""
    global breaches
    anna = owner(max_daily_loss_pct=2, daily_loss_basis=basis, daily_loss_on_breach=on)
    events = in_order(parts)
    # Nothing else is wanted: what is held when it breaks has gone by the end, of which every pair has two candles.
    events += [
        signal(1_500 + n, pair=pair, account=name, close=97 + n) for n in range(2) for name, pair in sorted(parts)
    ]
    messages = fold(events, anna)
    alerts = [m for m in of(RiskAlert, messages) if (m.rule, m.severity) == ("OWNER_DAILY_LOSS", "CRITICAL")]
    if not alerts:
        return
    breaches += 1
    seen_ms = alerts[0].time_ms
    assert sorted(m.account for m in alerts if m.time_ms == seen_ms) == sorted(NAMES)
    books: dict[str, Pnl] = {}
    for each in of(Pnl, messages):
        if each.time_ms <= seen_ms:
            books[each.account] = each
    closes = {((s.account, s.pair), s.window_end_ms): Decimal(s.mark_close) for s in events}
    midnight_ms = minute_ms(1_440)
    if on == "day" and seen_ms <= midnight_ms:
        messages = [m for m in messages if m.event_time_ms <= midnight_ms]
    sent = [m for m in of(Order, messages) if m.status == "PLACED" and m.side == "buy"]
    assert not [m for m in sent if m.decided_at_ms > seen_ms]
    if on == "day" and seen_ms <= midnight_ms:
        return
    later = [fill for fill in of(Fill, messages) if fill.candle_window_start_ms >= seen_ms]
    # A window that an account has no candle of, though another has, leaves it with the price before.
    seen = {place: _last(closes, place, seen_ms) for place in parts}
    expected = sum((Decimal(b.equity) for b in books.values()), Decimal(1_000) * (3 - len(books)))
    for fill in later:
        signed = Decimal(fill.quantity) if fill.side == "buy" else -Decimal(fill.quantity)
        # Bought or sold at its price what was worth the price seen.
        moved = EXACT.multiply(signed, EXACT.subtract(seen[fill.account, fill.pair], Decimal(fill.price)))
        expected = EXACT.subtract(EXACT.add(expected, moved), Decimal(fill.fee_quote))
    final = {m.account: m for m in of(Pnl, messages)}
    assert all(Decimal(m.exposure_quote) == 0 for m in final.values())
    assert sum((Decimal(m.equity) for m in final.values()), Decimal(0)) == expected


def test_after_a_breach_the_sum_is_what_was_seen_and_what_fills_made_of_it() -> None:
    _exact_after_a_breach()
    assert breaches > 10, "examples break the limit often"


def _last(closes: dict[tuple[tuple[str, str], int], Decimal], place: tuple[str, str], until_ms: int) -> Decimal:
    times = [at for other, at in closes if other == place and at <= until_ms]
    return closes[place, max(times)] if times else Decimal(0)


def two(minute: int, decision: Any = "none", **fields: Any) -> list[Signal]:
    """Return what both of two accounts on BTC/USD are told."""
    return [signal(minute, decision, account=name, **fields) for name in ("one", "two")]


def pair_of_accounts(**limits: Any) -> Owner:
    one = account("one").model_copy(update={"pairs": ("BTC/USD",)})
    return owner(one, account("two"), **limits)


def states(messages: list[Message]) -> list[list[str]]:
    return [[m.trading_state for m in of(Pnl, messages) if m.account == name] for name in ("one", "two")]


def test_a_breach_by_one_account_sells_in_the_other_and_is_lifted_at_midnight_for_both() -> None:
    """One holds nothing of what falls, and is stopped as the other; from the next minute on all of it is sold."""
    anna = pair_of_accounts(max_daily_loss_pct=2)
    events = [*two(1_430, "buy"), *two(1_431), *two(1_432, "buy", close=91), *two(1_433, "buy", close=91)]
    events += [*two(1_434, close=91), *two(1_440, close=91), *two(1_441, close=91)]
    messages = fold(events, anna, FREE)
    active, stopped = "ACTIVE", "OWNER_DAILY_LOSS"
    assert states(messages) == [[active, active, stopped, stopped, stopped, active, active]] * 2
    sells = [m for m in of(Order, messages) if m.purpose == "flatten" and m.status == "PLACED"]
    assert [(m.account, m.reason, m.decided_at_ms) for m in sells] == [
        (name, stopped, minute_ms(1_434)) for name in ("one", "two")
    ]
    critical = [m for m in of(RiskAlert, messages) if m.severity == "CRITICAL"]
    assert [(m.account, m.time_ms, m.value, m.limit) for m in critical] == [
        (name, minute_ms(1_433), "90", "40") for name in ("one", "two")
    ]
    assert critical[0].message == "OWNER_DAILY_LOSS: lost 90 of at most 40 USD, over all accounts of anna"


def test_a_final_stop_outlasts_midnight_and_a_resume_with_limits_lifts_it_for_all() -> None:
    anna = pair_of_accounts(max_total_loss_pct=3)
    events: list[Any] = [*two(0, "buy"), *two(1), *two(2, close=80), *two(3, close=80), *two(4, close=80)]
    events += [*two(1_440, close=80), command("resume", 1, "one"), *two(1_441, "buy", close=80)]
    events += [command("resume", 2, "two", lifts_limits=True)]
    messages = fold(events, anna, FREE)
    assert [state[-1] for state in states(messages)] == ["OWNER_TOTAL_LOSS"] * 2
    denied = [m for m in of(Order, messages) if m.status == "DENIED"]
    assert {(m.account, m.reason) for m in denied} == {("one", "OWNER_TOTAL_LOSS"), ("two", "OWNER_TOTAL_LOSS")}
    # The next minute judges anew: what was lost is lost.
    after = fold([*events, *two(1_442, close=80)], anna, FREE)
    assert [m.account for m in of(RiskAlert, after)[-2:]] == ["one", "two"]
    assert of(RiskAlert, after)[-1].time_ms == minute_ms(1_443)


@pytest.mark.parametrize(("mode", "state"), [("static", "ACTIVE"), ("intraday", "OWNER_TOTAL_LOSS")])
def test_a_floor_that_trails_the_sum_follows_its_highest_close(mode: str, state: str) -> None:
    """2,000 become 2,200 at 120; 2,130 at 113 is 70 below that, and 60 are allowed."""
    anna = pair_of_accounts(max_total_loss_pct=3, total_loss_mode=mode)
    messages = fold([*two(0, "buy"), *two(1), *two(2, close=120), *two(3, close=113)], anna, FREE)
    assert [each[-2:] for each in states(messages)] == [["ACTIVE", state]] * 2


@pytest.mark.parametrize(("mode", "state"), [("static", "ACTIVE"), ("end_of_day", "OWNER_TOTAL_LOSS")])
def test_a_floor_that_trails_days_begins_anew_at_midnight(mode: str, state: str) -> None:
    """2,000 have become 2,200 by midnight; then 2,126.67 at 112 is 73.33 below that, and 60 are allowed."""
    anna = pair_of_accounts(max_total_loss_pct=3, total_loss_mode=mode)
    before = [*two(1_430, "buy"), *two(1_431), *two(1_432, "sell", close=120), *two(1_433, close=120, open=120)]
    after = [*two(1_441, "buy", close=120), *two(1_442, close=120, open=120), *two(1_443, close=112)]
    told = [each[-1] for each in states(fold([*before, *after], anna, FREE))]
    assert told == [state] * 2


def test_what_has_ended_is_told_once() -> None:
    anna = pair_of_accounts(max_total_loss_pct=3)
    ended = [*two(1_430, "buy"), *two(1_431), *two(1_432, close=80), *two(1_433, close=80)]
    alerts = of(RiskAlert, fold(ended, anna, FREE))
    assert [m.rule for m in alerts[-2:]] == ["OWNER_DRAWDOWN"] * 2
    assert of(RiskAlert, fold([*ended, *two(1_441, close=70), *two(1_442, close=60)], anna, FREE)) == alerts


def test_all_accounts_together_hold_no_more_than_the_owner_may() -> None:
    """Half of equity is 1000: the first account takes 500, the second one would be 10 too many with its 510."""
    anna = owner(
        account("one").model_copy(update={"pairs": ("BTC/USD",)}), account("two", position_pct=51), max_gross_pct=50
    )
    denied = [m for m in of(Order, fold([*two(0, "buy"), *two(1)], anna, FREE)) if m.status == "DENIED"]
    assert [(m.account, m.reason) for m in denied] == [("two", "OWNER_GROSS_EXPOSURE")]
    anna = owner(*anna.accounts, max_gross_pct=51)
    assert not [m for m in of(Order, fold([*two(0, "buy"), *two(1)], anna, FREE)) if m.status == "DENIED"]


def test_an_account_that_comes_later_brings_no_profit_and_one_that_goes_is_refused() -> None:
    one = account("one").model_copy(update={"pairs": ("BTC/USD",)})
    state, brokers = MemoryState(), {"one": FREE, "two": FREE}
    for minute in range(2):
        step_owner(state, signal(minute, account="one"), owner(one), brokers, Policy())
    both = owner(one, account("two"), max_daily_loss_pct=2)
    messages = [m for event in two(2) for m in step_owner(state, event, both, brokers, Policy())]
    assert of(RiskAlert, messages) == [] and state.get("owner")["day_start_balance"] == "2000"
    with pytest.raises(BadInputError, match="accounts of owner anna: expected two among them"):
        [step_owner(state, signal(3, account="one"), owner(one), brokers, Policy())]


def test_an_event_of_nobody_s_account_and_of_a_strange_pair_are_refused() -> None:
    with pytest.raises(BadInputError, match="one of one, three, two"):
        fold([signal(0)], owner())
    with pytest.raises(BadInputError, match="one of BTC/USD"):
        fold([signal(0, account="two", pair="ETH/USD")], owner())


@pytest.mark.parametrize(
    ("changes", "limits", "complaint"),
    [
        ({"two": {"pairs": ("BTC/EUR",)}}, [], "anna in one currency, not in EUR and USD: one in USD, two in EUR"),
        ({}, ["bob"], "owners that an account names, was bob"),
        ({"two": {"name": "anna"}}, [], "an owner whose name no account has, was anna"),
        ({}, ["anna", "anna"], "each owner of TRADESTREAM_OWNERS once, was anna"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused_by_name(changes: Any, limits: Any, complaint: str) -> None:
    accounts = [account(name).model_copy(update=changes.get(name, {})) for name in ("one", "two")]
    with pytest.raises(ValidationError, match=complaint):
        ExecutionSettings(accounts=tuple(accounts), owners=tuple(OwnerSettings(name=name) for name in limits))


def service(events: Iterable[Message], folder: Path | None, key: str | None = None, **fields: Any) -> TopologyRun:
    chosen = ExecutionSettings(
        **{"accounts": pair_of_accounts().accounts, "store_url": "off", "owners": (SETTINGS,), **fields}
    )
    keyed = [(key or chosen.key_on_signals(each.key), each.to_json()) for each in events]
    return run_topology(topology, chosen, "execution", {SIGNALS: keyed}, list(OUTPUTS), folder=folder)


SETTINGS = OwnerSettings(name="anna", max_daily_loss_pct=2)
FALLING = [each for n in range(12) for each in two(n, "buy" if n % 3 == 0 else "none", close=100 - n % 7)]


def test_the_service_tells_what_the_core_says_each_under_its_account_also_over_a_restart(tmp_path: Path) -> None:
    anna = pair_of_accounts(**SETTINGS.model_dump(exclude={"name"}))
    expected = fold(FALLING, anna, ExecutionSettings().broker)
    first, second = (service(part, tmp_path) for part in (FALLING[:9], FALLING[9:]))
    for spec in OUTPUTS:
        found = [*first[spec.name], *second[spec.name]]
        assert told(found) == told([m for m in expected if isinstance(m, spec.messages)])
        assert all(r.key == r.message().key.encode() for r in first.records[spec.name])
    assert any(m.rule == "OWNER_DAILY_LOSS" for m in of(RiskAlert, expected))
    assert not first.dead_letters and not second.dead_letters


def test_what_comes_under_another_key_is_set_aside() -> None:
    found = service([command("halt", account="one")], None, key="one")
    assert "key anna" in str(found.dead_letters[0].headers)
    assert not any(found.values())


def test_an_account_that_has_begun_gets_no_owner(tmp_path: Path) -> None:
    alone = tuple(each.model_copy(update={"owner": None}) for each in pair_of_accounts().accounts)
    service(FALLING[:4], tmp_path, accounts=alone, owners=())
    with pytest.raises(BadInputError, match="none for one, which has begun without an owner"):
        service(FALLING[4:], tmp_path)
