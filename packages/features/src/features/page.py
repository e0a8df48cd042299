"""The table of all features in docs/reference/features.md, made from `features`.

``python -m features.page docs/reference/features.md`` writes it below the words of the page; a test compares it with
the list, so the page never says of a feature what is not computed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import get_args

from features import FAMILIES, FEATURES, SETS, Family, Feature
from features.expressions import CalendarName, ColumnName, Expression, FunctionName, RollingName

#: What is behind this line is written by this module.
MARK = "<!-- Written by `make features-page` from features; change what is above this line only. -->"
#: A formula of more characters is written with the names that its file has for parts of it.
_LONG = 90
#: Names that mean something else in a formula.
_WORDS = {
    "mean",
    "lag",
    *(word for kind in (ColumnName, CalendarName, FunctionName, RollingName) for word in get_args(kind)),
}
_HEAD = (
    "| feature | formula | unit | known after | what it says | source | sets |",
    "|---|---|---|---|---|---|---|",
)


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
    window, anchored, held = feature.reach
    if feature.timeframe_s is not None:
        return f"{_bars(window, 'closed bar')} of {feature.timeframe_s // 60} minutes"
    if anchored:
        window_too = f"{_bars(window)} and " if window > anchored else ""
        return f"{window_too}an anchor with {_bars(anchored)} before it" + (
            f" and {_bars(held)} after it" if held else ""
        )
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


def table() -> str:
    """Return all features as Markdown, a table for each family."""
    total = f"{len(FEATURES)} features: {', '.join(f'{len(each)} in `{name}`' for name, each in SETS.items())}."
    return "\n".join([total, *(line for family in FAMILIES for line in _section(family)), ""])


def _section(family: Family) -> Iterator[str]:
    yield from ("", f"### {family.title}", "", family.about, "", *_HEAD)
    named: dict[str, str] = {}
    for feature in family.features:
        formula, parts = abbreviated(feature.formula, family.parts)
        named |= parts
        sets = ", ".join(f"`{name}`" for name in sets_of(feature))
        about = [feature.unit, known_after(feature), feature.description, feature.source]
        yield f"| {' | '.join([f'`{feature.name}`', f'`{formula}`', *about, sets])} |"
    if named:
        yield from ("", "Where", "", *(f"- `{name} = {text}`" for name, text in named.items()))


def render(page: str) -> str:
    """Return `page` with the table as it is now; what is above `MARK` stays."""
    words, mark, _ = page.partition(MARK)
    if not mark:
        raise ValueError(f"expected a page with the line {MARK}")
    return f"{words}{MARK}\n\n{table()}"


def main(path: Path) -> None:
    """Write the table into the page at `path`."""
    path.write_text(render(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
