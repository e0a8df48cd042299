"""Other parameters while it runs: from which bar they hold, over restarts, kills and replays the same."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.backtest import ugly_markets as ugly
from tests.signals.market_stream import MIDNIGHT_MS, Accounts, prediction, row
from tests.support.model_commands import settings_of, write_rows
from tests.support.processes import start_service
from tests.support.waiting import wait_for

from backtest.changed import decided_in_run, known_of
from backtest.history import History
from backtest.strategies_of import chosen
from contracts.account import Account
from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction
from contracts.signal import Signal
from contracts.state import MemoryState
from contracts.strategy_setting import StrategySetting, Switch
from contracts.topics import PREDICTIONS, SIGNALS, STRATEGY_SETTINGS, TECHNICAL_INDICATORS
from featurestore import open_store
from featurestore.errors import StoreBusyError
from signals.app import topology
from signals.changes import ReadChanges
from signals.core.changes import Change, NoChanges
from signals.deciders import followed_of
from signals.settings import SignalsSettings
from signals.strategy_setting import Wish, hash_of, parameters_in, write_setting
from strategies.of_account import with_parameters
from streaming.clients import create_topics, read_topic
from streaming.control import ControlSettings
from streaming.testing import run_topology
from verify.said import hashes_said

PAIR = "BTC/USD"
#: Long over its mean of so many bars: warm after as many.
OVER = """from strategies import Strategy, above, between, close, mean

class Over(Strategy):
    bars: int = between(2, 30, default=3)

    def target(self):
        return above(close, mean(close, self.bars))
"""


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    file = tmp_path_factory.mktemp("own") / "over.py"
    file.write_text(OVER, encoding="utf-8")
    return Account(name="mine", pairs=(PAIR,), strategy=str(file))


def rows(first: int, last: int) -> list[FeatureRow]:
    found = []
    for n in range(first, last):
        close = 100 + (n * 7 % 11) - 5
        prices = {"open": "100", "high": str(max(100, close) + 1), "low": str(min(100, close) - 1)}
        found.append(row(n, **prices, close=str(close)))
    return found


def setting(number: int, from_bar: int | None, switch: Switch | None = None, **parameters: Any) -> StrategySetting:
    return StrategySetting(
        setting_id=str(number),
        account="mine",
        pair=PAIR,
        strategy="over",
        parameters=None if switch else parameters,
        switch=switch,
        from_ms=None if from_bar is None else MIDNIGHT_MS + from_bar * 60_000,
        issued_by="alice",
        issued_at_ms=0,
    )


class Told(NoChanges):
    """What was read of settings and of published signals, as `signals.changes.ReadChanges` answers."""

    def __init__(self, account: Account, said: dict[int, str] | None = None) -> None:
        self._account, self._said, self.known = account, said or {}, list[Change]()

    def read(self, of: StrategySetting) -> None:
        (told,) = self._account.deciding
        followed = None
        if of.parameters is not None:
            followed = followed_of("mine", with_parameters(told, of.parameters))
        self.known.append(Change(of.setting_id, of.from_ms, followed, of.switch))

    def concern(self, _pair: str) -> bool:
        return bool(self.known)

    def of(self, _account: str, _pair: str) -> Sequence[Change]:
        return self.known

    def said(self, _account: str, row: FeatureRow) -> str | None:
        return self._said.get(row.window_start_ms)


def bars_of(signals: Iterable[Signal]) -> dict[int, Signal]:
    return {(each.window_start_ms - MIDNIGHT_MS) // 60_000: each for each in signals}


def test_it_holds_from_the_bar_it_is_for_and_is_unknown_until_warm(account: Account) -> None:
    live = Accounts(account)
    live.changes = told = Told(account)
    before = bars_of(live.signals(rows(0, 10)))
    told.read(setting(1, 15, bars=6))
    after = bars_of(live.signals(rows(10, 30)))
    (own,) = {each.strategy_hash for each in before.values()}
    assert {n for n, each in after.items() if each.strategy_hash == own} == set(range(10, 15))
    assert [after[n].reason for n in range(15, 20)] == ["not_warm"] * 5, "it begins without bars"
    fresh = Accounts(account.model_copy(update={"parameters": {"bars": 6}}))
    assert list(after.values())[5:] == fresh.signals(rows(15, 30)), "what one says that begins there"
    assert {each.reason for n, each in after.items() if n >= 20} == {"confident"}


def test_the_next_bar_if_none_is_named_or_it_comes_late(account: Account) -> None:
    for from_bar in (None, 0, 9):
        live = Accounts(account)
        live.changes = told = Told(account)
        live.signals(rows(0, 10))
        told.read(setting(1, from_bar, bars=6))
        after = bars_of(live.signals(rows(10, 13)))
        assert len({each.strategy_hash for each in after.values()}) == 1
        (change,) = told.known
        assert change.followed is not None and after[10].strategy_hash == change.followed.hash


def test_a_strategy_that_waits_decides_each_bar_by_what_held_then() -> None:
    account = Account(name="mine", pairs=(PAIR,), minimum_confidence=0.9)
    live = Accounts(account, maximum_pending_bars=50)
    (told,) = account.deciding
    less_sure = followed_of("mine", told.model_copy(update={"minimum_confidence": 0.6}))
    change = Change("1", MIDNIGHT_MS + 3 * 60_000, less_sure)
    live.changes = of = Told(account)
    of.known.append(change)
    live.told([prediction(0, 0.8)])
    live.told(rows(0, 6))  # seen, and none decided but the first
    found = bars_of(live.signals(prediction(n, 0.8) for n in range(1, 6)))
    assert [found[n].decision for n in range(1, 6)] == ["none", "none", "buy", "buy", "buy"]
    assert [found[n].strategy_hash == less_sure.hash for n in range(1, 6)] == [False, False, True, True, True]


def test_two_settings_and_back_again(account: Account) -> None:
    live = Accounts(account)
    live.changes = told = Told(account)
    told.read(setting(1, 5, bars=6))
    told.read(setting(2, 12, bars=3))
    hashes = [each.strategy_hash for each in live.signals(rows(0, 20))]
    assert hashes[:5] == hashes[12:][:5] and len(set(hashes[5:12])) == 1 and hashes[5] != hashes[4]
    kept = {name.split(":")[2] for name in live.state.entries if name.startswith("kraken:strategy:")}
    assert kept == {hashes[0]}, "bars of what nobody follows are deleted"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_killed_process_says_the_same_again(account: Account, data: st.DataObject) -> None:
    """State is rolled back to a checkpoint; what was published since stands; settings are all known at once."""
    last = 24
    read_at = sorted(data.draw(st.lists(st.integers(0, last), min_size=1, max_size=4)))
    kinds: list[dict[str, Any]] = [{"bars": n} for n in (2, 3, 8)] + [{"switch": each} for each in get_args(Switch)]
    written = [
        setting(n, data.draw(st.none() | st.integers(0, last)), **data.draw(st.sampled_from(kinds)))
        for n in range(len(read_at))
    ]
    gaps = data.draw(st.sets(st.integers(0, last - 1), max_size=4))
    market = [
        each.model_copy(update={"quality": "gap"}) if n in gaps else each for n, each in enumerate(rows(0, last))
    ]
    committed = data.draw(st.integers(0, last - 1))
    killed = data.draw(st.integers(committed, last))
    live = Accounts(account)
    live.changes = told = Told(account)
    published, saved = list[Signal](), json.dumps(live.state.entries)
    for n, each in enumerate(market[:killed]):
        for at, of in zip(read_at, written, strict=True):
            told.read(of) if at == n else None
        published += live.signals([each])
        saved = json.dumps(live.state.entries) if n < committed else saved
    known = [of for at, of in zip(read_at, written, strict=True) if at < killed]
    again = Accounts(account, state=MemoryState(json.loads(saved)))
    again.changes = revived = Told(account, {each.window_start_ms: str(each.decided_by) for each in published})
    for of in known:
        revived.read(of)
    said = again.signals(market[min(committed, killed) :])
    first = {each.message_id: each.to_json() for each in published}
    assert all(first.get(each.message_id, each.to_json()) == each.to_json() for each in said)
    blind = Accounts(account, state=MemoryState(json.loads(saved)))
    blind.changes = lost = Told(account)
    for of in known:
        lost.read(of)
    differ = [
        e
        for e in blind.signals(market[min(committed, killed) :])
        if first.get(e.message_id, e.to_json()) != e.to_json()
    ]
    SEEN_TO_DIFFER.append(bool(differ))


#: Of the examples above, whether a process that does not look back would have said something else.
SEEN_TO_DIFFER: list[bool] = []


def test_without_looking_back_it_would_not() -> None:
    assert not SEEN_TO_DIFFER or any(SEEN_TO_DIFFER)


def service_settings(account: Account, folder: Path, **more: Any) -> SignalsSettings:
    place = {"broker_address": f"embedded://{folder}/log", "data_dir": folder, "state_dir": folder / "state"}
    return SignalsSettings(accounts=(account,), store_url="off", **more).model_copy(update=place)


def ran(of: SignalsSettings, folder: Path, part: list[FeatureRow]) -> list[Signal]:
    inputs: dict[Any, Any] = {TECHNICAL_INDICATORS: part, PREDICTIONS: list[Prediction]()}
    run = run_topology(topology, of, "signals", inputs, [SIGNALS], folder=folder)
    assert not run.dead_letters
    return [each for each in run["signals"] if isinstance(each, Signal)]


def test_a_run_is_replayed_and_backtested_with_its_settings(account: Account, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    bars = ugly.bars(rng, PAIR, 120, MIDNIGHT_MS, jumps=0.02, holes=0.05)
    given_rows = [of_bar(bars, place) for place in range(len(bars))]
    live = service_settings(account, tmp_path / "live")
    control = ControlSettings(broker_address=live.broker_address, accounts=(account,))
    said = ran(live, tmp_path / "live", given_rows[:40])
    later_ms = given_rows[80].window_start_ms
    first, digest = write_setting(control, Wish("mine", PAIR, {"bars": 9}, None, "alice"))
    write_setting(control, Wish("mine", PAIR, {"bars": 3}, later_ms, "alice"))
    said += ran(live, tmp_path / "live", given_rows[40:60])
    said += ran(live, tmp_path / "live", given_rows[60:])
    hashes = [each.strategy_hash for each in said]
    assert [place for place in range(1, len(said)) if hashes[place] != hashes[place - 1]] == [40, 80]
    assert hashes[40] == digest == hash_of(account, first) and hashes[80] == hashes[0]

    records = list(read_topic(live, STRATEGY_SETTINGS))
    file = tmp_path / "said.json"
    file.write_text(json.dumps(hashes_said(records, read_topic(live, SIGNALS))), encoding="utf-8")
    for told, is_same in ((file, True), (None, False)):
        folder = tmp_path / f"replay-{is_same}"
        again = service_settings(account, folder, said_file=told)
        elsewhere = ControlSettings(broker_address=again.broker_address, accounts=(account,))
        for name in ({"bars": 9}, None), ({"bars": 3}, later_ms):
            write_setting(elsewhere, Wish("mine", PAIR, name[0], name[1], "alice"))
        found = ran(again, folder, given_rows)
        assert ([each.to_json() for each in found] == [each.to_json() for each in said]) is is_same

    each = chosen(account)
    settings = [record.message() for record in records]
    known = known_of(each, PAIR, [of for of in settings if isinstance(of, StrategySetting)])
    table = pl.DataFrame([each.model_dump() for each in said], infer_schema_length=None)
    own = {next(iter(known))}
    decided = decided_in_run(History({PAIR: bars}), each, PAIR, known, table, own, 300)
    assert [decided.signal("mine", place) for place in range(len(bars))] == said
    assert [decided[30:90].signal("mine", place) for place in range(60)] == said[30:90]
    with pytest.raises(BadInputError, match=r"--of: expected signals decided by one of"):
        other = {name: known[name] for name in list(known)[:1]} | {"0": known[next(iter(known))]}
        decided_in_run(History({PAIR: bars}), each, PAIR, other, table, own, 300)


def of_bar(bars: Any, place: int) -> FeatureRow:
    texts = {name: bars.texts[name][place] for name in ("open", "high", "low", "close", "volume")}
    quality = ("complete", "empty", "gap")[bars.qualities[place]]
    count = int(bars.trade_counts[place])
    start_ms = int(bars.starts_ms[place])
    return row(0, **texts, window_start_ms=start_ms, quality=quality, trade_count=count)


@pytest.mark.slow
def test_a_process_that_is_killed_applies_a_setting_once_at_the_same_bar(account: Account, tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    create_topics(settings, [SIGNALS, PREDICTIONS, STRATEGY_SETTINGS])
    told = {"TRADESTREAM_ACCOUNTS": json.dumps([account.model_dump(mode="json")]), "TRADESTREAM_STORE_URL": "off"}
    # Nothing is committed before the kill: the process after it sees every row again, and the setting before them.
    never = {"TRADESTREAM_COMMIT_INTERVAL_SECONDS": 60}
    control = ControlSettings(broker_address=settings.broker_address, accounts=(account,))

    def said() -> list[Signal]:
        found = (record.message() for record in read_topic(settings, SIGNALS))
        return [each for each in found if isinstance(each, Signal)]

    write_rows(tmp_path, rows(0, 20))
    with start_service("signals", settings, **told, **never) as signals:
        wait_for(lambda: len(said()) == 20, "20 signals", of=signals)
        _, digest = write_setting(control, Wish("mine", PAIR, {"bars": 6}, None, "alice"))

        def goes_on() -> bool:
            n = len(said())
            write_rows(tmp_path, rows(n, n + 1))
            wait_for(lambda: len(said()) == n + 1, "the next signal", of=signals)
            return said()[-1].strategy_hash == digest

        wait_for(goes_on, "a signal by the new parameters", of=signals)
        os.kill(signals.pid, signal.SIGKILL)
    before = said()
    began = next(n for n, each in enumerate(before) if each.strategy_hash == digest)
    assert began >= 20
    write_rows(tmp_path, rows(len(before), len(before) + 10))
    with start_service("signals", settings, **told) as signals:
        wait_for(lambda: len({each.message_id for each in said()}) == len(before) + 10, "the rest", of=signals)
        signals.kill()
    values: dict[str, set[bytes]] = {}
    for each in said():
        values.setdefault(each.message_id, set()).add(each.to_json())
    assert len(said()) > len(values), "nothing was said again: the kill shows nothing"
    assert all(len(each) == 1 for each in values.values()), "one id with two values"
    assert next(n for n, each in enumerate(said()) if each.strategy_hash == digest) == began


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"parameters": {"bars": 99}}, r"Over\.bars: expected from 2 to 30, was 99"),
        ({"parameters": {"bars": 2.5}}, r"Over\.bars: expected an integer from 2 to 30, was 2\.5"),
        ({"parameters": {"bras": 3}}, r"Over\.bras: expected one of bars \(did you mean bars\?\), was 3"),
        ({"account": "mien"}, r"--account: expected one of mine \(did you mean mine\?\), was 'mien'"),
        ({"pair": "ETH/USD"}, r"--pair: expected one of BTC/USD.*, was 'ETH/USD'"),
    ],
)
def test_what_cannot_be_set_is_refused_by_name(
    account: Account, tmp_path: Path, wish: dict[str, Any], words: str
) -> None:
    control = ControlSettings(broker_address=f"embedded://{tmp_path}/log", accounts=(account,))
    with pytest.raises(BadInputError, match=words):
        write_setting(control, replace(Wish("mine", PAIR, {"bars": 6}, None, "alice"), **wish))
    assert not list(read_topic(control, STRATEGY_SETTINGS)), "nothing was written"


@pytest.mark.parametrize("text", ["[1]", "{", "3"])
def test_parameters_are_a_json_object(text: str) -> None:
    with pytest.raises(BadInputError, match="--parameters: expected a JSON object"):
        parameters_in(text)


def test_what_is_set_stands_in_the_store_once_it_was_read_and_nothing_waits_for_a_store_that_is_away(
    account: Account, tmp_path: Path
) -> None:
    rng = np.random.default_rng(4)
    bars = ugly.bars(rng, PAIR, 20, MIDNIGHT_MS, jumps=0.0, holes=0.0)
    given_rows = [of_bar(bars, place) for place in range(len(bars))]
    of = service_settings(account, tmp_path)
    control = ControlSettings(broker_address=of.broker_address, accounts=(account,))
    said = ran(of, tmp_path, given_rows[:5])
    setting, _ = write_setting(control, Wish("mine", PAIR, {"bars": 9}, None, "alice"))
    url = f"sqlite:///{tmp_path}/store.db"
    changes = ReadChanges(of.model_copy(update={"store_url": url}), of.desk_with([]))
    held: list[str] = []

    def away(_messages: object) -> None:
        held.append("asked")
        raise StoreBusyError("away")

    write, changes._write = changes._write, away
    changes._read()
    assert held == ["asked"] and said
    changes._write = write
    changes._read()
    with open_store(url) as store:
        found = store.sql("SELECT setting_id, account, pair, strategy, parameters FROM strategy_settings").rows
    assert found == [(setting.setting_id, "mine", PAIR, setting.strategy, '{"bars": 9}')]
