"""Messages of parts that are known to be right: made without being checked again.

What comes in was checked when it was read, and what a pure core computes of it is of the fields' types, which mypy
sees; that it reads back as itself is a law over what markets made up at random give rise to. What a core cannot be
sure of, such as a quantity that rules have cut down, is made by its class, which checks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, ParamSpec, TypeVar

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
    known = _defaults(kind).copy()
    known.update(values)
    message: M = _put_together(kind, known)
    return message


def changed(message: M, /, **changes: object) -> M:
    """Return `message` with some values changed, unchecked.

    Returns
    -------
    M
        A new one.
    """
    known = message.__dict__.copy()
    known.update(changes)
    copy: M = _put_together(type(message), known)
    return copy


#: What writes each of a message's own attributes past its being frozen.
_write_values, _write_names, _write_extra, _write_private = (
    BaseModel.__dict__[name].__set__
    for name in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
)


def _put_together(kind: Any, values: dict[str, Any]) -> Any:
    message = kind.__new__(kind)
    _write_values(message, values)
    _write_names(message, _names(kind))
    _write_extra(message, None)
    _write_private(message, None)
    return message


@cache
def _defaults(kind: Any) -> dict[str, Any]:
    """Return the defaults by field; in the order of the class, which is that of the wire form."""
    return {name: field.default for name, field in kind.model_fields.items()}


@cache
def _names(kind: Any) -> set[str]:
    return set(kind.model_fields)
