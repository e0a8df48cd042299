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
    defaults, names = _shape(kind)
    message: Any = _create(kind)
    _write_values(message, {**defaults, **values})
    _write_names(message, names)
    _write_extra(message, None)
    _write_private(message, None)
    return message  # type: ignore[no-any-return]


def changed(message: M, /, **changes: object) -> M:
    """Return `message` with some values changed, unchecked.

    Returns
    -------
    M
        A new one.
    """
    kind: Any = type(message)
    copy: Any = _create(kind)
    _write_values(copy, {**message.__dict__, **changes})
    _write_names(copy, _shape(kind)[1])
    _write_extra(copy, None)
    _write_private(copy, None)
    return copy  # type: ignore[no-any-return]


#: Both are written out: what they do is done several times for each order.
_create: Callable[[Any], Any] = object.__new__
#: What writes each of a message's own attributes past its being frozen.
_write_values, _write_names, _write_extra, _write_private = (
    BaseModel.__dict__[name].__set__
    for name in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
)


@cache
def _shape(kind: Any) -> tuple[dict[str, Any], set[str]]:
    """Return the defaults by field, in the order of the class, which is that of the wire form; and their names."""
    return {name: field.default for name, field in kind.model_fields.items()}, set(kind.model_fields)
