"""All features, read off the catalogue, a table for each family."""

from __future__ import annotations

from collections.abc import Iterator

from docs.writers.markdown import code, table

from features import FAMILIES, FEATURES, SETS, Family
from features.wording import abbreviated, known_after, sets_of

HEAD = ("feature", "formula", "unit", "known after", "what it says", "source", "sets")


def lines() -> Iterator[str]:
    """Return how many there are in each set, then the families."""
    yield f"{len(FEATURES)} features: {', '.join(f'{len(each)} in `{name}`' for name, each in SETS.items())}."
    for family in FAMILIES:
        yield from _section(family)


def _section(family: Family) -> Iterator[str]:
    formulas = {feature: abbreviated(feature.formula, family.parts) for feature in family.features}
    rows = [
        (
            code(feature.name),
            code(formula),
            feature.unit,
            known_after(feature),
            feature.description,
            feature.source,
            ", ".join(map(code, sets_of(feature))),
        )
        for feature, (formula, _) in formulas.items()
    ]
    yield from ("", f"### {family.title}", "", family.about, "", *table(HEAD, rows))
    named = {name: text for _, parts in formulas.values() for name, text in parts.items()}
    if named:
        yield from ("", "Where", "", *(f"- `{name} = {text}`" for name, text in named.items()))
