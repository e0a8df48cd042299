"""Formulas as data: what a feature is computed from, written once and evaluated bar by bar or over a whole history.

An expression is built from the columns of a bar with ordinary arithmetic and the functions of
`features.functions`, and reads as its formula. It holds no values: `indicators.core` evaluates it.

>>> from features.functions import close, mean
>>> str(close / mean(close, 21) - 1)
'close / mean(close, 21) - 1'

Every expression says how far back it looks (`reach`), so warm-up is derived and never declared. What is not known
yet is NaN, and stays NaN through every operation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Literal, NamedTuple, NoReturn

ColumnName = Literal["open", "high", "low", "close", "volume", "trade_count", "taker_buy_volume", "reference_close"]
CalendarName = Literal[
    "minute_of_day", "day_of_week", "minute_of_week", "tokyo_is_open", "london_is_open", "new_york_is_open"
]
Operator = Literal["+", "-", "*", "/"]
FunctionName = Literal["log", "sqrt", "sign", "step", "positive", "sin", "cos"]
RollingName = Literal["sum", "max", "min", "deviation"]

_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}


class Reach(NamedTuple):
    """How much of the past a value needs.

    Attributes
    ----------
    window
        It is a function of the columns of the last so many bars...
    anchored
        ...and of TA-Lib functions opened on so many bars before their anchor (0 where there is none)...
    held
        ...whose values of so many bars ago it still uses.
    least
        On a market that moves, these functions are content with so many bars before their anchor.
    """

    window: int
    anchored: int = 0
    held: int = 0
    least: int = 0


@dataclass(frozen=True, eq=False)
class Expression:
    """A formula; see the subclasses for its kinds. Two are equal that say the same."""

    def __eq__(self, other: object) -> bool:
        if self is other or not isinstance(other, Expression):
            return self is other
        return hash(self) == hash(other) and self._said == other._said

    def __hash__(self) -> int:
        # Kept: a formula is a deep tree, and evaluating it looks up every part of it.
        return self._hash

    def __bool__(self) -> bool:
        raise TypeError(f"expected a formula in words (both, either, negated, when), was a truth value of {self}")

    def _compared(self, other: object) -> NoReturn:
        raise TypeError(f"expected a formula in words (above, below, at_least, at_most), was a comparison of {self}")

    __lt__ = __le__ = __gt__ = __ge__ = _compared

    def __post_init__(self) -> None:
        # At once, while its parts have theirs: later, a deep formula would go through all of itself for each.
        _ = self._hash, self.depth, self.reach

    @cached_property
    def _hash(self) -> int:
        return hash(self._said)

    @cached_property
    def _said(self) -> tuple[object, ...]:
        return (type(self), *(getattr(self, field.name) for field in fields(self)))

    def __add__(self, other: Expression | float) -> Expression:
        return Arithmetic("+", self, expression(other))

    def __radd__(self, other: float) -> Expression:
        return Arithmetic("+", expression(other), self)

    def __sub__(self, other: Expression | float) -> Expression:
        return Arithmetic("-", self, expression(other))

    def __rsub__(self, other: float) -> Expression:
        return Arithmetic("-", expression(other), self)

    def __mul__(self, other: Expression | float) -> Expression:
        return Arithmetic("*", self, expression(other))

    def __rmul__(self, other: float) -> Expression:
        return Arithmetic("*", expression(other), self)

    def __truediv__(self, other: Expression | float) -> Expression:
        return Arithmetic("/", self, expression(other))

    def __rtruediv__(self, other: float) -> Expression:
        return Arithmetic("/", expression(other), self)

    def __neg__(self) -> Expression:
        return Arithmetic("-", Number(0.0), self)

    @cached_property
    def parts(self) -> tuple[Expression, ...]:
        """The expressions it is directly made of."""
        values = (getattr(self, field.name) for field in fields(self))
        return tuple(value for value in values if isinstance(value, Expression))

    @cached_property
    def depth(self) -> int:
        """How many operations are nested in it at most."""
        return 1 + max((part.depth for part in self.parts), default=0)

    @cached_property
    def reach(self) -> Reach:
        """How much of the past it needs."""
        reaches = [part.reach for part in self.parts]
        return Reach(*map(max, zip(*reaches, strict=True))) if reaches else Reach(1)


@dataclass(frozen=True, eq=False)
class Number(Expression):
    """A constant."""

    value: float

    def __str__(self) -> str:
        if self.value != self.value:
            return "unknown"
        return f"{self.value:g}" if float(f"{self.value:g}") == self.value else repr(self.value)


@dataclass(frozen=True, eq=False)
class Column(Expression):
    """A column of the bar."""

    name: ColumnName

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class Calendar(Expression):
    """What the clock says when the bar closes: a function of time alone."""

    name: CalendarName

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class Given(Expression):
    """A value that comes with the bar and is not computed from it; see `features.given`.

    Parameters
    ----------
    name
        Of a feature of the row (``rsi_14``), or of what a model says (``direction.probability_up``).
    """

    name: str

    def __str__(self) -> str:
        model, _, value = self.name.rpartition(".")
        return f'predicted("{model}").{value}' if model else f'feature("{value}")'


@dataclass(frozen=True, eq=False)
class Arithmetic(Expression):
    """`left` `operator` `right`; a division by zero gives `otherwise`.

    Raises
    ------
    ValueError
        If the divisor is the constant zero.
    """

    operator: Operator
    left: Expression
    right: Expression
    otherwise: Expression = Number(0.0)

    def __post_init__(self) -> None:
        if self.operator == "/" and self.right == Number(0.0):
            raise ValueError(f"divisor: expected anything but the constant 0, was {self.left} / 0")
        super().__post_init__()

    def __str__(self) -> str:
        if self._is_mean:
            return f"mean{str(self.left).removeprefix('sum')}"
        binds = _PRECEDENCE[self.operator]
        # a + (b - c) is not the same as a + b - c to the last bit, so what binds as much keeps its parentheses, too.
        right = self._inside(self.right, binds + 1)
        text = f"{self._inside(self.left, binds)} {self.operator} {right}"
        return f"({text}, or {self.otherwise} if that divides by 0)" if self._has_otherwise else text

    @property
    def _has_otherwise(self) -> bool:
        return self.otherwise != Number(0.0)

    @property
    def _is_mean(self) -> bool:
        return self.operator == "/" and isinstance(self.left, Rolling) and self.left.is_sum_of(self.right)

    @staticmethod
    def _inside(part: Expression, binds: int) -> str:
        if not isinstance(part, Arithmetic) or part._has_otherwise or part._is_mean:
            return str(part)
        return f"({part})" if _PRECEDENCE[part.operator] < binds else str(part)


@dataclass(frozen=True, eq=False)
class Function(Expression):
    """A function of one value.

    `sign` is -1, 0 or 1; `step` is 1 above zero and else 0; `positive` is the value above zero and else 0. What has
    no value (the logarithm of what is not above zero, the root of what is below, the sine of infinity) is NaN.
    """

    name: FunctionName
    argument: Expression

    def __str__(self) -> str:
        return f"{self.name}({self.argument})"


@dataclass(frozen=True, eq=False)
class When(Expression):
    """`then` where `condition` is above zero, else `otherwise`; the other one is not asked. Unknown where that is."""

    condition: Expression
    then: Expression
    otherwise: Expression

    def __str__(self) -> str:
        return f"when({self.condition}, {self.then}, {self.otherwise})"


@dataclass(frozen=True, eq=False)
class Lag(Expression):
    """The value of `argument` so many bars ago.

    Raises
    ------
    ValueError
        If that is not at least one: nothing looks ahead.
    """

    argument: Expression
    bars: int

    def __post_init__(self) -> None:
        require_bars(1, self.bars)
        super().__post_init__()

    @cached_property
    def reach(self) -> Reach:
        return _further(self.argument.reach, self.bars)

    def __str__(self) -> str:
        return f"lag({self.argument}, {self.bars})"


@dataclass(frozen=True, eq=False)
class Rolling(Expression):
    """A function of exactly the last `bars` values of `argument`; `deviation` is the population's standard one.

    Raises
    ------
    ValueError
        If these are not at least two.
    """

    name: RollingName
    argument: Expression
    bars: int

    def __post_init__(self) -> None:
        require_bars(2, self.bars)
        super().__post_init__()

    @cached_property
    def reach(self) -> Reach:
        return _further(self.argument.reach, self.bars - 1)

    def is_sum_of(self, count: Expression) -> bool:
        """Whether it is a sum of `count` values: divided by that, a mean."""
        return self.name == "sum" and count == Number(float(self.bars))

    def __str__(self) -> str:
        return f"{self.name}({self.argument}, {self.bars})"


@dataclass(frozen=True, eq=False)
class Talib(Expression):
    """An output of a TA-Lib function that remembers all bars since its anchor.

    Parameters
    ----------
    function, parameters
        TA-Lib's names; `inputs` are columns in the order the function takes them.
    output, outputs
        Which of its outputs, and how many it has.
    openings
        On how many bars before the anchor it is opened: on the first of these numbers that is provably enough for
        what came before to be forgotten, and on the last in any case.
    """

    function: str
    inputs: tuple[ColumnName, ...]
    parameters: tuple[tuple[str, float], ...]
    openings: tuple[int, ...]
    output: int = 0
    outputs: int = 1

    @property
    def bars(self) -> int:
        """The most bars before the anchor that it is opened on."""
        return self.openings[-1]

    @cached_property
    def reach(self) -> Reach:
        return Reach(1, self.openings[-1], 0, self.openings[0])

    def __str__(self) -> str:
        given = ", ".join([*self.inputs, *(f"{name}={Number(value)}" for name, value in self.parameters)])
        return f"{self.function}({given})" + (f"[{self.output}]" if self.outputs > 1 else "")


def expression(value: Expression | float) -> Expression:
    """Return `value` as an expression.

    Returns
    -------
    Expression
        The value itself, or a constant.

    Raises
    ------
    TypeError
        If it is neither an expression nor a number.
    """
    if isinstance(value, Expression):
        return value
    if isinstance(value, int | float):
        return Number(float(value))
    raise TypeError(f"expected an expression or a number, was {value!r}")


def require_bars(least: int, bars: int) -> int:
    """Return a number of bars.

    Returns
    -------
    int
        The number that was given.

    Raises
    ------
    TypeError
        If it is no integer.
    ValueError
        If it is below `least`.
    """
    if not isinstance(bars, int):
        raise TypeError(f"bars: expected an integer, was {bars!r}")
    if bars < least:
        raise ValueError(f"bars: expected at least {least}, was {bars}")
    return bars


def nodes(formula: Expression) -> Iterator[Expression]:
    """Yield every part of a formula, itself included; what it has in several places once.

    Yields
    ------
    Expression
        A whole before its parts.
    """
    seen: set[Expression] = set()
    waiting = [formula]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += node.parts
            yield node


def _further(reach: Reach, bars: int) -> Reach:
    return reach._replace(window=reach.window + bars, held=reach.held + bars if reach.anchored else 0)
