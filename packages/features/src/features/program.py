"""Formulas as a program that takes one bar after another.

The expressions are compiled once to one Python function: what several features share is computed once, arithmetic
is plain floats, rolling functions take constant time (`blocks`) and TA-Lib's handles are called directly. The same
nodes over arrays are in `arrays`; tests hold both to the same bits.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from features import blocks
from features.bars import Bar
from features.calendar import clock
from features.expressions import (
    Arithmetic,
    Calendar,
    Column,
    Expression,
    Function,
    Given,
    Lag,
    Number,
    Rolling,
    Talib,
    When,
    nodes,
)

#: ``{0}`` is a local variable. Each passes NaN on, and is NaN where it has no value.
_FUNCTIONS = {
    "log": "(log({0}) if {0} > 0.0 else nan)",
    "sqrt": "(sqrt({0}) if {0} >= 0.0 else nan)",
    "sin": "(sin({0}) if {0} - {0} == 0.0 else nan)",
    "cos": "(cos({0}) if {0} - {0} == 0.0 else nan)",
    "sign": "(1.0 if {0} > 0.0 else -1.0 if {0} < 0.0 else {0} - {0})",
    "step": "(1.0 if {0} > 0.0 else 0.0 if {0} <= 0.0 else {0})",
    "positive": "(0.0 if {0} <= 0.0 else {0})",
}

#: How the fold of a window, or of a part of one, goes on; ``max`` and ``min`` pass NaN on too.
_JOINED = {
    "sum": "{0} + {1}",
    "max": "({0} if {0} > {1} or {0} != {0} else {1})",
    "min": "({0} if {0} < {1} or {0} != {0} else {1})",
}

_LONGEST_INLINE = 100

#: A call of a handle: takes the columns of a bar, gives one value or several.
Call = Callable[..., Any]


class Steps(NamedTuple):
    """A program at work, on the bars of one pair and interval.

    Attributes
    ----------
    push
        Takes ``(number, time_ms, bar, calls)`` and gives the formulas' values: the bar's number and the time of its
        end since the epoch, the values of `Program.given` behind the bar's own, and a call for each of
        `Program.handles`.
    peek
        The same, and nothing of the bar is kept.
    """

    push: Callable[[int, int, tuple[float, ...], Sequence[Call]], tuple[float, ...]]
    peek: Callable[[int, int, tuple[float, ...], Sequence[Call]], tuple[float, ...]]


class Program(NamedTuple):
    """A compiled list of formulas.

    Attributes
    ----------
    source
        The Python text, for whoever wants to read it.
    handles
        TA-Lib functions it calls, one of each kind, in the order of the calls that a step is given.
    given
        Names of the values that come with a bar, in the order in which they follow the bar's own.
    start
        Returns the program before its first bar, which has the given number.
    """

    source: str
    handles: tuple[Talib, ...]
    given: tuple[str, ...]
    start: Callable[[int], Steps]


@lru_cache(maxsize=64)
def program(formulas: tuple[Expression, ...]) -> Program:
    """Compile formulas; a step returns their values in this order."""
    writer = _Writer(formulas)
    results = [writer.value(formula) for formula in formulas]
    source = writer.source(results)
    names: dict[str, Any] = {
        **{name: getattr(math, name) for name in ("log", "sqrt", "sin", "cos", "nan", "inf")},
        **{name: getattr(blocks, name) for name in ("ends", "deviation_ends", "weights")},
        "clock": clock,
        "deque": deque,
    }
    exec(compile(source, f"<{len(formulas)} features>", "exec"), names)  # noqa: S102 - our own text, made above
    make = names["make"]
    return Program(source, tuple(writer.handles), writer.given, lambda first: Steps(*make(first)))


class _Writer:
    """Writes a step: lines for each node, after those of the nodes it is made of."""

    def __init__(self, formulas: Sequence[Expression]) -> None:
        self.handles: list[Talib] = []
        found = {node.name for formula in formulas for node in nodes(formula) if isinstance(node, Given)}
        self.given = tuple(sorted(found))
        self._uses = _uses(formulas)
        self._known: dict[Expression, str] = {}
        self._queues: dict[str, int] = {}  # by value: how many of the last ones are kept
        self._count = 0
        self._state: list[str] = []  # what is kept from bar to bar, made at the start
        self._kept: list[str] = []  # of that, the names that a push binds anew
        self._places: dict[int, str] = {}  # by length: which bar of its block this one is, counted from one
        self._lines: list[tuple[str, str]] = []  # what push does and what peek does: the same, but peek keeps nothing
        self._block_ends: dict[int, list[str]] = {}

    def value(self, node: Expression) -> str:
        """Return the variable, or the literal, that has the value of `node`."""
        if node not in self._known:
            self._known[node] = self._write(node)
        return self._known[node]

    def source(self, results: Sequence[str]) -> str:
        """Return the text of ``make(first)``, which returns push and peek."""
        queues = [f"{_queue(value)} = deque([nan] * {bars}, {bars})" for value, bars in self._queues.items()]
        kept = [f"nonlocal {', '.join(self._kept)}"] if self._kept else []
        columns = [*Bar._fields, *(f"given_{place}" for place in range(len(self.given)))]
        begin = [f"({', '.join(columns)},) = bar"]
        begin += [f"{place} = number % {bars} + 1" for bars, place in self._places.items()]
        keeping = [f"{_queue(value)}.append({value})" for value in self._queues]
        for bars, lines in self._block_ends.items():
            keeping += [f"if {self._places[bars]} == {bars}:", *(f"    {line}" for line in lines)]
        result = f"return ({''.join(f'{value}, ' for value in results)})"
        push = [*kept, *begin, *(line for line, _ in self._lines), *keeping, result]
        peek = [*begin, *(line for _, line in self._lines), result]
        text = ["def make(first):", *(f"    {line}" for line in (*queues, *self._state))]
        for name, body in (("push", push), ("peek", peek)):
            text += [f"    def {name}(number, time_ms, bar, calls):", *(f"        {line}" for line in body)]
        return "\n".join([*text, "    return push, peek", ""])

    def _write(self, node: Expression) -> str:
        match node:
            case Number(value):
                return repr(value) if value >= 0 else f"({value!r})"
            case Column(name):
                return name
            case Given(name):
                return f"given_{self.given.index(name)}"
            case When(condition, then, otherwise):
                chosen, values = self._variable(condition), (self.value(then), self.value(otherwise))
                return self._assign("{1} if {0} > 0.0 else {2} if {0} <= 0.0 else {0}".format(chosen, *values))
            case Calendar(name):
                return self._assign(f"clock({name!r}, time_ms)")
            case Arithmetic():
                return self._arithmetic(node)
            case Function(name, argument):
                return self._assign(_FUNCTIONS[name].format(self._variable(argument)))
            case Lag(argument, bars):
                return self._lag(self._variable(argument), bars)
            case Rolling("deviation", argument, bars):
                return self._deviation(self._variable(argument), bars)
            case Rolling(name, argument, bars):
                return self._rolling(name, self._without_sign_of_zero(argument), bars)
            case Talib():
                return self._talib(node)
        raise TypeError(f"expected a kind of expression that is known here, was {node!r}")

    def _arithmetic(self, node: Arithmetic) -> str:
        left, right = self.value(node.left), self.value(node.right)
        if node.operator == "/" and not isinstance(node.right, Number):
            right = self._variable(node.right)
            return self._assign(f"{left} / {right} if {right} else {self.value(node.otherwise)}")
        result = f"{left} {node.operator} {right}"
        # What one other node alone takes is written into its line, as long as that can be read.
        inline = self._uses[node] == 1 and len(result) < _LONGEST_INLINE
        return f"({result})" if inline else self._assign(result)

    def _lag(self, value: str, bars: int) -> str:
        return self._assign(f"{self._kept_values(value, bars)}[-{bars}]")

    def _kept_values(self, value: str, bars: int) -> str:
        """Return the queue of the last values of `value`, at least `bars` of them; NaN before the first."""
        self._queues[value] = max(bars, self._queues.get(value, 0))
        return _queue(value)

    def _rolling(self, name: str, value: str, bars: int) -> str:
        tails = self._tails(value, bars, f"ends({name!r}, {{0}})", repr(blocks.NOTHING[name]), "nan")
        head, fold = self._names("head", "fold")
        self._begin(bars, {head: repr(blocks.NOTHING[name])})
        folded = _JOINED[name].format(head, value)
        self._line(f"{fold} = {head} = {folded}", f"{fold} = {folded}")
        tail = f"{tails}[{self._place(bars)}]"
        if name != "sum":  # which says it twice
            tail = self._assign(tail)
        return self._assign(_JOINED[name].format(tail, fold))

    def _without_sign_of_zero(self, node: Expression) -> str:
        """Return the variable of `node`, 0.0 where it is -0.0: neither of them is the greater one."""
        value = self._variable(node)
        return value if isinstance(node, Column) else self._assign(f"{value} + 0.0")

    def _deviation(self, value: str, bars: int) -> str:
        place, (mean, squares) = self._place(bars), self._names("mean", "squares")
        tails = self._tails(value, bars, "deviation_ends({0})", "(0.0, 0.0)", "(nan, nan)")
        self._begin(bars, {mean: "0.0", squares: "0.0"})
        weights, off, new_mean, new_squares, between = self._names("weights", "off", "mean", "squares", "between")
        self._state.append(f"{weights} = weights({bars})")
        self._line(f"{off} = {value} - {mean}")
        for new, kept, text in (
            (new_mean, mean, f"{mean} + {off} / {place}"),
            (new_squares, squares, f"{squares} + {off} * ({value} - {new_mean})"),
        ):
            self._line(f"{new} = {kept} = {text}", f"{new} = {text}")
        self._line(f"tail_mean, tail_squares = {tails}[{place}]")
        self._line(f"{between} = tail_mean - {new_mean}")
        return self._assign(
            f"sqrt(({new_squares} + tail_squares + {between} * {between} * {weights}[{place}]) / {bars})"
        )

    def _tails(self, value: str, bars: int, folded: str, nothing: str, unknown: str) -> str:
        """Return where the folded ends of the last whole block of `value` are."""
        tails = self._new("tails")
        self._state.append(f"{tails} = [{unknown}] * {bars} + [{nothing}]")
        self._kept.append(tails)
        block = f"[*{self._kept_values(value, bars)}][-{bars}:]"
        self._block_ends.setdefault(bars, []).append(f"{tails} = {folded.format(block)}")
        return tails

    def _begin(self, bars: int, nothing: Mapping[str, str]) -> None:
        """Let the folds of a block begin with nothing, by name; unknown if history begins in the middle of one."""
        self._kept += nothing
        self._state += [f"{name} = nan if first % {bars} else {value}" for name, value in nothing.items()]
        self._block_ends[bars] += [f"{name} = {value}" for name, value in nothing.items()]

    def _place(self, bars: int) -> str:
        return self._places.setdefault(bars, f"place_{bars}")

    def _talib(self, node: Talib) -> str:
        kind = handle_of(node)
        if kind not in self.handles:
            self.handles.append(kind)
            place = len(self.handles) - 1
            self._line(f"talib_{place} = calls[{place}]({', '.join(node.inputs)})")
        results = f"talib_{self.handles.index(kind)}"
        return f"{results}[{node.output}]" if node.outputs > 1 else results

    def _variable(self, node: Expression) -> str:
        """Return a name, also where the value is a literal or an item: it is used more than once."""
        value = self.value(node)
        if not value.isidentifier():
            value = self._known[node] = self._assign(value)
        return value

    def _assign(self, value: str) -> str:
        name = self._new("v")
        self._line(f"{name} = {value}")
        return name

    def _line(self, push: str, peek: str | None = None) -> None:
        self._lines.append((push, push if peek is None else peek))

    def _names(self, *kinds: str) -> list[str]:
        return [self._new(kind) for kind in kinds]

    def _new(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{self._count}"


def _queue(value: str) -> str:
    return f"last_{value}"


def _uses(formulas: Sequence[Expression]) -> Counter[Expression]:
    """Return in how many places the value of each node is used."""
    uses = Counter(formulas)
    seen: set[Expression] = set()
    waiting = list(formulas)
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            uses.update(node.parts)
            waiting += node.parts
    return uses


def handle_of(node: Talib) -> Talib:
    """Return which handle gives the value of `node`: that of its first output gives all of them."""
    return Talib(node.function, node.inputs, node.parameters, node.openings, 0, node.outputs)
