"""Parameters of a strategy: numbers with a lowest and a highest value, which is also where a search looks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from contracts.errors import BadInputError
from contracts.nearest import did_you_mean

Kind = Literal["int", "float"]


@dataclass(frozen=True, slots=True)
class Range:
    """What `between` was told, before it is known of which kind the parameter is."""

    low: float
    high: float
    default: float
    step: float | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a strategy.

    Attributes
    ----------
    name
        Of the attribute.
    kind
        ``int`` or ``float``.
    low, high
        The least and the greatest value it may have.
    default
        What it has unless it is given.
    step
        In what steps a search goes from `low` on; values between two steps may be given, too.
    """

    name: str
    kind: Kind
    low: float
    high: float
    default: float
    step: float

    def read(self, value: object, owner: str) -> int | float:
        """Return a value that may be this parameter's.

        Returns
        -------
        int | float
            Of the parameter's kind.

        Raises
        ------
        BadInputError
            If it is of another type, or not between `low` and `high`.
        """
        field, words = f"{owner}.{self.name}", "an integer" if self.kind == "int" else "a number"
        if isinstance(value, bool) or not isinstance(value, int if self.kind == "int" else int | float):
            raise BadInputError(field, f"{words} from {self.low} to {self.high}", value)
        if not self.low <= value <= self.high:
            raise BadInputError(field, f"from {self.low} to {self.high}", value)
        return value if self.kind == "int" else float(value)


def between(low: float, high: float, default: float, step: float | None = None) -> Any:
    """Declare a parameter of a strategy: ``fast: int = between(5, 60, default=20)``.

    Parameters
    ----------
    low, high
        The least and the greatest value it may have.
    default
        What it has unless it is given.
    step
        In what steps a search goes; 1 for integers, a hundredth of the range for others.

    Returns
    -------
    Any
        What the class of the strategy takes for a parameter.

    Examples
    --------
    >>> between(5, 60, default=20).high
    60
    """
    return Range(low, high, default, step)


def parameter(owner: str, name: str, annotation: object, given: Range) -> Parameter:
    """Return a declared parameter.

    Parameters
    ----------
    owner, name
        The class and the attribute.
    annotation
        What stands behind the colon.
    given
        What `between` was told.

    Returns
    -------
    Parameter
        Checked.

    Raises
    ------
    BadInputError
        If its type is not ``int`` or ``float``, or range, default and step are not of one.
    """
    field, type_name = f"{owner}.{name}", getattr(annotation, "__name__", annotation)
    if type_name not in ("int", "float"):
        raise BadInputError(field, "the type int or float before between(...)", type_name)
    kind: Kind = "int" if type_name == "int" else "float"
    numbers = {"low": given.low, "high": given.high, "default": given.default}
    if given.step is not None:
        numbers["step"] = given.step
    for word, number in numbers.items():
        is_number = isinstance(number, int if kind == "int" else int | float) and not isinstance(number, bool)
        if not (is_number and math.isfinite(number)):
            raise BadInputError(f"{field}: {word}", "an integer" if kind == "int" else "a number", number)
    if not given.low < given.high:
        raise BadInputError(f"{field}: high", f"above low, {given.low}", given.high)
    step = given.step if given.step is not None else 1 if kind == "int" else (given.high - given.low) / 100
    if not 0 < step <= given.high - given.low:
        raise BadInputError(f"{field}: step", f"above 0, at most {given.high - given.low}", step)
    found = Parameter(name, kind, given.low, given.high, given.default, step)
    found.read(given.default, owner)
    return found


def read_all(parameters: tuple[Parameter, ...], given: Mapping[str, object], owner: str) -> dict[str, int | float]:
    """Return a value for each parameter: the one that is given, or its default.

    Parameters
    ----------
    parameters
        All there are.
    given
        Values by name.
    owner
        Whose they are, for complaints.

    Returns
    -------
    dict[str, int | float]
        In the order of `parameters`.

    Raises
    ------
    BadInputError
        If one is not known, or may not have its value.
    """
    names = [each.name for each in parameters]
    for name in given:
        if name not in names:
            expected = f"one of {', '.join(names)}" if names else "no parameters"
            raise BadInputError(f"{owner}.{name}", f"{expected}{did_you_mean(name, names)}", given[name])
    return {each.name: each.read(given.get(each.name, each.default), owner) for each in parameters}


def from_text(parameters: tuple[Parameter, ...], given: Mapping[str, str], owner: str) -> dict[str, object]:
    """Return what was typed for parameters as numbers of their kinds; what is none is left for `read_all` to refuse.

    Parameters
    ----------
    parameters
        All there are.
    given
        Texts by name.
    owner
        Whose they are, for complaints.

    Returns
    -------
    dict[str, object]
        By name.
    """
    kinds = {each.name: each.kind for each in parameters}
    found: dict[str, object] = {}
    for name, text in given.items():
        try:
            found[name] = float(text) if kinds.get(name) == "float" else int(text)
        except ValueError:
            found[name] = text
    read_all(parameters, found, owner)
    return found
