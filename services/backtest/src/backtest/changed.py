"""What strategies said in a run in which operators gave them other parameters: since when, the signals say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from backtest.decided import Decided
from backtest.history import History
from backtest.joined import Joined
from backtest.strategies_of import Chosen, Deciding, deciding
from contracts.errors import BadInputError
from contracts.strategy_setting import StrategySetting
from strategies.of_account import with_parameters

_START, _HASH = "window_start_ms", "strategy_hash"


def known_of(each: Chosen, pair: str, settings: Iterable[StrategySetting]) -> dict[str, Deciding]:
    """Return all that has decided for a pair of an account, by hash, the account's own first.

    Parameters
    ----------
    each, pair
        Whose.
    settings
        What operators set in the run.

    Returns
    -------
    dict[str, Deciding]
        With one entry, where nothing was set of it.
    """
    own = each.of(pair)
    found = {own.hash: own}
    for setting in settings:
        if (setting.account, setting.pair, setting.strategy) == (each.account.name, pair, own.file.name):
            other = deciding(each.account.name, with_parameters(own.told, setting.parameters))
            found[other.hash] = other
    return found


def decided_in_run(
    history: History,
    each: Chosen,
    pair: str,
    known: Mapping[str, Deciding],
    signals: pl.DataFrame,
    own_hashes: Collection[str],
    expiry_seconds: int,
) -> Decided:
    """Return what was decided for a pair of an account: by each hash on the windows that its signals are of.

    Parameters
    ----------
    history
        Bars.
    each, pair, known
        Whose, and what has decided for it (`known_of`).
    signals
        Of the run and of the interval, of all accounts.
    own_hashes
        Those of strategies that accounts have on the pair unless something is set: they have seen all history.
    expiry_seconds
        For how long an entry could wait.

    Returns
    -------
    Decided
        Of all bars.

    Raises
    ------
    BadInputError
        If a signal has a hash that nothing has that is known.
    """
    if len(known) == 1:
        return each.decided(history.pairs[pair], expiry_seconds)
    bars = history.pairs[pair]
    of_pair = signals.filter(pl.col("pair") == pair)
    own = of_pair.filter(pl.col("account") == each.account.name).sort(_START)
    runs = _runs(own[_START].to_list(), own[_HASH].to_list())
    base = next(iter(known))
    begins = [(0, base, 0), *((_place(bars.starts_ms, ms), digest, ms) for ms, digest in runs)]
    first_ms, parts = of_pair[_START].min(), []
    for (first, digest, since_ms), last in zip(begins, [*(b[0] for b in begins[1:]), len(bars)], strict=True):
        if digest not in known:
            raise BadInputError("--of", f"signals with a hash of {', '.join(known)}", digest)
        seen_ms = _seen_since(of_pair, digest, since_ms) if first else None
        seen = first if seen_ms is None else _place(bars.starts_ms, seen_ms)
        if seen_ms == first_ms and digest in own_hashes:
            seen = 0
        parts.append(known[digest].decided(bars[seen:last], expiry_seconds)[first - seen :])
    return Joined.of(bars, parts)


def _runs(windows: Sequence[int], hashes: Sequence[str]) -> list[tuple[int, str]]:
    both = enumerate(zip(windows, hashes, strict=True))
    return [(ms, said) for number, (ms, said) in both if number == 0 or hashes[number - 1] != said]


def _seen_since(of_pair: pl.DataFrame, digest: str, since_ms: int) -> int:
    """Return since when a strategy has seen the pair without a hole: whoever else followed it, it is one."""
    windows = sorted(of_pair[_START].unique().to_list())
    there = set(of_pair.filter(pl.col(_HASH) == digest)[_START].to_list())
    place = windows.index(since_ms)
    while place and windows[place - 1] in there:
        place -= 1
    return int(windows[place])


def _place(starts: Any, ms: int) -> int:
    return int(starts.searchsorted(ms))
