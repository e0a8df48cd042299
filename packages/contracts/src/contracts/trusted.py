"""Messages of parts that are known to be right: made without being checked again.

What comes in was checked when it was read, and what a pure core computes of it is of the fields' types, which mypy
sees; that it reads back as itself is a law over what markets made up at random give rise to. What a core cannot be
sure of, such as a quantity that rules have cut down, is made by its class, which checks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, ParamSpec, TypeVar, cast

from pydantic import BaseModel

P = ParamSpec("P")
M = TypeVar("M", bound=BaseModel)


def made(kind: Callable[P, M], /, *_: P.args, **values: P.kwargs) -> M:
    """Return a message of `kind` with these values, unchecked; what is not given is the class's default.

    Returns
    -------
    M
        Equal to ``kind(**values)`` where that is valid.

    Examples
    --------
    >>> from contracts.order_report import Execution
    >>> values = {"execution_id": "1", "quantity": "0.5", "price": "64250.1", "fee": "12.8"}
    >>> made(Execution, **values) == Execution(**values)
    True
    """
    of = cast(Any, kind)
    return cast(M, _put_together(of, {**_defaults(of), **values}))


def changed(message: M, /, **changes: object) -> M:
    """Return `message` with some values changed, unchecked.

    Returns
    -------
    M
        A new one.
    """
    return _put_together(type(message), {**message.__dict__, **changes})


def _put_together(kind: type[M], values: dict[str, Any]) -> M:
    message = kind.__new__(kind)
    write = object.__setattr__
    write(message, "__dict__", values)
    write(message, "__pydantic_fields_set__", _names(kind))
    write(message, "__pydantic_extra__", None)
    write(message, "__pydantic_private__", None)
    return message


@cache
def _defaults(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the defaults by field; in the order of the class, which is that of the wire form."""
    return {name: field.default for name, field in kind.model_fields.items()}


@cache
def _names(kind: type[BaseModel]) -> set[str]:
    return set(kind.model_fields)
