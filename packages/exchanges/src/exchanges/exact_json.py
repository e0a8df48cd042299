"""JSON whose numbers keep the text they were written in, so that no digit is lost and a row can be shown."""

from __future__ import annotations

import json
from typing import Any

from contracts.errors import BadInputError


class NumberText(str):
    """A JSON number with a fraction or an exponent (or NaN, Infinity), as the sender wrote it."""

    __slots__ = ()


def loads(text: str | bytes) -> Any:
    """Return the value; whole numbers as int, all others as `NumberText`.

    Raises
    ------
    BadInputError
        If `text` is not JSON.

    Examples
    --------
    >>> loads('{"qty":5.1e-05}')
    {'qty': '5.1e-05'}
    """
    try:
        return json.loads(text, parse_float=NumberText, parse_constant=NumberText)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise BadInputError("frame", f"JSON ({error})", text) from error


def dumps(value: Any) -> str:
    """Return `value`, which came from `loads`, numbers as they were written; for one nested too deeply, a word.

    Examples
    --------
    >>> dumps(loads('["97412.30000", 5.1e-05, null]'))
    '["97412.30000",5.1e-05,null]'
    """
    try:
        return _dumps(value)
    except RecursionError:
        return '"(nested too deeply to be shown)"'


def _dumps(value: Any) -> str:
    if isinstance(value, NumberText):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_dumps(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_dumps(item) for item in value) + "]"
    return json.dumps(value)
