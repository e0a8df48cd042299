"""Sleep is no second engine: what an account does is, byte for byte, what the live fold does with every signal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, partial
from typing import Any, cast, get_args

import numpy as np
import pytest
from tests.backtest import ugly_markets as ugly

from backtest.books import curve_of, exact_books
from backtest.decided import Decided
from backtest.engine import DENSE, Outcome, run
from backtest.market import Market, market_of
from contracts.account import Account, Sizing
from contracts.instrument import Instrument
from contracts.message import Message
from contracts.order import Order
from contracts.pnl import Pnl
from contracts.wakes import Wakes
from exchanges.paper import PaperBroker
from execution.core.execute import run as live
from execution.core.policy import Policy
from execution.core.sleep import PARTS, Part

EXAMPLES = 40
#: Of accounts that want more than they have.
POOR = 12
BARS = 300
#: Those that are gone through with every sizing.
SIZED = (1, 3, 8)
#: On the loss of a day and on that since the beginning, percent.
LIMITS = ((1, 2), (50, 2), (3, 90), (50, 4), (2, 50), (3, 5), (90, 90))


@dataclass(frozen=True)
class Example:
    """A market, an account, and what the live fold makes of it."""

    market: Market
    broker: PaperBroker
    policy: Policy
    lived: list[Message]

    def differs(self, outcome: Outcome) -> str | None:
        """Return the first message, or row of P&L, that is another one."""
        books = [each for each in self.lived if isinstance(each, Pnl)]
        for found, expected in (
            (outcome.messages, [each for each in self.lived if not isinstance(each, Pnl)]),
            (rows_of(outcome), books),
        ):
            for mine, other in zip(found, expected, strict=False):
                if mine.to_json() != other.to_json():
                    return f"{mine} is not {other}"
            if len(found) != len(expected):
                return f"{len(found)} messages are not {len(expected)}"
        return None


def rows_of(outcome: Outcome) -> list[Pnl]:
    columns = exact_books(outcome)
    return [Pnl(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]


@cache
def example(seed: int, interval_s: int = 60, sizing: Sizing | None = None) -> Example:
    """Return one of many: pairs, days, limits, marks, costs and moods change with the seed, unless told the size."""
    rng = np.random.default_rng(seed)
    pairs = ugly.PAIRS[: int(rng.integers(1, 6))]
    begin_ms, jumps = int(rng.choice(ugly.BEGINNINGS_MS)), 0.02 * (seed % 4)
    moods = 0.05 + 0.1 * (seed % 3)
    kind = {"jumps": jumps, "holes": 0.03 * (seed % 3), "each": 1.5 if seed % 5 == 2 else 10_000}
    decided = {
        pair: ugly.said(rng, ugly.every(ugly.bars(rng, pair, BARS, begin_ms, **kind), interval_s), moods)
        for pair in pairs
    }
    if sizing is not None:
        decided = {pair: ugly.predicted(rng, each) for pair, each in decided.items()}
    daily, total = LIMITS[seed % len(LIMITS)]
    account = ugly.account(
        pairs,
        max_daily_loss_pct=Decimal(daily),
        max_total_loss_pct=Decimal(total),
        daily_loss_basis=("balance", "equity", "higher")[seed % 3],
        total_loss_mode=("static", "intraday", "end_of_day", "static")[seed % 4],
        max_stops_per_day=None if seed % 3 else 2,
        max_entries_per_day=None if seed % 5 else 6,
        max_pair_loss_pct=None if seed % 7 else Decimal(1),
        daily_loss_act_at_pct=Decimal(60) if seed % 4 == 1 else None,
        max_entries_per_hour=2 if seed % 6 == 1 else None,
        max_gross_pct=Decimal(70) if seed % 6 == 2 else None,
        correlated_pairs=(pairs[:2],) if seed % 6 == 3 else (),
        sizing=sizing or ("fixed_risk" if seed % 6 == 5 else "percent"),
        target_volatility_pct=Decimal(200),
        volatility_bars=20,
    )
    policy = Policy("Europe/Prague" if seed % 2 else "UTC", "low" if seed % 5 else "close")
    # A smallest order of nearly what is bought: what has lost in value cannot be sold, until it is worth more again.
    least = account.position_pct * Decimal(97) if seed % 4 == 3 else Decimal(1)
    instruments = [Instrument(exchange="kraken", pair=pair, minimum_cost=least) for pair in pairs]
    broker = PaperBroker(instruments={(each.exchange, each.pair): each for each in instruments})
    return Example(market_of(account, decided, policy), broker, policy, lived(account, decided, broker, policy))


@cache
def poor(seed: int) -> Example:
    """Return an account that wants in on most bars and often has not the money for it: too little left, or at all."""
    rng = np.random.default_rng(1_000 + seed)
    pairs = ugly.PAIRS[: 2 + seed % 2]
    kind = {"jumps": 0.01 * (seed % 3), "holes": 0.02 * (seed % 2)}
    begin_ms = int(rng.choice(ugly.BEGINNINGS_MS))
    decided = {pair: ugly.said(rng, ugly.bars(rng, pair, BARS, begin_ms, **kind), 0.6) for pair in pairs}
    wanting = {pair: np.where(each.targets == 0, 1, each.targets) for pair, each in decided.items()}
    decided = {
        pair: replace(each, targets=wanting[pair], decisions=np.where(wanting[pair] == 1, 1, each.decisions))
        for pair, each in decided.items()
    }
    account = ugly.account(
        pairs,
        position_pct=(Decimal(50), Decimal(34), Decimal(1))[seed % 3],
        max_daily_loss_pct=Decimal(90),
        max_total_loss_pct=Decimal(90),
    )
    # What a share of about as much as the account begins with is: now and then it has just enough.
    least = account.initial_balance_quote * account.position_pct / 100 if seed % 3 else Decimal(1)
    instruments = [Instrument(exchange="kraken", pair=pair, minimum_cost=least) for pair in pairs]
    broker = PaperBroker(instruments={(each.exchange, each.pair): each for each in instruments})
    policy = Policy("UTC", "low" if seed % 4 else "close")
    return Example(market_of(account, decided, policy), broker, policy, lived(account, decided, broker, policy))


def lived(account: Account, decided: Mapping[str, Decided], broker: PaperBroker, policy: Policy) -> list[Message]:
    """Return what execution makes of all signals, in the order in which they would come."""
    signals = [each.signal(account.name, place) for each in decided.values() for place in range(len(each.bars))]
    return live(sorted(signals, key=lambda signal: signal.window_start_ms), account, broker, policy)


def asleep(of: Example, parts: Mapping[str, Part] = PARTS) -> Outcome:
    return run(of.market, of.broker, of.policy, parts)


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_asleep_equals_awake(seed: int) -> None:
    of = example(seed)
    assert of.differs(asleep(of)) is None


@pytest.mark.parametrize("seed", range(POOR))
def test_an_account_without_money_sleeps_and_is_the_same(seed: int) -> None:
    of = poor(seed)
    assert of.differs(asleep(of)) is None
    assert of.differs(run(of.market, of.broker, of.policy, DENSE)) is None


@pytest.mark.parametrize("seed", range(4))
def test_what_is_a_little_too_large_may_fit_once_it_is_rounded_and_that_is_not_slept_through(seed: int) -> None:
    """Whole lots of 25.1 % are now and then no more than the 25 % allowed: denied on one bar, and not on another."""
    rng = np.random.default_rng(2_000 + seed)
    pair = ugly.PAIRS[0]
    said = ugly.said(rng, ugly.bars(rng, pair, BARS, ugly.BEGINNINGS_MS[0], jumps=0.01, holes=0.0), 0.0)
    wanting = replace(said, targets=np.ones_like(said.targets), decisions=np.ones_like(said.decisions))
    account = ugly.account(
        (pair,), position_pct=Decimal("25.1"), max_position_pct=Decimal(25), max_daily_loss_pct=90, cooldown_bars=0
    )
    price = Decimal(said.bars.texts["close"][0])
    lot = Decimal(1).scaleb((account.initial_balance_quote / price / 400).adjusted())
    instrument = Instrument(exchange="kraken", pair=pair, lot=lot, minimum_cost=Decimal(1))
    broker, policy = PaperBroker(instruments={("kraken", pair): instrument}), Policy()
    found = lived(account, {pair: wanting}, broker, policy)
    of = Example(market_of(account, {pair: wanting}, policy), broker, policy, found)
    orders = [m.reason or m.status for m in found if isinstance(m, Order)]
    assert "POSITION_SIZE" in orders and "FILLED" in orders
    assert of.differs(asleep(of)) is None


def test_what_is_denied_for_want_of_money_is_told_once_and_slept_through() -> None:
    """For both reasons; nearly all bars want in, and it was awake on each of them before."""
    denied = [[m for m in poor(seed).lived if isinstance(m, Order) and m.status == "DENIED"] for seed in range(POOR)]
    assert {order.reason for of in denied for order in of} >= {"EXPOSURE", "BELOW_MINIMUM"}
    outcomes = [asleep(poor(seed)) for seed in range(POOR)]
    assert sum(len(each.awake) for each in outcomes) < 0.5 * sum(len(each.market) for each in outcomes)


@pytest.mark.parametrize("sizing", get_args(Sizing))
@pytest.mark.parametrize("seed", SIZED)
def test_every_size_is_the_same_asleep_and_awake(sizing: Sizing, seed: int) -> None:
    of = example(seed, sizing=sizing)
    assert of.differs(asleep(of)) is None
    assert of.differs(run(of.market, of.broker, of.policy, DENSE)) is None


@pytest.mark.parametrize("sizing", get_args(Sizing))
def test_every_size_bounds_orders_of_the_examples(sizing: Sizing) -> None:
    """By itself, and not only by what caps it."""
    orders = [m for seed in SIZED for m in example(seed, sizing=sizing).lived if type(m) is Order]
    assert {order.size_bound for order in orders} - {None, "max_position_pct", "cash"}


def test_the_examples_are_worth_something() -> None:
    """Much is slept through, and much happens: every kind of message, every end of an order, every state."""
    outcomes = [asleep(example(seed)) for seed in range(EXAMPLES)]
    bars, awake = (sum(map(len, of)) for of in zip(*((each.market, each.awake) for each in outcomes), strict=True))
    assert awake < 0.5 * bars
    messages: list[Any] = [message for each in outcomes for message in each.messages]
    assert {message.schema_name for message in messages} == {"order", "fill", "position", "risk_alert"}
    assert {m.status for m in messages if m.schema_name == "order"} >= {
        *("FILLED", "DENIED", "EXPIRED", "CANCELLED", "PARTIALLY_FILLED")
    }
    assert {m.rule for m in messages if m.schema_name == "risk_alert"} >= {"DAILY_LOSS", "DRAWDOWN", "STALE_DATA"}
    assert any(m.reason == "NO_SHORT" for m in messages if m.schema_name == "order")
    # What is kept does not grow with the orders that there were.
    assert not any(each.portfolio.ended for each in outcomes)
    assert {each.portfolio.trading_state for each in outcomes} >= {"ACTIVE", "DAILY_LOSS", "TOTAL_LOSS"}


@pytest.mark.parametrize("seed", range(0, EXAMPLES, 8))
def test_never_asleep_is_the_same(seed: int) -> None:
    of = example(seed)
    outcome = run(of.market, of.broker, of.policy, DENSE)
    assert len(outcome.awake) == len(of.market)
    assert of.differs(outcome) is None


@pytest.mark.parametrize("interval_s", [10, 14_400])
@pytest.mark.parametrize("seed", range(2, 10, 2))
def test_bars_of_other_lengths_are_slept_through_too(seed: int, interval_s: int) -> None:
    of = example(seed, interval_s)
    assert of.differs(asleep(of)) is None


@pytest.mark.parametrize("seed", range(0, EXAMPLES, 4))
def test_what_is_told_reads_back_as_itself(seed: int) -> None:
    """Much of it is made unchecked: a reader would refuse what is not as its class has it."""
    of = example(seed)
    signals = [each.signal("paper", place) for each in of.market.pairs for place in range(len(each.bars))]
    for message in (*of.lived, *signals):
        assert type(message).from_json(message.to_json()) == message


@pytest.mark.parametrize("seed", range(0, EXAMPLES, 8))
def test_columns_of_the_books_are_their_rows(seed: int) -> None:
    outcome = asleep(example(seed))
    rows, curve = rows_of(outcome), curve_of(outcome)
    for found, name in (
        (curve.balance, "balance"),
        (curve.equity, "equity"),
        (curve.exposure, "exposure_quote"),
        (curve.drawdown, "drawdown_quote"),
    ):
        assert np.allclose(found, [float(getattr(row, name)) for row in rows], rtol=1e-12, atol=1e-8), name


def late(wakes: Wakes) -> Wakes:
    """Return the same on the late side: levels a thousandth too far, times a bar, anything else not at all."""
    thousandth = Decimal("0.001")

    def moved(level: Decimal | None, sign: int) -> Decimal | None:
        return None if level is None else level + sign * thousandth * abs(level)

    return Wakes(
        from_ms=None if wakes.from_ms is None else wakes.from_ms + ugly.MINUTE_MS,
        equity_at_most=moved(wakes.equity_at_most, -1),
        equity_at_least=moved(wakes.equity_at_least, 1),
        low_at_most={pair: level * (1 - thousandth) for pair, level in wakes.low_at_most.items()},
        high_at_least={pair: level * (1 + thousandth) for pair, level in wakes.high_at_least.items()},
    )


@pytest.mark.parametrize("name", PARTS)
def test_each_part_that_wakes_late_is_found(name: str) -> None:
    """No part is there for nothing, and the examples have a bar that needs it."""

    def too_late(portfolio, context):
        return [late(each) for each in PARTS[name](portfolio, context)]

    parts = {**PARTS, name: too_late}
    every = [partial(example, seed) for seed in range(EXAMPLES)] + [partial(poor, seed) for seed in range(POOR)]
    assert any(of().differs(asleep(of(), parts)) for of in every), name


def test_what_says_nothing_keeps_awake() -> None:
    class Silent:
        """A broker without `wakes`."""

        def __init__(self, broker: PaperBroker) -> None:
            for name in ("answers_later", "instrument", "price", "fee_quote", "reports", "cancel"):
                setattr(self, name, getattr(broker, name))

    of = next(each for seed in range(EXAMPLES) if asleep(each := example(seed)).messages)
    assert of.differs(run(of.market, cast(Any, Silent(of.broker)), of.policy)) is None


def test_a_day_of_23_hours_is_slept_through_too() -> None:
    of = replace(example(1), policy=Policy("Europe/Prague"))
    assert len(of.market.day_starts) == 2
