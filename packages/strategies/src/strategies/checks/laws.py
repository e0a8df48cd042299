"""The laws of strategies: each says what is wrong, or nothing. Those that come along are tested by them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping

import numpy as np

from features.bars import Bar
from features.blocks import Floats
from strategies.checks.markets import Market
from strategies.formulas import formulas_of, settled_bars
from strategies.loading import StrategyFile
from strategies.running import Rows, Stream, as_json, targets
from strategies.strategy import Strategy

#: A law: takes a file, parameters and a market, and returns what is wrong.
Law = Callable[[StrategyFile, Mapping[str, object], Market], str | None]

_CUTS = (0.35, 0.6, 0.97)


def determinism(file: StrategyFile, given: Mapping[str, object], market: Market) -> str | None:
    """Imported and run a second time, it says the same."""
    first, second = (targets(file.again().made(given), market.rows) for _ in range(2))
    return differ(first, second, market.rows, "the first time", "the second time")


def prefix_invariance(file: StrategyFile, given: Mapping[str, object], market: Market) -> str | None:
    """What it says of a bar does not change with the bars after it."""
    strategy = file.again().made(given)
    whole = targets(strategy, market.rows)
    for cut in _cuts(market.rows):
        found = targets(strategy, market.rows[:cut])
        if wrong := differ(found, whole[:cut], market.rows, "without the bars after it", "with them"):
            return wrong
    return None


def start_invariance(file: StrategyFile, given: Mapping[str, object], market: Market) -> str | None:
    """What it says of a bar does not depend on where history began, once there is enough of it."""
    strategy = file.again().made(given)
    settled = settled_bars(formulas_of(strategy, market.rows.interval_s))
    whole = targets(strategy, market.rows)
    for begin in (1, 37, max(1, len(market.rows) // 3), max(1, len(market.rows) - settled - 50)):
        late = targets(strategy, market.rows[begin:])
        expected, later = whole[begin:], market.rows[begin:]
        if not strategy.has_step():  # before, it may be unknown for lack of history, and nothing else
            known = ~np.isnan(late[:settled])
            early = np.where(known, late[:settled], math.nan), np.where(known, expected[:settled], math.nan)
            if wrong := differ(*early, later, "begun later", "begun earlier"):
                return wrong
        after = late[settled:], expected[settled:], later[settled:]
        if wrong := differ(*after, "begun later", "begun earlier"):
            return wrong
    return None


def stream_equals_batch(file: StrategyFile, given: Mapping[str, object], market: Market) -> str | None:
    """Bar by bar it says what it says of a whole history at once."""
    return differ(
        streamed(file.again().made(given), market.rows),
        targets(file.again().made(given), market.rows),
        market.rows,
        "bar by bar",
        "at once",
    )


def state_is_all(file: StrategyFile, given: Mapping[str, object], market: Market) -> str | None:
    """A step goes on from its state, read from JSON by another process, as if it had never stopped."""
    strategy = file.again().made(given)
    if not strategy.has_step():
        return None
    rows = market.rows
    whole = streamed(strategy, rows)
    return differ(streamed(strategy, rows, _moved(file, given)), whole, rows, "restarted", "undisturbed")


#: By the names that they are told by.
LAWS: Mapping[str, Law] = {
    "determinism": determinism,
    "prefix invariance": prefix_invariance,
    "start invariance": start_invariance,
    "stream = batch": stream_equals_batch,
    "state": state_is_all,
}


def streamed(strategy: Strategy, rows: Rows, disturb: Callable[[Stream], None] | None = None) -> Floats:
    """Return a strategy's targets bar by bar, NaN where there is no decision.

    Parameters
    ----------
    strategy
        With its parameters.
    rows
        A history.
    disturb
        Called now and then between two bars.

    Returns
    -------
    Floats
        One for each bar.
    """
    stream = Stream(strategy, rows.interval_s)
    columns = [rows.columns.get(name, np.full(len(rows), np.nan)).tolist() for name in Bar._fields]
    given = [rows.given[name].tolist() for name in stream.given]
    found = []
    for place, start_ms in enumerate(rows.starts_ms.tolist()):
        if disturb is not None and place % 97 == 0:
            disturb(stream)
        bar = Bar(*(column[place] for column in columns))
        target = stream.push(start_ms, bar, [column[place] for column in given])
        found.append(math.nan if target is None else float(target))
    return np.array(found)


def _moved(file: StrategyFile, given: Mapping[str, object]) -> Callable[[Stream], None]:
    def move(stream: Stream) -> None:
        stream.go_on_as(file.again().made(given), json.loads(as_json(file.kind(**given), stream.state)))

    return move


def _cuts(rows: Rows) -> list[int]:
    return [max(1, int(len(rows) * part)) for part in _CUTS]


def differ(found: Floats, expected: Floats, rows: Rows, one: str, other: str) -> str | None:
    """Return the first bar of which two runs say other things, in words.

    Parameters
    ----------
    found, expected, rows
        Targets of both, and their bars.
    one, other
        What the runs are called.

    Returns
    -------
    str | None
        None if they say the same.
    """
    # One spelling of unknown: its bits say nothing.
    wrong = np.flatnonzero(~((found == expected) | (np.isnan(found) & np.isnan(expected))))
    if not len(wrong):
        return None
    place = int(wrong[0])
    when = np.datetime64(int(rows.starts_ms[place]), "ms").item().strftime("%Y-%m-%d %H:%M")
    said = f"{_word(found[place])} {one}, {_word(expected[place])} {other}"
    return f"bar {when}: {said} ({len(wrong):,} of {len(found):,} bars)"


def _word(target: float) -> str:
    return "no decision" if math.isnan(target) else str(int(target))
