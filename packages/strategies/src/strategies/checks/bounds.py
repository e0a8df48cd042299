"""Parameters at their bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from strategies.strategy import Strategy


def at_bounds(kind: type[Strategy]) -> Iterator[dict[str, object]]:
    """Yield parameters at their bounds: each alone, all at their lowest, all at their highest values.

    Parameters
    ----------
    kind
        Whose parameters.

    Yields
    ------
    dict[str, object]
        By name; those that are left out have their defaults.
    """
    for each in kind.space():
        yield {each.name: each.low}
        yield {each.name: each.high}
    if kind.space():
        yield {each.name: each.low for each in kind.space()}
        yield {each.name: each.high for each in kind.space()}


def in_words(given: Mapping[str, object]) -> str:
    """Return parameters as they are written.

    Returns
    -------
    str
        Such as ``fast=5, slow=50``.
    """
    return ", ".join(f"{name}={value}" for name, value in given.items()) or "defaults"
