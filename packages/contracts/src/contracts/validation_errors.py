"""What pydantic has to say, in the project's words: every error says what was expected."""

from __future__ import annotations

from typing import Any

from contracts.counted import counted
from contracts.errors import shorten
from contracts.units import PATTERN_MEANINGS

_SECRET_WORDS = ("PASSWORD", "SECRET", "KEY")
_STARTS = ("Input should be ", "Value error, ", "String should ", "Field ")


def expectation(complaint: Any) -> str:
    """Return what one of `ValidationError.errors()` expected.

    Returns
    -------
    str
        The end of "expected ...".

    Examples
    --------
    >>> expectation({"type": "int_type", "msg": "Input should be a valid integer"})
    'a valid integer'
    >>> expectation({"type": "too_short", "msg": "Tuple should have ...", "ctx": {"min_length": 1}})
    'at least 1'
    """
    context = complaint.get("ctx") or {}
    if context.get("pattern") in PATTERN_MEANINGS:
        return PATTERN_MEANINGS[context["pattern"]]
    match complaint["type"]:
        case "json_invalid":
            return f"JSON ({context['error']})"
        case "union_tag_not_found":
            return "a field 'type' that names the message"
        case "string_pattern_mismatch":
            return f"text that matches {context['pattern']}"
        case "too_short":
            return f"at least {context['min_length']}"
        case "string_too_short":
            return f"at least {counted(context['min_length'], 'character')}"
        case "string_too_long":
            return f"at most {context['max_length']} characters"
        case "extra_forbidden":
            return "no field of this name"
        case "int_parsing":
            return "a whole number"
        case "float_parsing" | "decimal_parsing":
            return "a number"
    text: str = complaint["msg"]
    for start in _STARTS:
        if text.startswith(start):
            return text[len(start) :]
    return text[:1].lower() + text[1:]


def shown(variable: str, value: object) -> str:
    """Return how a complaint shows the value of a setting: what nobody may see is hidden.

    Parameters
    ----------
    variable
        Its name in the environment: one of a password, a secret or a key says so.
    value
        What came.

    Returns
    -------
    str
        Shortened, or that it is hidden.

    Examples
    --------
    >>> shown("CANDLES_INTERVALS_S", "abc"), shown("GATEWAY_API_SECRET", "abc")
    ("'abc'", 'hidden')
    """
    return "hidden" if any(word in variable.upper() for word in _SECRET_WORDS) else shorten(value)
