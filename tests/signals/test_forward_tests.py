"""Forward tests: begun and ended while everything runs, the same over kills, replays and backtests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.backtest import ugly_markets as ugly
from tests.signals.market_stream import MIDNIGHT_MS, Accounts, minute_of, prediction, row
from tests.signals.test_strategy_settings import OVER, PAIR, of_bar, ran, rows, service_settings

from backtest.changed import decided_in_run, known_of
from backtest.history import History
from backtest.strategies_of import chosen
from contracts.account import Account
from contracts.candle_mark import CandleMark
from contracts.feature_row import FeatureRow
from contracts.forward_test_event import ForwardTestEvent
from contracts.prediction import Prediction
from contracts.signal import Signal
from contracts.state import MemoryState
from contracts.strategy_setting import StrategySetting
from contracts.topics import FORWARD_TEST_EVENTS, PREDICTIONS, SIGNALS, STRATEGY_SETTINGS, TECHNICAL_INDICATORS
from signals.app import topology
from signals.changes import UnderTest
from signals.core import changes as core
from signals.core.changes import Change, NoChanges
from signals.core.followed import Decider
from signals.deciders import deciders_of
from signals.strategy_setting import Wish, write_setting
from streaming.clients import create_topics, read_topic
from streaming.control import ControlSettings
from streaming.producer import open_producer
from streaming.testing import run_topology
from verify.said import hashes_said


def opened(name: str = "test", strategy: str = "over.py", **fields: Any) -> Account:
    source = OVER if strategy.endswith(".py") else None
    table = {"strategy": strategy, "pairs": (PAIR,), "source": source, **fields}
    return Account.model_validate({"name": name, "pairs": (PAIR,), "strategies": (table,)})


def event(action: Any = "start", from_bar: int | None = None, of: Account | None = None) -> ForwardTestEvent:
    return ForwardTestEvent(
        account=(of or opened()).name,
        action=action,
        opened=of or opened(),
        from_ms=None if from_bar is None else MIDNIGHT_MS + from_bar * 60_000,
        issued_by="alice",
        issued_at_ms=0,
    )


class Read(NoChanges):
    """What was read of one test, and of what was published of it, as `signals.changes.ReadChanges` answers."""

    def __init__(self, published: Sequence[Signal | CandleMark] = ()) -> None:
        signals = [each for each in published if isinstance(each, Signal) and each.account == "test"]
        self._said = {each.window_start_ms: each.decided_by for each in signals}
        self._first_ms = min((each.window_start_ms for each in published if each.account == "test"), default=None)
        self._tested: UnderTest | None = None

    def read(self, of: ForwardTestEvent) -> None:
        (decider,) = deciders_of(of.opened)
        self._tested = UnderTest(
            of, Decider(decider.account, decider.followed, decider.pairs, decider.begins_with_rows, True)
        )

    def concern(self, _pair: str) -> bool:
        return self._tested is not None

    def tests(self, _pair: str) -> Sequence[Decider]:
        return () if self._tested is None else (self._tested.decider,)

    def of(self, account: str, _pair: str) -> Sequence[Change]:
        return self._tested.around(()) if self._tested is not None and account == "test" else ()

    def said(self, account: str, row: FeatureRow) -> str | None:
        return self._said.get(row.window_start_ms) if account == "test" else None

    def first_ms(self, account: str, _row: FeatureRow) -> int | None:
        return self._first_ms if account == "test" else None


OTHER = Account(name="mine", pairs=(PAIR,), strategy="sma_cross")


def minutes_of(messages: Sequence[Signal | CandleMark], kind: type[Any] = Signal) -> list[int]:
    return [minute_of(each) for each in messages if isinstance(each, kind) and each.account == "test"]


@pytest.mark.parametrize("strategy", ["over.py", "prediction"])
@pytest.mark.parametrize(("from_bar", "begins"), [(None, 5), (3, 5), (9, 9)])
def test_it_is_told_of_each_candle_from_the_next_one_or_its_own_on(
    strategy: str, from_bar: int | None, begins: int
) -> None:
    live = Accounts(OTHER)
    live.changes = read = Read()
    said = live.told(each for n in range(5) for each in (row(n), prediction(n)))
    read.read(event(from_bar=from_bar, of=opened(strategy=strategy)))
    said += live.told(each for n in range(5, 12) for each in (prediction(n), row(n)))
    assert minutes_of(said) == minutes_of(said, CandleMark) == list(range(begins, 12))
    alone = Accounts(OTHER).told(each for n in range(12) for each in (row(n), prediction(n)))
    assert [each for each in said if each.account == "mine"] == alone, "others hear nothing of it"


def test_it_begins_without_bars_and_says_what_an_account_says_that_begins_there() -> None:
    live = Accounts(OTHER)
    live.changes = read = Read()
    live.told(rows(0, 20))
    read.read(event())
    found = [each for each in live.signals(rows(20, 40)) if each.account == "test"]
    assert found == Accounts(opened()).signals(rows(20, 40))
    assert {each.reason for each in found} == {"not_warm", "confident"}


def test_stopped_it_says_off_until_what_it_held_is_sold_and_then_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "BARS_AFTER_STOP", 6)
    live = Accounts(OTHER)
    live.changes = read = Read()
    read.read(event())
    said = live.told(rows(0, 10))
    read.read(event("stop"))
    said += live.told(rows(10, 30))
    decisions = [each for each in said if isinstance(each, Signal) and each.account == "test"]
    assert [minute_of(each) for each in decisions] == minutes_of(said, CandleMark) == list(range(16))
    assert {(each.reason, each.decision) for each in decisions[10:]} == {("off", "none")}
    assert "off" not in {each.reason for each in decisions[:10]}
    kept = {name.split(":")[2] for name in live.state.entries if name.startswith("kraken:strategy:")}
    assert decisions[0].strategy_hash not in kept, "its bars are deleted"


def test_what_is_stopped_before_its_first_candle_never_begins() -> None:
    live = Accounts(OTHER)
    live.changes = read = Read()
    read.read(event("stop", from_bar=5))
    assert not minutes_of(live.told(rows(0, 20)))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_killed_process_says_the_same_again(data: st.DataObject) -> None:
    """State is rolled back to a checkpoint; what was published stands; all events are known at once."""
    last = 24
    begins, stops = sorted((data.draw(st.integers(0, last)), data.draw(st.integers(0, 2 * last))))
    from_bar = data.draw(st.none() | st.integers(0, last))
    of = opened(strategy=data.draw(st.sampled_from(["over.py", "prediction"])))
    committed = data.draw(st.integers(0, last - 1))
    # A bar is its row and what a model says of it: a process is killed between them, too.
    market = [each for n, bar in enumerate(rows(0, last)) for each in (bar, prediction(n))]
    killed = data.draw(st.integers(2 * committed, 2 * last))
    live = Accounts(OTHER)
    live.changes = read = Read()
    published, saved = list[Signal | CandleMark](), json.dumps(live.state.entries)
    for place, each in enumerate(market[:killed]):
        if place == 2 * begins:
            read.read(event(from_bar=from_bar, of=of))
        if place == 2 * stops:
            read.read(event("stop", from_bar, of))
        published += live.told([each])
        saved = json.dumps(live.state.entries) if place == 2 * committed - 1 else saved
    again = Accounts(OTHER, state=MemoryState(json.loads(saved)))
    again.changes = revived = Read([each for each in published if minute_of(each) >= committed])
    if killed > 2 * begins:
        revived.read(event("stop" if killed > 2 * stops else "start", from_bar, of))
    if not committed:
        revived = again.changes = Read(published)
        if killed > 2 * begins:
            revived.read(event("stop" if killed > 2 * stops else "start", from_bar, of))
    said = again.told(market[2 * committed :])
    first = {each.message_id: each.to_json() for each in published}
    assert all(first.get(each.message_id, each.to_json()) == each.to_json() for each in said)
    told = {each.message_id for each in published if minute_of(each) >= committed}
    assert told <= {each.message_id for each in said}, "and nothing that was said is missing"
    both = [minute_of(each) for each in (*published, *said) if each.account == "test"]
    assert not both or set(both) == set(range(min(both), last)), "from its first candle on it is told of each"


def write_event(of: Any, what: ForwardTestEvent) -> None:
    create_topics(of, [FORWARD_TEST_EVENTS])
    with open_producer(of, "control") as producer:
        producer.produce(FORWARD_TEST_EVENTS, what)


def test_a_run_is_replayed_and_backtested_with_its_tests(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    bars = ugly.bars(rng, PAIR, 120, MIDNIGHT_MS, jumps=0.02, holes=0.05)
    given_rows = [of_bar(bars, place) for place in range(len(bars))]
    of, other = opened(), opened("second")
    live = service_settings(OTHER, tmp_path / "live")
    said = ran(live, tmp_path / "live", given_rows[:40])
    write_event(live, event(of=of))
    write_event(live, event(of=other).model_copy(update={"from_ms": given_rows[55].window_start_ms}))
    said += ran(live, tmp_path / "live", given_rows[40:60])
    control = ControlSettings(broker_address=live.broker_address, accounts=(OTHER,))
    write_setting(control, Wish("test", PAIR, {"bars": 9}, given_rows[70].window_start_ms, "alice"))
    said += ran(live, tmp_path / "live", given_rows[60:80])
    write_event(live, event("stop", of=of))
    said += ran(live, tmp_path / "live", given_rows[80:])
    own = {name: [each for each in said if each.account == name] for name in ("test", "second", "mine")}
    starts = [each.window_start_ms for each in given_rows]
    assert [each.window_start_ms for each in own["test"]] == starts[40:]
    assert [each.window_start_ms for each in own["second"]] == starts[55:]
    assert [each.reason == "off" for each in own["test"]] == [place >= 80 for place in range(40, len(bars))]
    assert len({each.strategy_hash for each in own["test"]}) == 2

    events, records = (list(read_topic(live, spec)) for spec in (FORWARD_TEST_EVENTS, STRATEGY_SETTINGS))
    file = tmp_path / "said.json"
    file.write_text(json.dumps(hashes_said(records, read_topic(live, SIGNALS), events)), encoding="utf-8")
    for told, is_same in ((file, True), (None, False)):
        folder = tmp_path / f"replay-{is_same}"
        again = service_settings(OTHER, folder, said_file=told)
        for record in events:
            write_event(again, record.message())  # type: ignore[arg-type]
        with open_producer(again, "control") as producer:
            create_topics(again, [STRATEGY_SETTINGS])
            producer.produce(STRATEGY_SETTINGS, records[0].message())
        found = ran(again, folder, given_rows)
        replayed, first = ({each.message_id: each.to_json() for each in side} for side in (found, said))
        assert (replayed == first) is is_same

    table = pl.DataFrame([each.model_dump() for each in said], infer_schema_length=None)
    (setting,) = [record.message() for record in records]
    assert isinstance(setting, StrategySetting)
    off = setting.model_copy(update={"parameters": None, "switch": "off"})
    for account in (of, other):
        each = chosen(account)
        known = known_of(each, PAIR, [setting, off])
        decided = decided_in_run(History({PAIR: bars}), each, PAIR, known, table, set(), 300, is_test=True)
        since = len(bars) - len(own[account.name])
        assert [decided.signal(account.name, place) for place in range(since, len(bars))] == own[account.name]


def test_it_is_known_to_a_process_that_takes_over_before_the_first_row(tmp_path: Path) -> None:
    """A row waits in the state for its prediction; the process that has it next sees the prediction first."""
    model = opened(strategy="prediction")
    of = service_settings(OTHER, tmp_path)
    write_event(of, event(of=model))

    def told(part: Sequence[FeatureRow], said: Sequence[Prediction]) -> list[Any]:
        inputs: dict[Any, Any] = {TECHNICAL_INDICATORS: list(part), PREDICTIONS: list(said)}
        return run_topology(topology, of, "signals", inputs, [SIGNALS], folder=tmp_path)["signals"]

    told([row(0)], [prediction(0)])
    told([row(1)], [])
    found = told([], [prediction(1)])
    assert [(each.account, minute_of(each)) for each in found] == [("test", 1)]


def test_a_test_with_the_name_of_a_configured_account_does_nothing(tmp_path: Path) -> None:
    of = service_settings(OTHER, tmp_path)
    write_event(of, event(of=opened("mine")))
    assert [each.strategy for each in ran(of, tmp_path, rows(0, 3))] == ["sma_cross"] * 3
