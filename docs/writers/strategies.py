"""The strategies that come along, read off their files."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from docs.writers.markdown import code, table

from features.wording import known_after
from strategies.built_in import STRATEGIES
from strategies.formulas import feature_set_needed, formulas_of
from strategies.loading import StrategyFile

HEAD = ("parameter", "type", "from", "to", "default", "step of a search")


def lines() -> Iterator[str]:
    """Return a section for each strategy."""
    for file in STRATEGIES.values():
        yield from _section(file)


def _section(file: StrategyFile) -> Iterator[str]:
    strategy = file.made()
    formulas = formulas_of(strategy)
    yield from (f"## {file.name}", "", *(inspect.getdoc(file.kind) or "").splitlines(), "")
    yield from table(HEAD, [_row(each) for each in file.kind.space()])
    waits = max(formulas.features, key=lambda each: each.bars())
    yield from ("", f"Target: {code(str(strategy.target()))}", "", f"Known after {known_after(waits)}.")
    if formulas.asked:
        yield from ("", f"Features: {', '.join(map(code, formulas.asked))} (set `{feature_set_needed(formulas)}`).")
    if formulas.models:
        yield from ("", f"Predictions of {', '.join(map(code, formulas.models))}.")
    source = inspect.cleandoc(file.source.split('"""')[1]).partition("Source: ")[2]
    yield from ("", f"Source: {' '.join(source.split())}", "") if source else ("",)


def _row(each: object) -> tuple[str, ...]:
    names = ("name", "kind", "low", "high", "default", "step")
    name, *values = (getattr(each, name) for name in names)
    return (code(str(name)), *(f"{value:g}" if isinstance(value, float) else str(value) for value in values))
