"""A strategy over bars: bar by bar, as a service runs it, and over a whole history at once, with the same targets."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from contracts.errors import BadInputError
from contracts.units import MS_PER_SECOND
from features.bars import Bar
from features.batch import compute
from features.blocks import Floats
from features.engine import Engine
from features.expressions import Expression
from features.feature import Feature
from strategies.formulas import TARGET, formulas_of
from strategies.strategy import Strategy, Target


@dataclass(frozen=True)
class Rows:
    """Bars of one pair, and what came with them.

    Attributes
    ----------
    starts_ms
        When each begins.
    columns
        Those of a `Bar`, one value for each bar.
    given
        Features and predictions by name, as `features.given` names them; NaN where one is null.
    interval_s
        Length of a bar, seconds.
    """

    starts_ms: NDArray[np.int64]
    columns: Mapping[str, Floats]
    given: Mapping[str, Floats] = field(default_factory=dict)
    interval_s: int = 60

    def __len__(self) -> int:
        return len(self.starts_ms)

    def __getitem__(self, part: slice) -> Rows:
        return replace(
            self,
            starts_ms=self.starts_ms[part],
            columns={name: column[part] for name, column in self.columns.items()},
            given={name: column[part] for name, column in self.given.items()},
        )


class Stream:
    """A strategy at work on the bars of one pair; behind a hole it starts again, as the features do.

    Parameters
    ----------
    strategy
        With its parameters.
    interval_s
        Length of a bar, seconds.

    Attributes
    ----------
    state
        Of a strategy with `step`: JSON. None of one that is a formula.
    given
        Names of what must come with each bar, in order.
    """

    def __init__(self, strategy: Strategy, interval_s: int = 60) -> None:
        self._strategy = strategy
        self._interval_s = interval_s
        self._formulas = formulas_of(strategy, interval_s)
        self._start_again()
        self.given = self._engine.given

    def _start_again(self) -> None:
        self._engine = Engine(self._interval_s, self._formulas.features)
        self._next_ms: int | None = None
        self.state: Any = self._strategy.initial() if self._strategy.has_step() else None

    @property
    def kept_bars(self) -> int:
        """How many of the last bars `resume` needs at most; 0 where nothing of an earlier bar is remembered."""
        bars = self._engine.kept_bars
        return 0 if bars == 1 and not self._strategy.has_step() else bars

    def kept_from_ms(self, newest_ms: int) -> int:
        """Return where the bars must begin that `resume` needs to stand behind the one that began at `newest_ms`.

        Returns
        -------
        int
            Start of a bar, event time, milliseconds.
        """
        return self._engine.kept_from_ms(newest_ms)

    def resume(self, bars: Sequence[tuple[int, Bar]], given: Sequence[Sequence[float]], state: Any) -> None:
        """Stand where a stream stands that has taken `bars` one after another.

        Parameters
        ----------
        bars
            The last ones, without a hole: `kept_from_ms` says how many, fewer if there were no more.
        given
            What came with each.
        state
            What `state` was behind the last one.
        """
        self._start_again()
        if bars:
            self._engine.resume(bars, given)
            self._next_ms = bars[-1][0] + self._interval_s * MS_PER_SECOND
            self.state = state

    def go_on_as(self, strategy: Strategy, state: Any) -> None:
        """Go on with the same strategy made anew, from a state that was read back.

        Parameters
        ----------
        strategy
            Of the same file and parameters.
        state
            What `state` was.
        """
        self._strategy, self.state = strategy, state

    def push(self, window_start_ms: int, bar: Bar, given: Sequence[float] = ()) -> Target:
        """Take the next bar and return what to hold after it.

        Parameters
        ----------
        window_start_ms, bar
            The bar, and when it began.
        given
            A value for each name of `given`, NaN where it is not known.

        Returns
        -------
        Target
            None: no decision.

        Raises
        ------
        BadInputError
            If the strategy says something else.
        """
        if self._next_ms not in (None, window_start_ms):
            self._start_again()
        self._next_ms = window_start_ms + self._interval_s * MS_PER_SECOND
        self._engine.push(window_start_ms, bar, given)
        values = self._engine.values()
        if not self._strategy.has_step():
            return checked(self._strategy, values[TARGET])
        self.state, target = _stepped(self._strategy, self.state, values)
        return target


def targets(strategy: Strategy, rows: Rows) -> Floats:
    """Return what to hold after each bar, NaN where there is no decision: the same as bar by bar.

    Parameters
    ----------
    strategy
        With its parameters.
    rows
        A whole history.

    Returns
    -------
    Floats
        One for each bar.

    Raises
    ------
    BadInputError
        If the strategy says something else than 1, 0, -1 and unknown, or something it takes is not there.
    """
    if not len(rows):
        return np.empty(0)
    formulas = formulas_of(strategy, rows.interval_s)
    values = compute(rows.starts_ms, rows.columns, rows.interval_s, formulas.features, rows.given)
    if strategy.has_step():
        return _stepped_through(strategy, rows, values)
    return _checked_column(strategy, values[TARGET])


def targets_of_each(strategies: Sequence[Strategy], rows: Rows) -> list[Floats]:
    """Return what each of several strategies holds, as `targets` does; what they share is computed once.

    Parameters
    ----------
    strategies
        Any, such as one with other parameters each.
    rows
        A whole history.

    Returns
    -------
    list[Floats]
        In their order; those of one formula are one array.

    Raises
    ------
    BadInputError
        As of `targets`.
    """
    formulas: dict[Expression, tuple[Feature, Strategy]] = {}
    places: list[Expression | None] = []
    for strategy in strategies:
        if strategy.has_step() or not len(rows):
            places.append(None)
            continue
        [feature] = formulas_of(strategy, rows.interval_s).features
        formulas.setdefault(feature.formula, (replace(feature, name=f"{TARGET}_{len(formulas)}"), strategy))
        places.append(feature.formula)
    features = [feature for feature, _ in formulas.values()]
    values = compute(rows.starts_ms, rows.columns, rows.interval_s, features, rows.given) if features else {}
    found = {of: _checked_column(whose, values[feature.name]) for of, (feature, whose) in formulas.items()}
    return [
        targets(strategy, rows) if place is None else found[place]
        for strategy, place in zip(strategies, places, strict=True)
    ]


def _checked_column(strategy: Strategy, values: Floats) -> Floats:
    found = values + 0.0  # -0.0 is no target of its own
    wrong = ~(np.isnan(found) | np.isin(found, (-1.0, 0.0, 1.0)))
    if wrong.any():
        checked(strategy, float(found[np.argmax(wrong)]))
    return found


def _stepped_through(strategy: Strategy, rows: Rows, values: Mapping[str, Floats]) -> Floats:
    state, before_ms = strategy.initial(), None
    found = []
    # As a stream has it: None where a value is not known.
    columns = [[None if x != x else x for x in column.tolist()] for column in values.values()]
    for start_ms, *row in zip(rows.starts_ms.tolist(), *columns, strict=True):
        if before_ms is not None and start_ms != before_ms + rows.interval_s * MS_PER_SECOND:
            state = strategy.initial()
        before_ms = start_ms
        state, target = _stepped(strategy, state, dict(zip(values, row, strict=True)))
        found.append(math.nan if target is None else float(target))
    return np.array(found)


def _stepped(strategy: Strategy, state: Any, row: Mapping[str, float | None]) -> tuple[Any, Target]:
    said = strategy.step(state, row)
    if not (isinstance(said, tuple) and len(said) == 2):
        raise BadInputError(f"{type(strategy).__name__}.step", "(state, target)", said)
    return said[0], checked(strategy, said[1])


def checked(strategy: Strategy, target: object) -> Target:
    """Return what a strategy said as a target.

    Returns
    -------
    Target
        None: no decision.

    Raises
    ------
    BadInputError
        If it said something else.
    """
    if target is None:
        return None
    if isinstance(target, bool) or target not in (-1, 0, 1):
        raise BadInputError(f"{type(strategy).__name__}.target", "1, 0, -1 or unknown", target)
    return cast(Target, int(cast(float, target)))


def as_json(strategy: Strategy, state: Any) -> str:
    """Return the state of a step as it is kept.

    Parameters
    ----------
    strategy
        Whose it is.
    state
        What its step returned.

    Returns
    -------
    str
        JSON that is read as an equal state.

    Raises
    ------
    BadInputError
        If it is not made of JSON's values: another one would come back.
    """
    name = f"{type(strategy).__name__}.state"
    try:
        text = json.dumps(state, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BadInputError(name, "JSON: objects, lists, texts, numbers, true, false, null", str(error)) from None
    if not _alike(json.loads(text), state):
        raise BadInputError(name, "JSON that is read as it was written: no tuples, no numbers as names", state)
    return text


def _alike(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(_alike(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return bool(one == other)
