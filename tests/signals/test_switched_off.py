"""A strategy of one pair of one account, switched off and on while it runs: the same over replays and backtests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
import polars as pl
import pytest
from tests.backtest import ugly_markets as ugly
from tests.backtest.test_asleep_equals_awake import BARS, Example, asleep, lived
from tests.execution.signal_stream import FREE, of, signal
from tests.execution.signal_stream import account as execution_account
from tests.signals.market_stream import MIDNIGHT_MS, Accounts
from tests.signals.test_strategy_settings import (
    OVER,
    PAIR,
    Told,
    bars_of,
    of_bar,
    ran,
    rows,
    service_settings,
    setting,
)

from backtest.changed import decided_in_run, known_of
from backtest.history import History
from backtest.joined import Joined
from backtest.market import market_of
from backtest.strategies_of import chosen
from contracts.account import Account
from contracts.errors import BadInputError
from contracts.fill import Fill
from contracts.order import Order
from contracts.signal import decided_by
from contracts.strategy_setting import StrategySetting, Switch
from contracts.topics import SIGNALS, STRATEGY_SETTINGS
from exchanges.paper import PaperBroker
from execution.core.execute import run as live
from execution.core.policy import Policy
from signals.strategy_setting import Wish, write_setting
from streaming.clients import read_topic
from streaming.control import ControlSettings
from verify.said import hashes_said

SWITCHES: tuple[Switch, ...] = get_args(Switch)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    file = tmp_path_factory.mktemp("own") / "over.py"
    file.write_text(OVER, encoding="utf-8")
    return Account(name="mine", pairs=(PAIR,), strategy=str(file))


@pytest.mark.parametrize(("switch", "says"), [("off", ("none", None)), ("sell", ("sell", 0))])
def test_off_says_so_and_on_it_goes_on_as_if_it_had_never_been(account: Account, switch: Any, says: Any) -> None:
    decides = Accounts(account)
    decides.changes = told = Told(account)
    told.read(setting(1, 10, switch))
    told.read(setting(2, 20, "on"))
    found, never = bars_of(decides.signals(rows(0, 40))), bars_of(Accounts(account).signals(rows(0, 40)))
    assert {n for n, each in found.items() if each.reason == "off"} == set(range(10, 20))
    assert {(found[n].decision, found[n].target) for n in range(10, 20)} == {says}
    assert {n: each for n, each in found.items() if not 10 <= n < 20} == {
        n: each for n, each in never.items() if not 10 <= n < 20
    }, "it has seen every bar, and is warm"
    assert len({each.strategy_hash for each in found.values()}) == 1


def test_other_parameters_do_not_switch_it_on_and_the_switch_changes_no_parameters(account: Account) -> None:
    decides = Accounts(account)
    decides.changes = told = Told(account)
    told.read(setting(1, 5, bars=6))
    told.read(setting(2, 10, "off"))
    told.read(setting(3, 15, bars=9))
    told.read(setting(4, 20, "on"))
    found = bars_of(decides.signals(rows(0, 25)))
    assert {n for n, each in found.items() if each.reason == "off"} == set(range(10, 20))
    hashes = [found[n].strategy_hash for n in range(25)]
    assert [n for n in range(1, 25) if hashes[n] != hashes[n - 1]] == [5, 15]


def test_of_a_gap_that_comes_again_the_same_begins_as_did_before(account: Account) -> None:
    """Its signal sells nothing; "sell" held, and "on" did not yet."""
    gap = rows(10, 11)[0].model_copy(update={"quality": "gap"})
    first = Accounts(account)
    first.changes = told = Told(account)
    told.read(setting(1, 10, "sell"))
    (published,) = first.signals([gap])
    again = Accounts(account)
    again.changes = revived = Told(account, {gap.window_start_ms: str(published.decided_by)})
    revived.read(setting(1, 10, "sell"))
    revived.read(setting(2, 10, "on"))
    assert again.signals([gap]) == [published]


@pytest.mark.parametrize(("parameters", "switch"), [(None, None), ({"bars": 3}, "off")])
def test_a_setting_sets_one_thing(parameters: Any, switch: Any) -> None:
    fields = setting(1, None, bars=3).model_dump() | {"parameters": parameters, "switch": switch}
    with pytest.raises(ValueError, match="parameters or a switch, was"):
        StrategySetting.model_validate(fields)


def test_a_setting_from_before_there_were_switches_reads_as_it_was() -> None:
    old = {k: v for k, v in setting(1, None, bars=3).model_dump().items() if k != "switch"}
    assert StrategySetting.from_json(json.dumps(old).encode()) == setting(1, None, bars=3)


def off(minute: int, decision: Any = "none", **candle: Any) -> Any:
    return signal(minute, decision, **candle).model_copy(update={"reason": "off"})


def test_an_entry_that_rests_is_given_up_when_it_is_switched_off() -> None:
    """Worked out by hand: a buy for 99 rests, and the market goes below it in minute 3."""
    who = execution_account(entry_order="limit", entry_offset_bps=100)
    falls: dict[str, Any] = {"open": 100, "low": 98, "close": 100}
    entered = live([signal(0, "buy"), signal(1), signal(2), signal(3, **falls)], who, PaperBroker())
    ended = live([signal(0, "buy"), signal(1), off(2), off(3, **falls)], who, PaperBroker())
    assert (len(of(Fill, entered)), len(of(Fill, ended))) == (1, 0)
    assert (of(Order, ended)[-1].status, of(Order, ended)[-1].reason) == ("CANCELLED", "switched_off")


def test_what_is_held_keeps_its_exits_or_is_sold() -> None:
    """Bought at 100 with a stop of 5 %; off in minute 2, at 94 in minute 4."""
    begun = [signal(0, "buy", stop_pct=5.0), signal(1)]
    keeps = live([*begun, off(2), off(3), off(4, open=94, close=94)], execution_account(), FREE)
    sells = live(
        [*begun, off(2, "sell"), off(3, "sell"), off(4, "sell", open=94, close=94)], execution_account(), FREE
    )
    assert [(each.side, each.price) for each in of(Fill, keeps)] == [("buy", "100"), ("sell", "94")]
    assert [(each.side, each.price) for each in of(Fill, sells)] == [("buy", "100"), ("sell", "100")]
    again = live([*begun, off(2, "sell"), *(signal(n, "buy") for n in range(3, 12))], execution_account(), FREE)
    assert [each.side for each in of(Fill, again)] == ["buy", "sell", "buy"], "switched on, it may buy again"


def switched(seed: int) -> Example:
    """Return an account that waits for its prices, with strategies that are switched now and then."""
    rng = np.random.default_rng(seed)
    pairs = ugly.PAIRS[: int(rng.integers(1, 4))]
    decided = {}
    for pair in pairs:
        bars = ugly.bars(rng, pair, BARS, ugly.BEGINNINGS_MS[seed % 3], jumps=0.02, holes=0.03 * (seed % 2))
        said = ugly.said(rng, bars, 0.15)
        cuts = [0, *sorted(rng.integers(0, len(bars), 4).tolist()), len(bars)]
        every = zip(cuts[:-1], cuts[1:], ("on", *rng.permutation(SWITCHES).tolist(), "on"), strict=True)
        decided[pair] = Joined.of(bars, [said[first:last].switched(switch) for first, last, switch in every])
    who = ugly.account(pairs, entry_order="limit", entry_offset_bps=30)
    broker, policy = PaperBroker(), Policy()
    return Example(market_of(who, decided, policy), broker, policy, lived(who, decided, broker, policy))


def test_asleep_equals_awake_where_strategies_are_switched() -> None:
    examples = [switched(seed) for seed in range(12)]
    assert [each.differs(asleep(each)) for each in examples] == [None] * len(examples)
    assert any(m.reason == "switched_off" for each in examples for m in each.lived if isinstance(m, Order))


def test_a_run_is_replayed_and_backtested_with_its_switches(account: Account, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    bars = ugly.bars(rng, PAIR, 120, MIDNIGHT_MS, jumps=0.02, holes=0.1)
    given_rows = [of_bar(bars, place) for place in range(len(bars))]
    wishes = [
        Wish("mine", PAIR, None, None, "alice", "off"),
        Wish("mine", PAIR, None, given_rows[60].window_start_ms, "alice", "sell"),
        Wish("mine", PAIR, {"bars": 9}, given_rows[75].window_start_ms, "alice"),
        Wish("mine", PAIR, None, given_rows[90].window_start_ms, "alice", "on"),
    ]
    settings = service_settings(account, tmp_path / "live")
    control = ControlSettings(broker_address=settings.broker_address, accounts=(account,))
    said = ran(settings, tmp_path / "live", given_rows[:40])
    for wish in wishes:
        write_setting(control, wish)
    said += ran(settings, tmp_path / "live", given_rows[40:])
    assert [place for place, each in enumerate(said) if each.reason == "off"] == list(range(40, 90))
    sold = [place for place, each in enumerate(said) if each.reason == "off" and each.decision == "sell"]
    assert sold == [place for place in range(60, 90) if given_rows[place].quality != "gap"] and len(sold) < 30

    records = list(read_topic(settings, STRATEGY_SETTINGS))
    file = tmp_path / "said.json"
    file.write_text(json.dumps(hashes_said(records, read_topic(settings, SIGNALS))), encoding="utf-8")
    for told, is_same in ((file, True), (None, False)):
        folder = tmp_path / f"replay-{is_same}"
        again = service_settings(account, folder, said_file=told)
        for wish in wishes:
            write_setting(ControlSettings(broker_address=again.broker_address, accounts=(account,)), wish)
        found = ran(again, folder, given_rows)
        assert ([each.to_json() for each in found] == [each.to_json() for each in said]) is is_same

    each = chosen(account)
    written = [message for record in records if isinstance(message := record.message(), StrategySetting)]
    known = known_of(each, PAIR, written)
    table = pl.DataFrame([one.model_dump() for one in said], infer_schema_length=None)
    decided = decided_in_run(History({PAIR: bars}), each, PAIR, known, table, {next(iter(known))}, 300)
    assert [decided.signal("mine", place) for place in range(len(bars))] == said
    assert [decided[30:80].signal("mine", place) for place in range(50)] == said[30:80]
    unsaid = known_of(each, PAIR, [one for one in written if one.switch is None])
    with pytest.raises(BadInputError, match=decided_by(str(said[40].strategy_hash), "off", "none")):
        decided_in_run(History({PAIR: bars}), each, PAIR, unsaid, table, set(), 300)
