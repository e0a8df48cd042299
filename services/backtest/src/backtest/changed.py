"""What strategies said in a run in which operators set them otherwise, or off: since when, the signals say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import polars as pl

from backtest.decided import Decided
from backtest.history import History
from backtest.joined import Joined
from backtest.strategies_of import Chosen, Deciding, deciding
from contracts.account_strategy import AccountStrategy
from contracts.errors import BadInputError
from contracts.signal import decided_by
from contracts.strategy_check import StrategyCheck
from contracts.strategy_setting import StrategySetting, Switch
from strategies.of_account import with_parameters
from strategies.versions import versions_of

_START, _HASH = "window_start_ms", "strategy_hash"
#: By what operators said, how signals show it: of a gap nothing is sold.
_SHOWN: Mapping[Switch | None, tuple[Switch, ...]] = {"off": ("off",), "sell": ("off", "sell")}


def known_of(
    each: Chosen, pair: str, settings: Iterable[StrategySetting], checks: Iterable[StrategyCheck] = ()
) -> dict[str, Deciding]:
    """Return all that has decided for a pair of an account, the account's own first.

    Parameters
    ----------
    each, pair
        Whose.
    settings, checks
        What operators set in the run, and which versions of files were loaded there.

    Returns
    -------
    dict[str, Deciding]
        By what signals say that they were decided by (`contracts.signal.decided_by`); with one entry, where nothing
        was set of it.
    """
    own = each.of(pair)
    found = {own.hash: own}
    whose = each.account.name, pair, own.file.name
    its = [of for of in settings if (of.account, of.pair, of.strategy) == whose]
    later = versions_of(own.told.model_copy(update={"source": None}), checks)[1:]
    given = [{}, *(of.parameters for of in its if of.parameters is not None)]
    for told, parameters in product((own.told, *(version.told for version in later)), given):
        other = _deciding(each.account.name, with_parameters(told, parameters))
        found |= {} if other is None else {other.hash: other}
    switches = {shown for of in its for shown in _SHOWN.get(of.switch, ())}
    off = [replace(of, switch=switch) for of in found.values() for switch in sorted(switches)]
    return found | {_named(of): of for of in off}


def _deciding(account: str, told: AccountStrategy) -> Deciding | None:
    """Return what decides by a version of a file with parameters; None where it does not take them."""
    try:
        return deciding(account, told)
    except BadInputError:
        return None


def _named(of: Deciding) -> str:
    return decided_by(of.hash, "off", "sell" if of.switch == "sell" else "none")


def decided_in_run(
    history: History,
    each: Chosen,
    pair: str,
    known: Mapping[str, Deciding],
    signals: pl.DataFrame,
    own_hashes: Collection[str],
    expiry_seconds: int,
    *,
    is_test: bool = False,
) -> Decided:
    """Return what was decided for a pair of an account: on each window by what its signal says.

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
    is_test
        Whether the account is of a forward test, whose strategy saw nothing before its first signal.

    Returns
    -------
    Decided
        Of all bars.

    Raises
    ------
    BadInputError
        If a signal was decided by what is not known.
    """
    if len(known) == 1 and not is_test:
        return each.decided(history.pairs[pair], expiry_seconds)
    bars = history.pairs[pair]
    of_pair = signals.filter(pl.col("pair") == pair)
    own = of_pair.filter(pl.col("account") == each.account.name).sort(_START)
    told = map(decided_by, *(own[name].to_list() for name in (_HASH, "reason", "decision")))
    runs = _runs(own[_START].to_list(), list(told))
    base = next(iter(known))
    begins = [(0, base, 0), *((_place(bars.starts_ms, ms), digest, ms) for ms, digest in runs)]
    first_ms, parts = of_pair[_START].min(), []
    for (first, digest, since_ms), last in zip(begins, [*(b[0] for b in begins[1:]), len(bars)], strict=True):
        if digest not in known:
            raise BadInputError("--of", f"signals decided by one of {', '.join(known)}", digest)
        seen_ms = _seen_since(of_pair, known[digest].hash, since_ms) if first else None
        seen = first if seen_ms is None else _place(bars.starts_ms, seen_ms)
        if seen_ms == first_ms and known[digest].hash in own_hashes:
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
