"""Settings of strategies and forward tests as they are written, and what was published of rows that come again."""

from __future__ import annotations

import dataclasses
import sys
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from loguru import logger

from contracts.account_strategy import AccountStrategy
from contracts.candle_mark import CandleMark
from contracts.clock import Clock, SystemClock
from contracts.errors import TradestreamError
from contracts.feature_row import FeatureRow
from contracts.forward_test_event import ForwardTestEvent
from contracts.message import Message
from contracts.prediction import Prediction
from contracts.signal import Signal
from contracts.state import State
from contracts.strategy_check import StrategyCheck
from contracts.strategy_setting import StrategySetting
from contracts.topics import FORWARD_TEST_EVENTS, SIGNALS, STRATEGY_CHECKS, STRATEGY_SETTINGS
from contracts.units import US_PER_SECOND
from signals.core.changes import Change
from signals.core.decide import newest_row_ms
from signals.core.followed import Decider, Desk, Followed
from signals.deciders import deciders_of, followed_of
from signals.settings import RUNS, SignalsSettings
from strategies.of_account import with_parameters
from strategies.versions import Version, versions_of
from streaming.clients import read_key_since
from streaming.tail import TopicTail

#: How often it is asked whether there are new ones, at most.
_EVERY_US = US_PER_SECOND // 2


class ReadChanges:
    """What operators set, read from the log while the service runs.

    Parameters
    ----------
    settings
        Of the service.
    desk
        Whose strategies.
    clock
        How often the log is asked.
    """

    def __init__(self, settings: SignalsSettings, desk: Desk, clock: Clock | None = None) -> None:
        self._settings, self._desk, self._clock = settings, desk, clock or SystemClock()
        self._tails = [
            TopicTail(settings, spec) for spec in (FORWARD_TEST_EVENTS, STRATEGY_CHECKS, STRATEGY_SETTINGS)
        ]
        self._tests: dict[str, UnderTest] = {}
        self._early: list[StrategySetting] = []
        self._loaded: list[StrategyCheck] = []
        self._settings_of: dict[tuple[str, str], list[StrategySetting]] = {}
        self._changes: dict[tuple[str, str], list[Change]] = {}
        self._pairs: set[str] = set()
        self._seen: dict[tuple[str, str], int] = {}
        self._published: dict[tuple[str, str, str], dict[int, str]] = {}
        self._first_ms: dict[tuple[str, str, str], int] = {}
        self._replayed = None if settings.said_file is None else SaidThen(settings.said_file)
        self._asked_us: int | None = None
        self._write, self._unwritten = settings.store_writer(), list[Message]()

    def look(self, message: FeatureRow | Prediction, state: State) -> None:
        """Read what is new before a row is seen; of a pair that is taken over also what was published of it.

        A process that had the pair before may have decided this row by a setting that the state does not know. For a
        prediction it is read where the process does not know the pair: rows of a test may wait for it.
        """
        place, before_ms = (message.exchange, message.pair), newest_row_ms(state, message.exchange)
        is_taken_over = place not in self._seen or self._seen[place] != before_ms
        if is_taken_over or self._asked_us is None or self._clock.now_us() - self._asked_us >= _EVERY_US:
            self._read()
        if isinstance(message, Prediction):
            return
        if is_taken_over and self.concern(message.pair):
            self._look_back(message)
        self._seen[place] = max(message.window_start_ms, before_ms or 0)

    def concern(self, pair: str) -> bool:
        """Return whether there is any setting or forward test of a pair."""
        return pair in self._pairs

    def of(self, account: str, pair: str) -> Sequence[Change]:
        """Return the settings of an account's pair, in the order in which they were written."""
        changes = self._changes.get((account, pair), ())
        tested = self._tests.get(account)
        return changes if tested is None else tested.around(changes)

    def said(self, account: str, row: FeatureRow) -> str | None:
        """Return what the signal that was published of a row was decided by, None if none is known."""
        if self._replayed is not None:
            return self._replayed.hash_of(account, row)
        return self._published.get((account, row.exchange, row.pair), {}).get(row.window_start_ms)

    def tests(self, pair: str) -> Sequence[Decider]:
        """Return the forward tests of a pair."""
        if pair not in self._pairs:
            return ()
        return [each.decider for each in self._tests.values() if pair in each.decider.pairs]

    def first_ms(self, account: str, row: FeatureRow) -> int | None:
        """Return the first window of a row's pair that an account was told of, None if of none that is known."""
        if self._replayed is not None:
            return self._replayed.first_ms(account, row)
        return self._first_ms.get((account, row.exchange, row.pair))

    def _read(self) -> None:
        self._asked_us = self._clock.now_us()
        told = [record.readable_message() for tail in self._tails for record in tail.read_new()]
        self._keep([each for each in told if each is not None])
        for event in (each for each in told if isinstance(each, ForwardTestEvent)):
            self._take_test(event)
        for check in (each for each in told if isinstance(each, StrategyCheck)):
            self._take_check(check)
        # Tests first: a setting may be of one that was just started.
        early, self._early = self._early, []
        for setting in (*early, *(each for each in told if isinstance(each, StrategySetting))):
            self._take_setting(setting)

    def _keep(self, told: Sequence[Message]) -> None:
        """Write what was said to the store, where there is one; it is for people, so decisions do not wait for it.

        What could not be written is tried again with the next look; a process that starts writes all of it.
        """
        if self._write is None:
            return
        self._unwritten += told
        if not self._unwritten:
            return
        try:
            self._write(self._unwritten)
        except TradestreamError as error:
            logger.warning("store: {}; {} words on strategies wait", error, len(self._unwritten))
            return
        self._unwritten = []

    def _take_test(self, event: ForwardTestEvent) -> None:
        if event.account in {decider.account.name for decider in self._desk.deciders}:
            logger.error("forward test {} does nothing: a configured account has its name", event.account)
            return
        try:
            (decider,) = deciders_of(event.opened, self._settings.interval_s)
        except TradestreamError as error:
            logger.error("forward test {} does nothing: {}", event.account, error)
            return
        self._tests[event.account] = UnderTest(event, dataclasses.replace(decider, is_test=True))
        self._pairs.update(decider.pairs)
        logger.info("forward test {}: {}", event.account, event.action)

    def _take_setting(self, setting: StrategySetting) -> None:
        decider = self._decider(setting)
        if decider is None:
            # Its test may be on its way: nothing orders two topics.
            self._early.append(setting)
            return
        if decider.followed.name != setting.strategy:
            return  # the account follows another one by now
        self._settings_of.setdefault((setting.account, setting.pair), []).append(setting)
        self._arrange(decider, setting.pair)
        said = setting.parameters if setting.switch is None else setting.switch
        logger.info("{} of {} on {}: {}", setting.strategy, setting.account, setting.pair, said)

    def _decider(self, setting: StrategySetting) -> Decider | None:
        every = (*self._desk.of(setting.pair), *self.tests(setting.pair))
        return next((each for each in every if each.account.name == setting.account), None)

    def _take_check(self, check: StrategyCheck) -> None:
        if not check.loads:
            return
        self._loaded.append(check)
        for decider in self._desk.deciders:
            told = decider.account.strategy_for(decider.pairs[0])
            if told is not None and told.strategy == check.file:
                for pair in decider.pairs:
                    self._arrange(decider, pair)

    def _arrange(self, decider: Decider, pair: str) -> None:
        """Put versions of a file and settings in one order: each change says what decides after it.

        Each topic keeps its order. Between two topics times of the wall clock decide, at every reading the same.
        """
        told = decider.account.strategy_for(pair)
        if told is None:
            return
        parameters: dict[str, int | float] | None = None
        changes: list[Change] = []
        for each in self._in_order(decider, pair, told):
            if isinstance(each, Version):
                now = each.told, parameters
            elif each.parameters is None:
                changes.append(Change(each.setting_id, each.from_ms, switch=each.switch))
                continue
            else:
                now = told, each.parameters
            followed = self._followed(decider, *now)
            if followed is not None:
                told, parameters = now
                name, from_ms = (
                    (each.check_id, None) if isinstance(each, Version) else (each.setting_id, each.from_ms)
                )
                changes.append(Change(name, from_ms, followed))
        if changes:
            self._changes[decider.account.name, pair] = changes
            self._pairs.add(pair)

    def _in_order(self, decider: Decider, pair: str, told: AccountStrategy) -> list[Version | StrategySetting]:
        versions = [] if decider.is_test else versions_of(told.model_copy(update={"source": None}), self._loaded)
        timed: list[tuple[int, Version | StrategySetting]] = []
        latest_ms = 0
        for version in versions[1:]:
            latest_ms = max(latest_ms, version.at_ms)
            timed.append((latest_ms, version))
        latest_ms = 0
        for setting in self._settings_of.get((decider.account.name, pair), ()):
            latest_ms = max(latest_ms, setting.issued_at_ms)
            timed.append((latest_ms, setting))
        return [each for _, each in sorted(timed, key=lambda of: of[0])]

    def _followed(
        self, decider: Decider, told: AccountStrategy, parameters: Mapping[str, int | float] | None
    ) -> Followed | None:
        """Return what is followed after a change; None of one that does nothing."""
        name = decider.account.name
        try:
            asked = told if parameters is None else with_parameters(told, parameters)
            followed = followed_of(name, asked, self._settings.interval_s)
        except TradestreamError as error:  # another version of the file may have other parameters
            logger.error("a change of {} does nothing: {}", name, error)
            return None
        if followed.waits != decider.followed.waits:
            logger.error("a change of {} does nothing: it asks otherwise for predictions", name)
            return None
        return followed

    def _look_back(self, row: FeatureRow) -> None:
        for decider in (*self._desk.of(row.pair), *self.tests(row.pair)):
            name = decider.account.name
            if not self.of(name, row.pair):
                continue
            place = name, row.exchange, row.pair
            found = self._published[place] = {}
            key = self._settings.key_on_signals(name)
            told = [
                said
                for record in read_key_since(self._settings, SIGNALS, key, row.window_end_ms)
                if isinstance(said := record.readable_message(), Signal | CandleMark)
                and said.account == name
                and _is_of(said, row)
            ]
            for said in told:
                if isinstance(said, Signal) and said.decided_by is not None:
                    found.setdefault(said.window_start_ms, said.decided_by)
            if told:
                self._first_ms[place] = min(said.window_start_ms for said in told)


@dataclass(frozen=True)
class UnderTest:
    """A forward test.

    Parameters
    ----------
    event
        The last word on it.
    decider
        Its account and strategy.
    """

    event: ForwardTestEvent
    decider: Decider

    def around(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Return settings of it between its start and, if it was stopped, its end.

        Returns
        -------
        Sequence[Change]
            In the order in which they hold.
        """
        begin = Change(f"{self.event.account}:start", self.event.from_ms, self.decider.followed, begins=True)
        if self.event.action == "start":
            return [begin, *changes]
        return [begin, *changes, Change(f"{self.event.account}:stop", None, switch="off", ends=True)]


class SaidThen:
    """What a run published, for a replay of it: what its signals were decided by, window by window.

    Parameters
    ----------
    file
        Of JSON, written by `verify`.
    """

    def __init__(self, file: Path) -> None:
        self._runs: dict[tuple[str, str, str], list[tuple[int, int, str]]] = {}
        for account, exchange, pair, first_ms, last_ms, said in RUNS.validate_json(file.read_bytes()):
            self._runs.setdefault((account, exchange, pair), []).append((first_ms, last_ms, said))

    def hash_of(self, account: str, row: FeatureRow) -> str | None:
        """Return what a row's signal was decided by, None if there was none."""
        runs = self._runs.get((account, row.exchange, row.pair), [])
        place = bisect_right(runs, row.window_start_ms, key=lambda run: run[0]) - 1
        return (runs[place][2] or None) if place >= 0 and row.window_start_ms <= runs[place][1] else None

    def first_ms(self, account: str, row: FeatureRow) -> int:
        """Return the first window that an account was told of, one that never comes if it was told of none."""
        runs = self._runs.get((account, row.exchange, row.pair))
        return runs[0][0] if runs else sys.maxsize


def _is_of(said: Signal | CandleMark, row: FeatureRow) -> bool:
    return (said.exchange, said.pair, said.interval_s) == (row.exchange, row.pair, row.interval_s)
