"""Where a search looks: parameters of the strategy, exits, and numbers of the account, each on a grid."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Literal, get_args

from contracts.account import Account
from contracts.errors import BadInputError
from contracts.nearest import did_you_mean
from strategies.exits import Exits
from strategies.parameters import Parameter
from strategies.strategy import Strategy

Group = Literal["strategy", "exits", "account"]
Number = int | float
#: More values than anybody means of one number.
_MOST = 100_000
#: What a step of floats leaves behind the decimals that were meant.
_DECIMALS = 10
#: Of a range without a step.
_STEPS = 100


@dataclass(frozen=True, slots=True)
class Dimension:
    """One number that a search may set.

    Parameters
    ----------
    group
        Whose it is.
    name
        Its name there.
    kind
        ``int`` or ``float``.
    low, step, count
        The values ``low + k * step`` for k from 0 to below `count`.

    Examples
    --------
    >>> Dimension("exits", "stop_pct", "float", 0.5, 0.1, 3).value(2)
    0.7
    """

    group: Group
    name: str
    kind: Literal["int", "float"]
    low: Number
    step: Number
    count: int

    @property
    def title(self) -> str:
        """As it is typed: exits and numbers of the account with their group in front."""
        return self.name if self.group == "strategy" else f"{self.group}.{self.name}"

    @property
    def high(self) -> Number:
        """The greatest of its values."""
        return self.value(self.count - 1)

    def value(self, place: int) -> Number:
        """Return the value at a place of its grid."""
        found = self.low + place * self.step
        return int(found) if self.kind == "int" else round(float(found), _DECIMALS)


@dataclass(frozen=True, slots=True)
class Choice:
    """One try's numbers, by group and name.

    Parameters
    ----------
    strategy, exits, account
        What is set there; all else is as it was.
    """

    strategy: Mapping[str, Number]
    exits: Mapping[str, Number]
    account: Mapping[str, Number]

    def as_json(self) -> dict[str, dict[str, Number]]:
        """Return its numbers by group.

        Returns
        -------
        dict[str, dict[str, Number]]
            For a ledger, and a digest.
        """
        return {"strategy": dict(self.strategy), "exits": dict(self.exits), "account": dict(self.account)}

    def titles(self) -> dict[str, Number]:
        """Return its numbers by the names they are typed with.

        Returns
        -------
        dict[str, Number]
            Those of the strategy first.
        """
        named = {
            f"{group}.{name}": value for group in ("exits", "account") for name, value in getattr(self, group).items()
        }
        return {**self.strategy, **named}


def choice(space: Sequence[Dimension], places: Sequence[int], fixed: Mapping[str, Number]) -> Choice:
    """Return the numbers at places of the grids.

    Parameters
    ----------
    space, places
        One place for each dimension.
    fixed
        Parameters of the strategy that are not searched.

    Returns
    -------
    Choice
        Of one try.
    """
    found: dict[str, dict[str, Number]] = {"strategy": dict(fixed), "exits": {}, "account": {}}
    for each, place in zip(space, places, strict=True):
        found[each.group][each.name] = each.value(place)
    return Choice(**found)


def space_of(kind: type[Strategy], typed: Iterable[str], fixed: Iterable[str]) -> tuple[Dimension, ...]:
    """Return where to look: every parameter of the strategy in its own range, and what was typed.

    Parameters
    ----------
    kind
        The strategy.
    typed
        Texts such as ``fast=5:40``, ``exits.stop_pct=0:5:0.5`` (0 is none), ``account.position_pct=10:90:10``.
    fixed
        Parameters that are not searched.

    Returns
    -------
    tuple[Dimension, ...]
        At least one.

    Raises
    ------
    BadInputError
        If a range is none, of something that has no number, or there is nothing to search.
    """
    own = {each.name: each for each in kind.space()}
    found = {each.name: _grid("strategy", each, each.low, each.high, each.step) for each in own.values()}
    for text in typed:
        dimension = _typed(text, own)
        if dimension.group == "strategy" and dimension.name in set(fixed):
            raise BadInputError("--range", "what --parameter does not fix", text)
        found[dimension.title] = dimension
    space = tuple(each for name, each in found.items() if name not in set(fixed))
    if not space:
        raise BadInputError("--range", f"something to search: {kind.__name__} has no parameter left", "none")
    return space


def _typed(text: str, own: Mapping[str, Parameter]) -> Dimension:
    title, _, numbers = text.partition("=")
    group, dot, name = title.partition(".")
    known: Mapping[str, Parameter] = own if not dot else _EXITS if group == "exits" else _ACCOUNT
    name = name if dot else title
    if dot and group not in ("exits", "account"):
        raise BadInputError("--range", "NAME=LOW:HIGH[:STEP], exits.NAME=... or account.NAME=...", text)
    if name not in known:
        expected = f"one of {', '.join(known)}{did_you_mean(name, known)}" if known else "a strategy with parameters"
        raise BadInputError(f"--range {title}", expected, name)
    parameter = known[name]
    low, high, step = _numbers(text, numbers, parameter)
    if not parameter.low <= low <= high <= parameter.high:
        raise BadInputError(f"--range {title}", f"from {parameter.low} to {parameter.high}, the lower first", numbers)
    of: Group = "strategy" if not dot else "exits" if group == "exits" else "account"
    return _grid(of, parameter, low, high, step)


def _numbers(text: str, numbers: str, parameter: Parameter) -> tuple[Number, Number, Number]:
    parts = numbers.split(":")
    read = int if parameter.kind == "int" else float
    try:
        if len(parts) not in (2, 3):
            raise ValueError
        low, high, *rest = (read(each) for each in parts)
    except ValueError:
        words = "integers" if parameter.kind == "int" else "numbers"
        raise BadInputError("--range", f"NAME=LOW:HIGH[:STEP] with {words}", text) from None
    usual = parameter.step if parameter.step <= high - low else max((high - low) / _STEPS, 1e-9)
    step = rest[0] if rest else 1 if parameter.kind == "int" else usual
    if not (all(map(math.isfinite, (low, high, step))) and step > 0):
        raise BadInputError("--range", "finite numbers, and a step above 0", text)
    return low, high, step


def _grid(group: Group, of: Parameter, low: Number, high: Number, step: Number) -> Dimension:
    count = math.floor((high - low) / step + 1e-9) + 1
    if count > _MOST:
        raise BadInputError(f"--range {of.name}", f"at most {_MOST:,} values", f"{count:,}")
    return Dimension(group, of.name, of.kind, low, step, count)


def _of_exits() -> dict[str, Parameter]:
    percent = {name: Parameter(name, "float", 0, 99, 0, 0.1) for name in ("stop_pct", "trailing_pct")}
    percent["target_pct"] = Parameter("target_pct", "float", 0, 1_000, 0, 0.1)
    found = {**percent, "maximum_bars": Parameter("maximum_bars", "int", 0, 100_000, 0, 1)}
    return {each.name: found[each.name] for each in fields(Exits)}


def _of_account() -> dict[str, Parameter]:
    """Return what an account has of numbers, but for its money: more of it is no better strategy."""
    found = {}
    for name, field in Account.model_fields.items():
        types = set(get_args(field.annotation)) or {field.annotation}
        if not types & {int, float, Decimal} or name == "initial_balance_quote" or bool in types:
            continue
        bounds: dict[str, Any] = {
            word: getattr(each, word)
            for each in field.metadata
            for word in ("ge", "gt", "le", "lt")
            if hasattr(each, word)
        }
        low = float(bounds.get("ge", bounds.get("gt", 0)))
        high = float(bounds.get("le", bounds.get("lt", 1_000_000)))
        whole = int in types
        found[name] = Parameter(
            name, "int" if whole else "float", low, high, low, 1 if whole else (high - low) / _STEPS
        )
    return found


_EXITS: Mapping[str, Parameter] = _of_exits()
_ACCOUNT: Mapping[str, Parameter] = _of_account()
