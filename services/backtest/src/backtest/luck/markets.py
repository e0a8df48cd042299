"""Markets that might have been: the same bars in another order, block by block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from backtest.bars import EXACT_COLUMNS, PRICES, Bars, FloatTexts
from backtest.history import History

Places = NDArray[np.int64]
#: Digits of a made-up price: those of venues are no more.
_DIGITS = 8


def made_up(history: History, block_bars: int, seed: int) -> History:
    """Return a history whose bars are blocks of the bars of another, in random order (circular block bootstrap).

    Each bar moves from its predecessor's close as it did in the original, so what follows within a block follows
    still, and what took longer does not. Pairs with bars at the same times keep their moments together.

    Parameters
    ----------
    history
        The original.
    block_bars
        Length of a block.
    seed
        Of all chance.

    Returns
    -------
    History
        Without features and predictions: those were of other bars.

    References
    ----------
    Politis and Romano, A Circular Block-Resampling Procedure for Stationary Data (1992).
    """
    drawn: dict[bytes, Places] = {}
    pairs: dict[str, Bars] = {}
    for pair, bars in history.pairs.items():
        when = bars.starts_ms.tobytes()
        if when not in drawn:
            drawn[when] = _places(len(bars), block_bars, np.random.default_rng([seed, len(drawn)]))
        pairs[pair] = _rebuilt(bars, drawn[when])
    return History(pairs, history.notes)


def _places(length: int, block_bars: int, rng: np.random.Generator) -> Places:
    starts = rng.integers(0, length, -(-length // block_bars))
    places: Places = (starts[:, None] + np.arange(block_bars)).ravel()[:length] % length
    return places


def _rebuilt(bars: Bars, places: Places) -> Bars:
    columns: Mapping[str, NDArray[np.float64]] = bars.columns
    before = np.concatenate([columns["open"][:1], columns["close"][:-1]])
    moves = {name: (columns[name] / before)[places] for name in PRICES}
    level = columns["open"][0] * np.concatenate([[1.0], np.cumprod(moves["close"])[:-1]])
    prices = {name: _rounded(level * moves[name]) for name in PRICES}
    # Rounding must not put an open above its high.
    prices["high"] = np.maximum.reduce([prices[name] for name in PRICES])
    prices["low"] = np.minimum.reduce([prices[name] for name in PRICES])
    others = {name: column[places] for name, column in columns.items() if name not in PRICES}
    together = {**others, **prices}
    return replace(
        bars,
        texts={name: FloatTexts(together[name]) for name in EXACT_COLUMNS},
        columns=together,
        trade_counts=bars.trade_counts[places],
        qualities=bars.qualities[places],
        given={},
        said={},
    )


def _rounded(prices: NDArray[np.float64]) -> NDArray[np.float64]:
    scale = 10.0 ** (_DIGITS - 1 - np.floor(np.log10(prices)))
    return np.round(prices * scale) / scale
