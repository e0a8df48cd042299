"""Features in words: their formulas with the names that parts of them have, and how much history they wait for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import get_args

from features import SETS, Feature
from features.expressions import CalendarName, ColumnName, Expression, FunctionName, RollingName

#: A formula of more characters is written with the names that its file has for parts of it.
_LONG = 90
#: Names that mean something else in a formula.
_WORDS = {
    "mean",
    "lag",
    "when",
    "unknown",
    *(word for kind in (ColumnName, CalendarName, FunctionName, RollingName) for word in get_args(kind)),
}


@dataclass(frozen=True, eq=False)
class Named(Expression):
    """A part of a formula that stands under its name."""

    name: str

    def __str__(self) -> str:
        return self.name


def abbreviated(formula: Expression, parts: Mapping[str, Expression]) -> tuple[str, dict[str, str]]:
    """Return a formula's text, and that of the parts it names; one that is short names none.

    Returns
    -------
    tuple[str, dict[str, str]]
        The formula, and the text of each part by its name.

    Examples
    --------
    >>> from features.functions import close, low, mean, volume
    >>> spread = mean(close, 20) - mean(low, 20)
    >>> abbreviated(spread / volume, {"spread": spread})
    ('(mean(close, 20) - mean(low, 20)) / volume', {})
    >>> abbreviated(mean(spread, 100) / mean(spread, 200) * mean(volume, 100), {"spread": spread})
    ('mean(spread, 100) / mean(spread, 200) * mean(volume, 100)', {'spread': 'mean(close, 20) - mean(low, 20)'})
    """
    if len(str(formula)) <= _LONG:
        return str(formula), {}
    names = {part: name for name, part in parts.items() if name not in _WORDS}
    used: dict[str, str] = {}
    waiting = _used(formula, names)
    while waiting:
        part = waiting.pop(0)
        if names[part] not in used:
            used[names[part]] = str(_with_names(part, names))
            waiting += _used(part, names)
    return str(_with_names(formula, names)), used


def _with_names(node: Expression, names: Mapping[Expression, str]) -> Expression:
    """Return `node` with names in the place of its parts that have one."""
    parts = {field.name: getattr(node, field.name) for field in fields(node)}
    named = {
        field: Named(names[part]) if part in names else _with_names(part, names)
        for field, part in parts.items()
        if isinstance(part, Expression)
    }
    return replace(node, **named) if named else node


def _used(node: Expression, names: Mapping[Expression, str]) -> list[Expression]:
    """Return the named parts of `node`, without those inside of them."""
    return [found for part in node.parts for found in ([part] if part in names else _used(part, names))]


def known_after(feature: Feature) -> str:
    """Return in words how much history a feature waits for; it is null before.

    Returns
    -------
    str
        Such as "20 bars".
    """
    window, anchored, held, least = feature.reach
    if feature.timeframe_s is not None:
        return f"{_bars(window, 'closed bar')} of {feature.timeframe_s // 60} minutes"
    if anchored:
        window_too = f"{_bars(window)} and " if window > anchored else ""
        bars = _bars(anchored) if least == anchored else f"{least:,} to {_bars(anchored)}"
        return f"{window_too}an anchor with {bars} before it" + (f" and {_bars(held)} after it" if held else "")
    return _bars(window) + (" with a reference" if "reference_close" in feature.columns else "")


def _bars(number: int, what: str = "bar") -> str:
    return f"{number:,} {what}{'s' if number > 1 else ''}"


def sets_of(feature: Feature) -> list[str]:
    """Return the names of the sets that a feature is in.

    Returns
    -------
    list[str]
        In the order of `SETS`.
    """
    return [name for name, features in SETS.items() if feature in features]
