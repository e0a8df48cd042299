"""Settings of strategies as they are written, and what was published of rows that come again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

from loguru import logger

from contracts.clock import Clock, SystemClock
from contracts.errors import TradestreamError
from contracts.feature_row import FeatureRow
from contracts.signal import Signal
from contracts.state import State
from contracts.strategy_setting import StrategySetting
from contracts.topics import SIGNALS, STRATEGY_SETTINGS
from contracts.units import US_PER_SECOND
from signals.core.changes import Change
from signals.core.decide import newest_row_ms
from signals.core.followed import Desk
from signals.deciders import followed_of
from signals.settings import RUNS, SignalsSettings
from strategies.of_account import with_parameters
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
        self._tail = TopicTail(settings, STRATEGY_SETTINGS)
        self._changes: dict[tuple[str, str], list[Change]] = {}
        self._pairs: set[str] = set()
        self._seen: dict[tuple[str, str], int] = {}
        self._published: dict[tuple[str, str, str], dict[int, str]] = {}
        self._replayed = None if settings.said_file is None else SaidThen(settings.said_file)
        self._asked_us: int | None = None

    def look(self, row: FeatureRow, state: State) -> None:
        """Read what is new before a row is seen; of a pair that is taken over also what was published of it.

        A process that had the pair before may have decided this row by a setting that the state does not know.
        """
        place, before_ms = (row.exchange, row.pair), newest_row_ms(state, row.exchange)
        is_taken_over = place not in self._seen or self._seen[place] != before_ms
        if is_taken_over or self._asked_us is None or self._clock.now_us() - self._asked_us >= _EVERY_US:
            self._read()
        if is_taken_over and self.concern(row.pair):
            self._look_back(row)
        self._seen[place] = row.window_start_ms if before_ms is None else max(before_ms, row.window_start_ms)

    def concern(self, pair: str) -> bool:
        """Return whether there is any setting of a pair."""
        return pair in self._pairs

    def of(self, account: str, pair: str) -> Sequence[Change]:
        """Return the settings of an account's pair, in the order in which they were written."""
        return self._changes.get((account, pair), ())

    def said(self, account: str, row: FeatureRow) -> str | None:
        """Return what the signal that was published of a row was decided by, None if none is known."""
        if self._replayed is not None:
            return self._replayed.hash_of(account, row)
        return self._published.get((account, row.exchange, row.pair), {}).get(row.window_start_ms)

    def _read(self) -> None:
        self._asked_us = self._clock.now_us()
        for record in self._tail.read_new():
            setting = record.readable_message()
            if isinstance(setting, StrategySetting) and (change := self._change(setting)) is not None:
                self._changes.setdefault((setting.account, setting.pair), []).append(change)
                self._pairs.add(setting.pair)
                said = setting.parameters if setting.switch is None else setting.switch
                logger.info("{} of {} on {}: {}", setting.strategy, setting.account, setting.pair, said)

    def _change(self, setting: StrategySetting) -> Change | None:
        """Return what the core is told of a setting; None of what is not, or no longer, this service's."""
        for decider in self._desk.of(setting.pair):
            told = decider.account.strategy_for(setting.pair)
            is_its = decider.account.name == setting.account and decider.followed.name == setting.strategy
            if is_its and setting.parameters is None:
                return Change(setting.setting_id, setting.from_ms, switch=setting.switch)
            if is_its and told is not None and setting.parameters is not None:
                asked = with_parameters(told, setting.parameters)
                try:
                    followed = followed_of(setting.account, asked, self._settings.interval_s)
                except TradestreamError as error:  # another version of the file may have other parameters
                    logger.error("setting {} of {} does nothing: {}", setting.setting_id, setting.account, error)
                    return None
                if followed.waits != decider.followed.waits:
                    logger.error("setting {} does nothing: it asks otherwise for predictions", setting.setting_id)
                    return None
                return Change(setting.setting_id, setting.from_ms, followed)
        return None

    def _look_back(self, row: FeatureRow) -> None:
        for decider in self._desk.of(row.pair):
            name = decider.account.name
            if not self.of(name, row.pair):
                continue
            found = self._published[name, row.exchange, row.pair] = {}
            for record in read_key_since(self._settings, SIGNALS, name, row.window_end_ms):
                said = record.readable_message()
                if isinstance(said, Signal) and _is_of(said, row) and said.decided_by is not None:
                    found.setdefault(said.window_start_ms, said.decided_by)


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
        return runs[place][2] if place >= 0 and row.window_start_ms <= runs[place][1] else None


def _is_of(said: Signal, row: FeatureRow) -> bool:
    return (said.exchange, said.pair, said.interval_s) == (row.exchange, row.pair, row.interval_s)
