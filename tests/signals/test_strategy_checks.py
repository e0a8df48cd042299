"""A file that fails its checks is not loaded: what was good last goes on, over restarts, kills and replays."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.backtest import ugly_markets as ugly
from tests.signals.market_stream import MIDNIGHT_MS
from tests.signals.test_strategy_settings import OVER, PAIR, of_bar, ran, rows
from tests.support.model_commands import settings_of, write_rows
from tests.support.processes import start_service
from tests.support.waiting import wait_for
from typer.testing import CliRunner

from backtest.changed import decided_in_run, known_of
from backtest.history import History
from backtest.strategies_of import chosen
from contracts.account import Account
from contracts.signal import Signal
from contracts.strategy_check import StrategyCheck
from contracts.topics import PREDICTIONS, SIGNALS, STRATEGY_CHECKS, STRATEGY_SETTINGS
from embedded.cli import app
from signals import metrics
from signals.checked import check_files
from signals.deciders import deciders_of
from signals.settings import SignalsSettings
from signals.strategy_setting import Wish, write_setting
from strategies.versions import begun_with, file_hash, in_force
from streaming.clients import create_topics, read_topic
from streaming.control import ControlSettings
from streaming.producer import open_producer
from streaming.strategy_checks import strategy_checks
from verify.said import hashes_said

OTHER = OVER.replace("above(close", "above(2 * close")
#: Depends on where history began.
BAD = """from strategies import Strategy, close


class Over(Strategy):
    memory_bars = 3

    def inputs(self):
        return {"close": close}

    def initial(self):
        return 0

    def step(self, state, row):
        return (state + 1) % 3, 0 if state == 2 else 1
"""
BROKEN = "from strategies import Strategy\nclass Over(Strategy:\n"


class Desk:
    """A log, a file and its accounts, started again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "over.py"
        self.mine = Account(name="mine", pairs=(PAIR,), strategy=str(self.file))
        self.other = Account(name="other", pairs=(PAIR,), strategy="sma_cross")
        self.file.write_text(OVER, encoding="utf-8")
        self.settings = self._read()
        create_topics(self.settings, [STRATEGY_CHECKS])

    @property
    def log(self) -> str:
        return f"embedded://{self.folder}/log"

    def _read(self) -> SignalsSettings:
        place = {"broker_address": self.log, "data_dir": self.folder}
        place |= {"state_dir": self.folder / "state"}
        return SignalsSettings(accounts=(self.mine, self.other), store_url="off").model_copy(update=place)

    def start(self, source: str) -> list[StrategyCheck]:
        """Read the file as the service does at its start; return all verdicts."""
        self.file.write_text(source, encoding="utf-8")
        self.settings = self._read()
        assert check_files(self.settings) == 0
        return strategy_checks(self.settings)

    def seen(self, market: Sequence[Any]) -> dict[str, list[Signal]]:
        said = ran(self.settings, self.folder, list(market))
        return {each.name: [s for s in said if s.account == each.name] for each in (self.mine, self.other)}


def refused() -> float:
    return metrics.REFUSED.labels("over")._value.get()


def test_a_file_that_fails_leaves_the_last_good_one_in_place(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (good,) = desk.start(OVER)
    assert (good.passed, good.loads, good.strategy, good.file_hash) == (True, True, "over", file_hash(OVER))
    assert {each.check for each in good.results} >= {"imports", "start invariance", "state"}
    before = desk.seen(rows(0, 20))
    for text, failed in ((BAD, "start invariance"), (BROKEN, "imports")):
        *_, verdict = desk.start(text)
        assert not verdict.passed and failed in verdict.failed and verdict.source == text
        assert refused() == 1
    assert len(desk.start(BROKEN)) == 3, "what was refused is not checked again at each start"
    assert refused() == 1, "and is told at each"
    after = desk.seen(rows(20, 40))
    assert {each.strategy_hash for each in (*before["mine"], *after["mine"])} == {before["mine"][0].strategy_hash}
    assert {each.reason for each in after["mine"]} == {"confident"}
    assert len(desk.start(OVER)) == 4 and refused() == 0
    assert len(desk.start(OVER)) == 4, "what was loaded is not checked again"


def test_a_file_that_never_was_good_stands_still_and_the_others_go_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (verdict,) = desk.start(BROKEN)
    assert not verdict.passed
    said = desk.seen(rows(0, 70))
    assert {(each.reason, each.decision) for each in said["mine"]} == {("refused", "none")}
    assert {each.strategy for each in said["mine"]} == {"over"}
    assert "confident" in {each.reason for each in said["other"]}
    assert len(said["mine"]) == len(said["other"]) == 70, "its limits and exits have each bar"
    desk.start(OVER)
    assert {each.reason for each in desk.seen(rows(70, 90))["mine"][5:]} == {"confident"}


def test_a_run_is_replayed_and_backtested_with_the_versions_it_had(tmp_path: Path) -> None:
    """Broken, good, failing, other: and parameters of an operator in between."""
    rng = np.random.default_rng(4)
    bars = ugly.bars(rng, PAIR, 120, MIDNIGHT_MS, jumps=0.02, holes=0.05)
    market = [of_bar(bars, place) for place in range(len(bars))]
    live = Desk(tmp_path)
    said: list[Signal] = []
    control = ControlSettings(broker_address=live.settings.broker_address, accounts=(live.mine,))
    for number, text in enumerate((BROKEN, OVER, BAD, OTHER)):
        live.start(text)
        if number == 2:
            write_setting(control, Wish("mine", PAIR, {"bars": 5}, None, "alice"))
        said += live.seen(market[number * 30 : (number + 1) * 30])["mine"]
    hashes = [each.strategy_hash for each in said]
    assert [place for place in range(1, len(said)) if hashes[place] != hashes[place - 1]] == [30, 60, 90]

    checks, settings = (list(read_topic(live.settings, spec)) for spec in (STRATEGY_CHECKS, STRATEGY_SETTINGS))
    file = tmp_path / "said.json"
    told = hashes_said(settings, read_topic(live.settings, SIGNALS), (), checks)
    file.write_text(json.dumps(told), encoding="utf-8")
    live.file.write_text(BROKEN, encoding="utf-8")  # whatever has become of it since
    for known, is_same in ((file, True), (None, False)):
        (tmp_path / f"replay-{is_same}").mkdir()
        again = Desk(tmp_path / f"replay-{is_same}")
        with open_producer(again.settings, "signals") as producer:
            for record in checks:
                producer.produce(STRATEGY_CHECKS, record.message())
            for record in settings:
                producer.produce(STRATEGY_SETTINGS, record.message())
        again.settings = again.settings.model_copy(update={"said_file": known, "accounts": (live.mine,)})
        found = again.seen(market)["mine"]
        assert ([each.to_json() for each in found] == [each.to_json() for each in said]) is is_same

    verdicts = strategy_checks(live.settings)
    each = chosen(begun_with(live.mine, verdicts))
    deciding = known_of(each, PAIR, [record.message() for record in settings], verdicts)
    table = pl.DataFrame([each.model_dump() for each in said], infer_schema_length=None)
    own = {next(iter(deciding))}
    decided = decided_in_run(History({PAIR: bars}), each, PAIR, deciding, table, own, 300)
    assert [decided.signal("mine", place) for place in range(len(bars))] == said


def test_a_version_that_asks_otherwise_for_predictions_is_another_strategy(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.start(OVER)
    asks = OVER.replace("import Strategy", "import Strategy, both, predicted").replace(
        "above(close, mean(close, self.bars))",
        'both(above(close, mean(close, self.bars)), above(predicted("direction").probability_up, 0.5))',
    )
    *_, verdict = desk.start(asks)
    assert verdict.failed == ("account",)
    (problem,) = (each.problem for each in verdict.results if each.problem)
    assert "mine: expected a strategy that asks for none as before" in problem


def test_a_verdict_of_the_command_is_published_and_makes_nobody_follow(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.start(OVER)
    desk.file.write_text(OTHER, encoding="utf-8")
    done = CliRunner().invoke(
        app, ["strategy", "check", str(desk.file)], env={"TRADESTREAM_BROKER_ADDRESS": desk.log}
    )
    assert done.exit_code == 0, done.output
    first, second = strategy_checks(desk.settings)
    assert (second.passed, second.loads, second.file_hash) == (True, False, file_hash(OTHER))
    assert [each.check for each in second.results] == [each.check for each in first.results]
    (told,) = desk.mine.deciding
    assert in_force(told, [first, second]).source == OVER
    said = desk.seen(rows(0, 5))["mine"]
    assert {each.strategy_hash for each in said} == {deciders_of(begun_with(desk.mine, [first]))[0].followed.hash}
    none = CliRunner().invoke(
        app, ["strategy", "check", str(desk.file)], env={"TRADESTREAM_BROKER_ADDRESS": f"embedded://{tmp_path}/none"}
    )
    assert none.exit_code == 0 and not (tmp_path / "none").exists(), "a file may be checked where nothing runs"


@pytest.mark.slow
@pytest.mark.long
def test_a_process_that_is_killed_goes_on_with_the_last_good_one(tmp_path: Path) -> None:
    """Started with a good file, killed, started with a failing one, killed, and once more."""
    file = tmp_path / "over.py"
    file.write_text(OVER, encoding="utf-8")
    account = Account(name="mine", pairs=(PAIR,), strategy=str(file))
    settings = settings_of(tmp_path)
    create_topics(settings, [SIGNALS, PREDICTIONS, STRATEGY_CHECKS])
    told = {"TRADESTREAM_ACCOUNTS": json.dumps([account.model_dump(mode="json")]), "TRADESTREAM_STORE_URL": "off"}
    told["TRADESTREAM_COMMIT_INTERVAL_SECONDS"] = "60"

    def said() -> list[Signal]:
        found = (record.message() for record in read_topic(settings, SIGNALS))
        return [each for each in found if isinstance(each, Signal)]

    for number, text in enumerate((OVER, BAD, BAD), 1):
        file.write_text(text, encoding="utf-8")
        write_rows(tmp_path, rows(10 * (number - 1), 10 * number))
        with start_service("signals", settings, **told) as signals:
            wait_for(lambda n=number: len({s.message_id for s in said()}) == 10 * n, "its signals", of=signals)
            os.kill(signals.pid, signal.SIGKILL)
    values: dict[str, set[bytes]] = {}
    for each in said():
        values.setdefault(each.message_id, set()).add(each.to_json())
    assert len(said()) > len(values), "nothing was said again: the kill shows nothing"
    assert all(len(each) == 1 for each in values.values()), "one id with two values"
    assert len({each.strategy_hash for each in said()}) == 1
    assert [each.passed for each in strategy_checks(settings)] == [True, False]
