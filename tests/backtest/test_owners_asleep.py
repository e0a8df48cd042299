"""An owner's accounts on one clock: asleep they do, byte for byte, what the live fold does with every signal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pytest
from tests.backtest import test_asleep_equals_awake as law
from tests.backtest import ugly_markets as ugly
from tests.execution.operator_words import command

from backtest.books import exact_books
from backtest.decided import Decided
from backtest.engine import DENSE, Outcome, Word
from backtest.engine import run as run_alone
from backtest.market import Market, market_of
from backtest.said import said_to
from backtest.together import Together, on_one_clock, run_together
from contracts.errors import BadInputError
from contracts.message import Message
from contracts.operator_command import OperatorCommand
from contracts.owner import Owner, OwnerSettings, owners_of
from contracts.pnl import Pnl
from contracts.risk_alert import RiskAlert
from contracts.wakes import NEVER
from exchanges.paper import PaperBroker
from execution.core.orders import place
from execution.core.owners.fold import run_owner
from execution.core.owners.sleep import OWNER_PARTS, OwnerPart
from execution.core.policy import Policy
from execution.core.rules import ORDER_RULES
from execution.core.rules.owner_gross_exposure import RULE as GROSS
from execution.core.sleep import PARTS, Part

EXAMPLES = 30
BARS = 220
NAMES = ("first", "second", "third")
LIMITS = ((1, 2), (50, 1), (2, 90), (50, 2), (1, 50), (2, 3), (90, 90))
SAID = ("halt", "resume", "flatten", "resume", "reduce_only", "resume")


@dataclass(frozen=True)
class Example:
    """An owner, the markets of his accounts, what was said, and what the live fold makes of it."""

    owner: Owner
    markets: list[Market]
    policy: Policy
    words: list[Word]
    lived: list[Message]

    def run(
        self, parts: Mapping[str, Part] = PARTS, owner_parts: Mapping[str, OwnerPart] = OWNER_PARTS, **rest: Any
    ) -> Together:
        return run_together(
            self.markets, self.owner, brokers(self.owner), self.policy, parts, owner_parts, self.words, **rest
        )

    def differs(self, found: Together) -> str | None:
        """Return the first message, or row of P&L, of any account that is another one."""
        return next((d for name, outcome in found.outcomes.items() if (d := self._differs(name, outcome))), None)

    def _differs(self, name: str, outcome: Outcome) -> str | None:
        own = [message for message in self.lived if message.key == name]
        books = [message for message in own if isinstance(message, Pnl)]
        for found, expected in (
            (outcome.messages, [message for message in own if not isinstance(message, Pnl)]),
            (law.rows_of(outcome), books),
        ):
            for mine, other in zip(found, expected, strict=False):
                if mine.to_json() != other.to_json():
                    return f"{mine} is not {other}"
            if len(found) != len(expected):
                return f"{name}: {len(found)} messages are not {len(expected)}"
        return None


def brokers(owner: Owner) -> dict[str, PaperBroker]:
    return {each.name: PaperBroker() for each in owner.accounts}


@cache
def example(seed: int) -> Example:
    """Return one of many: accounts on the same and other pairs, that begin apart; every limit of the owner."""
    rng = np.random.default_rng(3_000 + seed)
    begin_ms, daily_total = int(rng.choice(ugly.BEGINNINGS_MS)), LIMITS[seed % len(LIMITS)]
    kind = {"jumps": 0.01 * (seed % 3), "holes": 0.03 * (seed % 3)}
    bars = {pair: ugly.bars(rng, pair, BARS, begin_ms, **kind) for pair in ugly.PAIRS[:4]}
    accounts, decided = [], {}
    for number, name in enumerate(NAMES[: 2 + seed % 2]):
        pairs = tuple(sorted(rng.choice(ugly.PAIRS[:4], 1 + number % 2, replace=False).tolist()))
        accounts.append(
            ugly.account(
                pairs,
                owner="anna",
                max_daily_loss_pct=Decimal((90, 2)[seed % 2]),
                max_total_loss_pct=Decimal(95),
                cooldown_bars=1,
                sizing="volatility" if seed % 6 == 4 and not number else "percent",
                target_volatility_pct=Decimal(200),
                volatility_bars=20,
            ).model_copy(update={"name": name})
        )
        late = 0 if seed % 4 else 40 * number
        decided[name] = {pair: ugly.said(rng, bars[pair][late:], (0.15, 0.5)[seed % 2]) for pair in pairs}
        if seed % 5 == 2 and number:  # that wants in on most bars, and may be denied it
            decided[name] = {pair: _wanting(each) for pair, each in decided[name].items()}
    owner = owners_of(
        accounts,
        [
            OwnerSettings(
                name="anna",
                max_daily_loss_pct=daily_total[0],
                max_total_loss_pct=daily_total[1],
                daily_loss_basis=cast(Any, ("balance", "equity", "higher")[seed % 3]),
                daily_loss_on_breach=cast(Any, ("day", "day", "end")[seed % 3]),
                daily_loss_act_at_pct=Decimal(60) if seed % 4 == 1 else None,
                total_loss_mode=cast(Any, ("static", "intraday", "end_of_day")[seed // 2 % 3]),
                # About what they want together: now and then a little less.
                max_gross_pct=Decimal((95, 63)[seed % 2]) if seed % 5 == 2 else None,
            )
        ],
    )["anna"]
    policy = Policy("Europe/Prague" if seed % 2 else "UTC", "low" if seed % 5 else "close")
    markets = [market_of(each, decided[each.name], policy) for each in owner.accounts]
    events: list[Any] = sorted(
        (own.signal(name, at) for name, of in decided.items() for own in of.values() for at in range(len(own.bars))),
        key=lambda signal: (signal.window_start_ms, signal.account, signal.pair),
    )
    if seed % 3 == 1:
        for number, at in enumerate(sorted(rng.choice(len(events), len(SAID), replace=False).tolist())):
            name = NAMES[number // 2 % len(accounts)]
            events.insert(at + number, command(cast(Any, SAID[number]), number, name, lifts_limits=number == 3))
    starts = np.unique(np.concatenate([each.starts_ms for each in markets]))
    words = [
        (-1 if acted is None else int(starts.searchsorted(acted)), word)
        for acted, word in said_to(owner, events, policy)
    ]
    assert len(words) == sum(isinstance(each, OperatorCommand) for each in events)
    return Example(
        owner, markets, policy, words, _until_all_end(run_owner(events, owner, brokers(owner), policy), markets)
    )


def _wanting(of: Decided) -> Decided:
    targets = np.where(of.targets == 0, 1, of.targets)
    return replace(of, targets=targets, decisions=np.where(targets == 1, 1, of.decisions))


def _until_all_end(messages: list[Message], markets: list[Market]) -> list[Message]:
    """All pairs end with the same bar, so the line holds nothing back."""
    assert len({each.end_ms(-1) for each in markets}) == 1
    return messages


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_asleep_equals_awake(seed: int) -> None:
    of = example(seed)
    assert of.differs(of.run()) is None


@pytest.mark.parametrize("seed", range(0, EXAMPLES, 5))
def test_never_asleep_is_the_same(seed: int) -> None:
    of = example(seed)
    found = of.run(DENSE)
    assert of.differs(found) is None
    assert found.awake == len(on_one_clock(of.markets, of.policy)[0])


def test_the_examples_are_worth_something() -> None:
    """Each limit of the owner speaks, accounts have bars that others have not, and some of it is slept through."""
    found = [example(seed).run() for seed in range(EXAMPLES)]
    messages: list[Any] = [m for each in found for of in each.outcomes.values() for m in of.messages]
    assert {m.rule for m in messages if isinstance(m, RiskAlert)} >= {
        "OWNER_DAILY_LOSS",
        "OWNER_DRAWDOWN",
        "DAILY_LOSS",
    }
    reasons = {m.reason for m in messages if m.schema_name == "order"}
    assert reasons >= {"OWNER_GROSS_EXPOSURE", "OWNER_DAILY_LOSS", "OWNER_TOTAL_LOSS", "OWNER_DAILY_LOSS_NEAR"}
    clocks = [len(on_one_clock(example(seed).markets, Policy())[0]) for seed in range(EXAMPLES)]
    assert sum(each.awake for each in found) < 0.8 * sum(clocks)
    own = [[len(of.market) for of in each.outcomes.values()] for each in found]
    assert any(min(of) < clock for of, clock in zip(own, clocks, strict=True))


@pytest.mark.parametrize("name", OWNER_PARTS)
def test_each_of_the_owner_s_parts_that_wakes_late_is_found(name: str) -> None:
    """No part is there for nothing, and the examples have a bar that needs it."""
    parts = {**OWNER_PARTS, name: lambda owned, owner: [law.late(each) for each in OWNER_PARTS[name](owned, owner)]}
    assert any(of.differs(of.run(owner_parts=parts)) for of in map(example, range(EXAMPLES))), name


def crowded(seed: int) -> Example:
    """Return one of accounts that all want in on most bars, and about as much together as they may hold."""
    rng = np.random.default_rng(4_000 + seed)
    wide = {"max_daily_loss_pct": Decimal(95), "max_total_loss_pct": Decimal(95), "owner": "anna"}
    pairs = dict(zip(NAMES, ugly.PAIRS, strict=False))
    accounts = [ugly.account((pair,), **wide).model_copy(update={"name": name}) for name, pair in pairs.items()]
    settings = OwnerSettings(
        name="anna", max_daily_loss_pct=Decimal(95), max_total_loss_pct=Decimal(95), max_gross_pct=Decimal("94.8")
    )
    owner = owners_of(accounts, [settings])["anna"]
    markets = []
    for each in owner.accounts:
        bars = ugly.bars(rng, each.pairs[0], BARS, ugly.BEGINNINGS_MS[2], jumps=0.02, holes=0.0)
        said = _wanting(replace(ugly.said(rng, bars, 0.9), exits={}))
        markets.append(market_of(each, {each.pairs[0]: said}, Policy()))
    events = sorted(
        (of.pairs[0].signal(of.account.name, at) for of in markets for at in range(len(of))),
        key=lambda signal: (signal.window_start_ms, signal.account),
    )
    return Example(owner, markets, Policy(), [], run_owner(events, owner, brokers(owner), Policy()))


def test_what_the_others_leave_room_for_changes_while_one_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer of the limit on what all hold stands on no bar: one that is said to stand is found."""
    every = [crowded(seed) for seed in range(8)]
    assert [of.differs(of.run()) for of in every] == [None] * len(every)
    assert GROSS in ORDER_RULES
    stands = replace(GROSS, stands=lambda _request: NEVER)
    monkeypatch.setattr(place, "ORDER_RULES", tuple(stands if each == GROSS else each for each in ORDER_RULES))
    assert any(of.differs(of.run()) for of in every)


@pytest.mark.parametrize("seed", range(1, EXAMPLES, 6))
def test_it_goes_on_wherever_it_is_cut(seed: int) -> None:
    of, going = example(seed), None
    of = replace(of, words=[])
    whole = of.run()
    starts = on_one_clock(of.markets, of.policy)[0].starts_ms
    messages: dict[str, list[bytes]] = {}
    rows: dict[str, list[Any]] = {}
    cuts = [int(starts[0]), *starts[[37, 38, 120]].tolist(), int(starts[-1]) + 1]
    for since, until in pairwise(cuts):
        markets = [each.between(since, until) for each in of.markets]
        found = run_together(markets, of.owner, brokers(of.owner), of.policy, going=going)
        going = found.going
        for name, outcome in found.outcomes.items():
            messages.setdefault(name, []).extend(m.to_json() for m in outcome.messages)
            if outcome.market.first < len(outcome.market):
                rows.setdefault(name, []).extend(zip(*exact_books(outcome).values(), strict=True))
    for name, outcome in whole.outcomes.items():
        assert messages[name] == [m.to_json() for m in outcome.messages]
        assert rows[name] == list(zip(*exact_books(outcome).values(), strict=True))
    assert going is not None and going.owned == whole.owned


def test_one_account_of_an_owner_is_not_run_alone() -> None:
    of = example(0)
    with pytest.raises(BadInputError, match=r"none of first, which is run alone, was 'anna'"):
        run_alone(of.markets[0], PaperBroker(), of.policy)
