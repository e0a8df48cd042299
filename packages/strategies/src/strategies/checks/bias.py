"""Bias of strategies: whether one says something else when it knows less of the future, or of the distant past."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from features import FEATURES
from features.batch import compute
from features.blocks import Floats
from strategies.checks.bounds import in_words
from strategies.checks.laws import differ, start_invariance
from strategies.checks.markets import Market, made_up, with_given
from strategies.formulas import formulas_of, settled_bars
from strategies.loading import StrategyFile
from strategies.running import Rows, targets

#: Where history is cut off.
CUTS = 50
_BARS = 3_000
#: Behind the bars that a strategy waits for, so many more are compared.
_COMPARED = 600
#: Computes, from bars alone, what comes along with them, by name.
GivenOf = Callable[[Rows], Mapping[str, Floats]]


@dataclass(frozen=True)
class Bias:
    """What was found of one strategy.

    Attributes
    ----------
    strategy, given
        Its name and its parameters, as they are written.
    look_ahead, start
        What is wrong; None if nothing is.
    tried
        On how many bars, and how many cuts.
    """

    strategy: str
    given: str
    look_ahead: str | None
    start: str | None
    tried: str

    @property
    def found(self) -> bool:
        """Whether there is any."""
        return not (self.look_ahead is None and self.start is None)


def bias(file: StrategyFile, given: Mapping[str, object], recorded: Sequence[Market] = ()) -> Bias:
    """Ask a strategy for both kinds of bias, on made-up markets and recorded ones.

    Parameters
    ----------
    file, given
        The strategy, and its parameters.
    recorded
        Bars to try it on beside the made-up ones.

    Returns
    -------
    Bias
        With the first thing that is wrong.
    """
    formulas = formulas_of(file.made(given))
    bars = max(_BARS, 3 * (settled_bars(formulas) + _COMPARED) // 2)
    markets = [with_given(each, formulas.asked, formulas.models) for each in (*made_up(bars), *recorded)]
    ahead = (_in(each, look_ahead(file, given, each)) for each in markets)
    start = (_in(each, start_invariance(file, given, each)) for each in markets)
    number = sum(len(each.rows) for each in markets)
    tried = (
        f"{len(markets)} markets, {number:,} bars, {CUTS} cuts each; settled after {settled_bars(formulas):,} bars"
    )
    first = [next((said for said in every if said is not None), None) for every in (ahead, start)]
    return Bias(file.name, in_words(file.made(given).values), first[0], first[1], tried)


def look_ahead(
    file: StrategyFile,
    given: Mapping[str, object],
    market: Market,
    given_of: GivenOf | None = None,
    cuts: int = CUTS,
) -> str | None:
    """Return the first bar of which a strategy says something else without what came after it.

    What comes along with the bars is computed anew from what is left of them: a column that peeks is found as a
    strategy that does. Predictions are left as they came, because they were made bar by bar.

    Parameters
    ----------
    file, given, market
        The strategy, its parameters, and bars.
    given_of
        What computes columns; by default the features of the catalogue.
    cuts
        Where history is cut off, evenly over it.

    Returns
    -------
    str | None
        What is wrong, in words.
    """
    strategy = file.again().made(given)
    asked = formulas_of(strategy, market.rows.interval_s).asked
    columns = given_of or (lambda rows: _features(rows, asked))
    whole = targets(strategy, _with(market.rows, columns))
    for cut in sorted({int(each) for each in np.linspace(2, len(market.rows) - 1, cuts)}):
        found = targets(strategy, _with(market.rows[:cut], columns))
        if wrong := differ(found, whole[:cut], market.rows, "without the bars after it", "with them"):
            return wrong
    return None


def _with(rows: Rows, columns: GivenOf) -> Rows:
    return replace(rows, given={**rows.given, **columns(rows)})


def _features(rows: Rows, asked: Sequence[str]) -> Mapping[str, Floats]:
    wanted = [each for each in FEATURES if each.name in asked]
    return compute(rows.starts_ms, rows.columns, rows.interval_s, wanted) if wanted else {}


def _in(market: Market, problem: str | None) -> str | None:
    return None if problem is None else f"{market.name}, {problem}"
