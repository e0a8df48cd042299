"""The bars of several pairs, whatever they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backtest.bars import Bars
from contracts.errors import BadInputError


@dataclass(frozen=True)
class History:
    """Bars by pair, all of one length.

    Parameters
    ----------
    pairs
        The bars of each.
    notes
        What a reader must know of them.

    Raises
    ------
    BadInputError
        If they have different lengths.
    """

    pairs: Mapping[str, Bars]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lengths = {bars.interval_s: pair for pair, bars in self.pairs.items()}
        if len(lengths) > 1:
            came = " and ".join(f"{seconds} s ({pair})" for seconds, pair in lengths.items())
            raise BadInputError("bars", "bars of one length for all pairs", came)

    @property
    def interval_s(self) -> int:
        """Length of a bar, seconds."""
        return next(iter(self.pairs.values())).interval_s
