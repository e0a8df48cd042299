"""The matching engine: by hand, and laws over any course of orders, trades and cancellations."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from tests.support.kraken_account import KEY, SECRET

from exchanges.simulator.accounts.account import Account
from exchanges.simulator.accounts.engine import Engine
from exchanges.simulator.accounts.key import SimulatedKey
from exchanges.simulator.accounts.order import OrderRequest, VenueRefusalError
from exchanges.simulator.accounts.touch import Touch, slices, touch_at, trade_price
from exchanges.simulator.accounts.truth import account_truth
from exchanges.simulator.faults import Fault, FaultPlan
from exchanges.simulator.instruments import instrument
from exchanges.simulator.limits import TIERS, Counters, cancel_points
from exchanges.simulator.market import Market

LIVE_MS = 1_772_445_600_000
LIVE_US = LIVE_MS * 1_000
MINUTE_US = 60_000_000
PAIR = "BTC/USD"
MARKET = Market(instrument(PAIR), 7, LIVE_MS - 6 * 3_600_000, LIVE_US + 360 * MINUTE_US)
D = Decimal


def engine(*faults: Fault, **balances: str) -> tuple[Engine, Account]:
    """Return a venue with one account, and that account."""
    plan = FaultPlan({PAIR: MARKET}, 7)
    for fault in faults:
        plan.add(fault, LIVE_US)
    money = {currency: Decimal(amount) for currency, amount in balances.items()}
    key = SimulatedKey(key=KEY, secret=SecretStr(SECRET), balances=money)
    made = Engine({PAIR: MARKET}, plan, [key], 7)
    return made, made.accounts["main"]


def order(side: Any, order_type: Any, quantity: str, price: str | None = None, **more: Any) -> OrderRequest:
    return OrderRequest(PAIR, side, order_type, D(quantity), None if price is None else D(price), **more)


def touch_now(now_us: int = LIVE_US) -> Touch:
    return touch_at(MARKET, MARKET.visible(now_us) - 1)


def test_a_market_order_by_hand() -> None:
    """Bought in slices of a tick each: money moves by the costs and by fees of 0.4 %, rounded to five decimals."""
    venue, account = engine(USD="10000")
    taken = venue.place(account, order("buy", "market", "0.03"), LIVE_US)
    ask = touch_now().ask
    assert taken.status == "closed"
    paid = [(e.quantity, e.price, e.fee) for e in account.executions]
    count = len(paid)
    assert [price for _, price, _ in paid] == [ask + depth * D("0.1") for depth in range(count)]
    assert {q for q, _, _ in paid} == {D("0.03") / count}
    for quantity, price, fee in paid:
        assert abs(fee - quantity * price * D("0.004")) <= D("0.000005")
    assert account.balances["BTC"] == D("0.03")
    assert account.balances["USD"] == D(10_000) - sum(q * p + f for q, p, f in paid)


def test_slices_of_a_limit_by_hand() -> None:
    """0.30000001 in three slices: 0.1, 0.1 and what is left, at 100.1, 100.2, 100.3; a limit of 100.2 takes two."""
    touch, item = Touch(D("100.0"), D("100.1"), D("0.1")), instrument(PAIR)
    wanted = D("0.30000001")
    market = slices(order("buy", "market", "0.30000001"), wanted, touch, item, 0.9)
    assert market == [(D("0.1"), D("100.1")), (D("0.1"), D("100.2")), (D("0.10000001"), D("100.3"))]
    limit = slices(order("buy", "limit", "0.30000001", "100.2"), wanted, touch, item, 0.9)
    assert limit == market[:2]
    assert slices(order("sell", "market", "0.00000002"), D("0.00000002"), touch, item, 0.9) == [
        (D("2E-8"), D("100.0"))
    ]


def test_a_resting_limit_waits_for_trades_beyond_it_and_takes_no_more_than_they_trade() -> None:
    venue, account = engine(USD="1000000")
    level = touch_now().bid - D(5)
    taken = venue.place(account, order("buy", "limit", "5", str(level)), LIVE_US)
    assert (taken.status, account.held("USD")) == ("open", 5 * level * D("1.004"))
    last = LIVE_US + 300 * MINUTE_US
    venue.advance(last)
    beyond = [i for i in range(MARKET.visible(LIVE_US), MARKET.visible(last)) if trade_price(MARKET, i) < level]
    assert beyond, "the market of this seed goes there"
    assert account.executions[0].at_us == MARKET.trades.timestamps_us[beyond[0]]
    assert all(e.maker and e.price == level for e in account.executions)
    sizes = [D(int(MARKET.trades.lots[i])).scaleb(-8) for i in beyond]
    assert [e.quantity for e in account.executions][:2] == sizes[:2]
    assert account.executions[0].fee == (sizes[0] * level * D("0.0025")).quantize(D("0.00001"))


def test_what_one_order_holds_the_next_cannot_have() -> None:
    venue, account = engine(USD="150")
    venue.place(account, order("buy", "limit", "0.01", "10000.0"), LIVE_US)
    with pytest.raises(VenueRefusalError, match="Insufficient funds"):
        venue.place(account, order("buy", "limit", "0.01", "10000.0"), LIVE_US)
    venue.place(account, order("buy", "limit", "0.01", "4900.0"), LIVE_US)
    assert account.available("USD") == D("150") - D("100.4") - D("49.196")


def test_a_trade_at_the_limit_is_somebody_elses() -> None:
    """Nobody knows who came first at that price."""
    venue, account = engine(USD="1000000")
    first = MARKET.visible(LIVE_US)
    prices = [trade_price(MARKET, i) for i in range(first, first + 2_000)]
    lowest = min(prices)
    at = first + prices.index(lowest)
    venue.place(account, order("buy", "limit", "0.01", str(lowest)), LIVE_US)
    venue.advance(int(MARKET.trades.timestamps_us[at]))
    assert account.executions == []


def test_a_stop_loss_sells_with_the_first_trade_at_it() -> None:
    venue, account = engine(BTC="1")
    stop = touch_now().bid - D(20)
    taken = venue.place(account, order("sell", "stop-loss", "0.5", str(stop)), LIVE_US)
    assert (account.available("BTC"), account.executions) == (D("0.5"), [])
    last = LIVE_US + 300 * MINUTE_US
    venue.advance(last)
    first = next(i for i in range(MARKET.visible(LIVE_US), MARKET.visible(last)) if trade_price(MARKET, i) <= stop)
    assert taken.status == "closed"
    assert {e.at_us for e in account.executions} == {int(MARKET.trades.timestamps_us[first])}
    assert not any(e.maker for e in account.executions)


def test_what_is_left_of_an_ioc_is_cancelled() -> None:
    venue, account = engine(USD="100000")
    far = venue.place(account, order("buy", "limit", "0.1", str(touch_now().bid), time_in_force="IOC"), LIVE_US)
    assert (far.status, far.reason) == ("canceled", "IOC")
    assert far.filled == account.held("USD") == 0


def test_an_order_expires_at_the_venues_time() -> None:
    venue, account = engine(USD="100000")
    request = order("buy", "limit", "0.1", "100.0", time_in_force="GTD", expires_us=LIVE_US + MINUTE_US)
    taken = venue.place(account, request, LIVE_US)
    venue.advance(LIVE_US + MINUTE_US - 1)
    assert taken.status == "open"
    venue.advance(LIVE_US + MINUTE_US)
    assert (taken.status, account.open) == ("expired", {})


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (order("buy", "market", "0.00001"), "EOrder:Order minimum not met"),
        (order("buy", "limit", "0.001", "100.0"), "EOrder:Cost minimum not met"),
        (order("buy", "limit", "0.1", "100.01"), "EOrder:Tick size check failed"),
        (order("buy", "limit", "1", "10000.0"), "EOrder:Insufficient funds"),
        (order("buy", "market", "0.05"), "EOrder:Insufficient funds"),
        (order("sell", "market", "0.05"), "EOrder:Insufficient funds"),
        (order("buy", "limit", "0.001", "900000.0", post_only=True), "EOrder:Post only order"),
        (order("buy", "market", "0.001", deadline_us=LIVE_US - 1), "EService:Deadline elapsed"),
        (order("buy", "market", "0.001", deadline_us=LIVE_US + 61_000_000), "EGeneral:Invalid arguments:deadline"),
        (order("buy", "market", "0.000100001"), "EGeneral:Invalid arguments:volume"),
    ],
)
def test_a_refusal_changes_nothing(request_: OrderRequest, words: str) -> None:
    venue, account = engine(USD="1000")
    with pytest.raises(VenueRefusalError, match=words):
        venue.place(account, request_, LIVE_US)
    assert (account.orders, account.balances, account.news) == ({}, {"USD": D(1000)}, [])


def test_a_client_id_is_free_again_once_its_order_has_ended() -> None:
    """So it does not keep anybody from ordering twice: Kraken's ids are unique among open orders only."""
    venue, account = engine(USD="100000")
    resting = venue.place(account, order("buy", "limit", "0.1", "100.0", client_order_id="ts-1"), LIVE_US)
    with pytest.raises(VenueRefusalError, match="cl_ord_id"):
        venue.place(account, order("buy", "market", "0.01", client_order_id="ts-1"), LIVE_US)
    venue.cancel(account, resting, LIVE_US)
    venue.place(account, order("buy", "market", "0.01", client_order_id="ts-1"), LIVE_US)
    assert len(account.of_client["ts-1"]) == 2


def test_a_fee_in_base_currency_is_taken_from_what_was_bought() -> None:
    venue, account = engine(USD="10000")
    venue.place(account, order("buy", "market", "0.1", fee_in="base"), LIVE_US)
    assert account.balances["BTC"] == D("0.1") - sum(e.fee for e in account.executions)
    assert account.balances["USD"] == D(10_000) - sum(e.cost for e in account.executions)


def test_counters_refuse_and_fall_by_hand() -> None:
    """Starter: 60 orders at once, the 61st is refused; a second later one more."""
    tier = TIERS["starter"]
    counters = Counters(tier.orders_most, tier.orders_decay)
    assert [counters.allows("a", 1, 0) for _ in range(61)] == [True] * 60 + [False]
    assert counters.allows("a", 1, 1_000_000) and not counters.allows("a", 1, 1_000_000)
    assert counters.allows("b", 1, 0)
    ages = (0, 4_999_999, 5_000_000, 14_999_999, 44_999_999, 89_999_999, 299_999_999, 300_000_000)
    assert [cancel_points(age) for age in ages] == [8, 8, 6, 5, 4, 2, 1, 0]


@pytest.mark.parametrize(
    "wrong", [{"secret": "not base64!"}, {"balances": {"USD": "-1"}}, {"balances": {"USD": "NaN"}}, {"key": ""}]
)
def test_a_key_that_is_none_is_refused_and_its_secret_not_shown(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        SimulatedKey.model_validate({"key": "k", "secret": SECRET, **wrong})
    assert SECRET not in repr(SimulatedKey(key="k", secret=SecretStr(SECRET)))
    assert set(wrong) == {error["loc"][0] for error in caught.value.errors()}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]),
        st.sampled_from(["market", "limit", "ioc", "stop-loss", "cancel"]),
        st.integers(1, 300),
        st.integers(-400, 400),
        st.sampled_from(["quote", "base"]),
        st.integers(0, 15 * MINUTE_US),
    ),
    max_size=25,
)
FAULTY = tuple(
    Fault(kind=kind, count=1_000, share=0.3, delay_ms=5_000)
    for kind in ("cancel_race", "fill_lost", "fill_tripled", "fill_reordered", "fill_late", "invisible")
)


def play(steps: list[tuple[Any, ...]], faults: tuple[Fault, ...]) -> tuple[Account, int]:
    """Do `steps`; return the account, and how many orders were refused."""
    venue, account = engine(*faults, USD="50000", BTC="1")
    now_us, refused = LIVE_US, 0
    for side, what, size, distance, fee_in, wait_us in steps:
        now_us += wait_us
        quantity, price = D(size) / 1_000, touch_now(now_us).bid + D(distance) / 10
        of_type = {"ioc": "limit"}.get(what, what)
        try:
            if what == "cancel":
                for resting in list(account.open.values())[:1]:
                    venue.cancel(account, resting, now_us)
                continue
            priced = None if what == "market" else price
            in_force: Any = "IOC" if what == "ioc" else "GTC"
            wanted: Any = "sell" if what == "stop-loss" else side
            request = OrderRequest(PAIR, wanted, of_type, quantity, priced, in_force, fee_in=fee_in)
            venue.place(account, request, now_us)
        except VenueRefusalError:
            refused += 1
    venue.advance(now_us)
    return account, refused


@settings(max_examples=40)
@given(STEPS)
def test_money_is_what_the_executions_say_and_never_below_zero(steps: list[tuple[Any, ...]]) -> None:
    account, _ = play(steps, FAULTY)
    expected = dict(account.began_with)
    for execution in account.executions:
        request = account.orders[execution.order_id].request
        sign = 1 if request.side == "buy" else -1
        expected["BTC"] += sign * execution.quantity - (execution.fee if request.fee_in == "base" else 0)
        expected["USD"] -= sign * execution.cost + (execution.fee if request.fee_in == "quote" else 0)
    assert account.balances == expected
    for currency, amount in account.balances.items():
        assert 0 <= account.held(currency) <= amount
    assert len({e.execution_id for e in account.executions}) == len(account.executions)
    for placed in account.orders.values():
        own = [e for e in account.executions if e.order_id == placed.order_id]
        assert placed.filled == sum((e.quantity for e in own), D(0)) <= placed.request.quantity
        assert (placed.status == "closed") == (placed.remaining == 0)
        assert (placed.order_id in account.open) == (placed.status == "open") == (placed.closed_us is None)


@settings(max_examples=10)
@given(STEPS)
def test_everything_follows_from_the_seed(steps: list[tuple[Any, ...]]) -> None:
    one, two = play(steps, FAULTY)[0], play(steps, FAULTY)[0]
    assert json.dumps(account_truth(one)) == json.dumps(account_truth(two))
    assert one.news == two.news


@settings(max_examples=20)
@given(STEPS)
def test_faults_of_telling_change_what_is_told_and_not_what_is(steps: list[tuple[Any, ...]]) -> None:
    telling = tuple(fault for fault in FAULTY if fault.kind.startswith("fill_"))
    assert account_truth(play(steps, telling)[0]) == account_truth(play(steps, ())[0])
