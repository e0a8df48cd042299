"""By which parameters strategies decided where operators gave them others: since when is a fact of the clock.

A replay has every setting from its beginning. So it is told which hash each signal carried, and lets a setting hold
from the first window on that carried its.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from contracts.candle_mark import CandleMark
from contracts.forward_test_event import ForwardTestEvent
from contracts.signal import Signal
from contracts.strategy_check import StrategyCheck
from contracts.strategy_setting import StrategySetting
from streaming.record import Record
from verify.readable import messages_of


def hashes_said(
    settings: Iterable[Record],
    signals: Iterable[Record],
    tests: Iterable[Record] = (),
    checks: Iterable[Record] = (),
) -> list[tuple[str, str, str, int, int, str]]:
    """Return runs of signals that were decided by the same, where something was set or a file was loaded.

    Of forward tests they also say with which window they began: with the first mark, whose decision may not be there.

    Parameters
    ----------
    settings, signals, tests, checks
        What is on these topics in the run.

    Returns
    -------
    list[tuple[str, str, str, int, int, str]]
        Account, exchange, pair, first and last window, `Signal.decided_by`; in order.
    """
    tested = {each.account for each in messages_of(tests, ForwardTestEvent)}
    files = {each.strategy for each in messages_of(checks, StrategyCheck) if each.loads}
    touched = {(each.account, each.pair) for each in messages_of(settings, StrategySetting)}
    said: dict[tuple[str, str, str], dict[int, str]] = {}
    for each in (record.readable_message() for record in signals):
        if not isinstance(each, Signal | CandleMark):
            continue
        is_of_file = isinstance(each, Signal) and each.strategy in files
        if not is_of_file and (each.account, each.pair) not in touched and each.account not in tested:
            continue
        of = said.setdefault((each.account, each.exchange, each.pair), {})
        if isinstance(each, Signal) and each.decided_by is not None:
            of[each.window_start_ms] = of.get(each.window_start_ms) or each.decided_by
        elif isinstance(each, CandleMark) and each.account in tested:
            of.setdefault(each.window_start_ms, "")
    found = []
    for (account, exchange, pair), of in sorted(said.items()):
        for digest, run in groupby(sorted(of), key=of.__getitem__):
            windows = list(run)
            found.append((account, exchange, pair, windows[0], windows[-1], digest))
    return found
