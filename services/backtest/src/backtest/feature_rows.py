"""The bars of a pair as the rows that models are trained on and asked with."""

from __future__ import annotations

from collections.abc import Iterator

from backtest.bars import Bars
from backtest.strategies_of import features_of
from contracts.candle import QUALITIES
from contracts.feature_columns import FEATURE_SET_IDS, FEATURE_SETS
from contracts.feature_row import FeatureRow
from contracts.trusted import made

#: The features that the kinds of models that come along see.
_SET = "core"


def feature_rows(bars: Bars) -> Iterator[FeatureRow]:
    """Yield a row for each bar; features that did not come along are computed, which gives the same bits.

    Parameters
    ----------
    bars
        Of one pair.

    Yields
    ------
    FeatureRow
        Of the set ``core``, in the order of the bars.
    """
    names = FEATURE_SETS[_SET]
    known = {**features_of(bars, [name for name in names if name not in bars.given]), **bars.given}
    columns = [[None if value != value else value for value in known[name].tolist()] for name in names]
    for place, values in enumerate(zip(*columns, strict=True)):
        yield made(
            FeatureRow,
            exchange=bars.exchange,
            pair=bars.pair,
            interval_s=bars.interval_s,
            window_start_ms=int(bars.starts_ms[place]),
            revision=0,
            **{name: text[place] for name, text in bars.texts.items()},
            trade_count=int(bars.trade_counts[place]),
            first_trade_id=None,
            last_trade_id=None,
            quality=QUALITIES[bars.qualities[place]],
            feature_set=FEATURE_SET_IDS[_SET],
            **dict(zip(names, values, strict=True)),
        )
