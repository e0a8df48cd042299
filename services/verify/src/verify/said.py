"""By which parameters strategies decided where operators gave them others: since when is a fact of the clock.

A replay has every setting from its beginning. So it is told which hash each signal carried, and lets a setting hold
from the first window on that carried its.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from contracts.signal import Signal
from contracts.strategy_setting import StrategySetting
from streaming.record import Record
from verify.readable import messages_of


def hashes_said(settings: Iterable[Record], signals: Iterable[Record]) -> list[tuple[str, str, str, int, int, str]]:
    """Return runs of signals that were decided by the same, of the accounts and pairs that something was set of.

    Parameters
    ----------
    settings, signals
        What is on these topics in the run.

    Returns
    -------
    list[tuple[str, str, str, int, int, str]]
        Account, exchange, pair, first and last window, `Signal.decided_by`; in order.
    """
    touched = {(each.account, each.pair) for each in messages_of(settings, StrategySetting)}
    said: dict[tuple[str, str, str], dict[int, str]] = {}
    for each in messages_of(signals, Signal):
        if (each.account, each.pair) in touched and each.decided_by is not None:
            of = said.setdefault((each.account, each.exchange, each.pair), {})
            of.setdefault(each.window_start_ms, each.decided_by)
    found = []
    for (account, exchange, pair), of in sorted(said.items()):
        for digest, run in groupby(sorted(of), key=of.__getitem__):
            windows = list(run)
            found.append((account, exchange, pair, windows[0], windows[-1], digest))
    return found
