"""The bars of one pair as columns: floats for formulas and scans, exact texts for messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from contracts.candle import QUALITIES
from contracts.units import float_string
from features.blocks import Floats

PRICES = ("open", "high", "low", "close")
#: What is kept exactly.
EXACT_COLUMNS = (*PRICES, "volume")
_DIGITS = frozenset("0123456789")
COMPLETE, EMPTY, GAP = (QUALITIES.index(each) for each in ("complete", "empty", "gap"))


class Texts(Protocol):
    """A column of decimals as they are written."""

    def __getitem__(self, bar: int) -> str: ...

    def part(self, which: slice) -> Texts:
        """Return those of some of the bars."""


@dataclass(frozen=True, slots=True)
class FloatTexts:
    """The shortest decimals that are these floats: what a file of floats meant."""

    values: Floats

    def __getitem__(self, bar: int) -> str:
        text = repr(self.values.item(bar))
        if text[0] in _DIGITS and "e" not in text:  # the usual case, which needs no way round
            return text[:-2] if text[-2:] == ".0" else text
        return float_string(self.values.item(bar))

    def part(self, which: slice) -> FloatTexts:
        """Return those of some of the bars."""
        return FloatTexts(self.values[which])


@dataclass(frozen=True)
class Bars:
    """Bars of one pair at one venue, in their order; one may be missing.

    Parameters
    ----------
    exchange, pair, interval_s
        Whose, and how long each is.
    starts_ms
        When each begins.
    texts
        The four prices and the volume by name, exact.
    columns
        Those of `features.bars.Bar` that are known.
    trade_counts
        Trades in each.
    qualities
        Of each, as a place in `contracts.candle.QUALITIES`.
    given
        Features and predictions by name, as strategies ask for them; NaN where one is not known.
    said
        What signals copy from the prediction of a bar, by field; empty where there are no predictions.
    """

    exchange: str
    pair: str
    interval_s: int
    starts_ms: NDArray[np.int64]
    texts: Mapping[str, Texts]
    columns: Mapping[str, Floats]
    trade_counts: NDArray[np.int64]
    qualities: NDArray[np.int8]
    given: Mapping[str, Floats] = field(default_factory=dict)
    said: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.starts_ms)

    def __getitem__(self, part: slice) -> Bars:
        """Return some of the bars."""
        return replace(
            self,
            starts_ms=self.starts_ms[part],
            texts={name: texts.part(part) for name, texts in self.texts.items()},
            columns={name: column[part] for name, column in self.columns.items()},
            trade_counts=self.trade_counts[part],
            qualities=self.qualities[part],
            given={name: column[part] for name, column in self.given.items()},
            said={name: column[part] for name, column in self.said.items()},
        )

    def with_given(self, given: Mapping[str, Floats]) -> Bars:
        """Return the same bars with more that comes with them."""
        return replace(self, given={**self.given, **given})


def clock_of(every: Iterable[Bars]) -> NDArray[np.int64]:
    """Return when bars begin, of all pairs together: each time once, in order."""
    first, *others = [bars.starts_ms for bars in every]
    if all(np.array_equal(first, other) for other in others):
        return first
    return np.unique(np.concatenate([first, *others]))
