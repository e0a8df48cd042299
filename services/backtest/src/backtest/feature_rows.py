"""The bars of a pair as the rows that models are trained on and asked with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from backtest.bars import GAP, Bars
from backtest.strategies_of import features_of
from contracts.candle import QUALITIES
from contracts.errors import BadInputError
from contracts.feature_columns import FEATURE_SET_IDS, FEATURE_SETS
from contracts.feature_row import FeatureRow
from contracts.timestamps import iso_utc_ms
from contracts.trusted import made
from contracts.units import MS_PER_SECOND
from features.blocks import Floats
from modeling.input_list import InputList
from modeling.inputs import CANDLE_COLUMNS
from modeling.pair_table import PairColumns

#: The features that the kinds of models that come along see.
_SET = "core"


def feature_rows(bars: Bars, feature_set: str = _SET) -> Iterator[FeatureRow]:
    """Yield a row for each bar, with features computed from the bars.

    Parameters
    ----------
    bars
        Of one pair.
    feature_set
        Which features.

    Yields
    ------
    FeatureRow
        In the order of the bars.

    Raises
    ------
    BadInputError
        If a feature that came along is another one: whoever trains on it may train on what came later.
    """
    names = FEATURE_SETS[feature_set]
    known = features_of(bars, names)
    _require_alike(bars, known)
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
            feature_set=FEATURE_SET_IDS[feature_set],
            **dict(zip(names, values, strict=True)),
        )


def pair_columns(bars: Bars, inputs: InputList) -> PairColumns:
    """Return what `feature_rows` come to in a data set, without a row made.

    Parameters
    ----------
    bars
        Of one pair.
    inputs
        What the model sees of a bar.

    Returns
    -------
    PairColumns
        The same numbers.

    Raises
    ------
    BadInputError
        If a feature that came along is another one.
    """
    known = features_of(bars, FEATURE_SETS[inputs.feature_set])
    _require_alike(bars, known)
    candle = {**bars.columns, "trade_count": bars.trade_counts.astype(np.float64)}
    columns = {**known, **{name: candle[name] for name in CANDLE_COLUMNS}}
    return PairColumns.of(bars.starts_ms, columns, bars.qualities == GAP, bars.interval_s * MS_PER_SECOND, inputs)


def _require_alike(bars: Bars, computed: Mapping[str, Floats]) -> None:
    """Refuse columns that came along and do not follow from the bars; known is compared with known alone."""
    for name in sorted(set(computed) & set(bars.given)):
        came, expected = bars.given[name], computed[name]
        wrong = np.flatnonzero((came != expected) & np.isfinite(came) & np.isfinite(expected))
        if len(wrong):
            place = int(wrong[0])
            when = f"{name} of {bars.pair} at {iso_utc_ms(int(bars.starts_ms[place]))}"
            what = f"{expected[place]:.10g}, which follows from the bars up to it"
            raise BadInputError(when, what, f"{came[place]:.10g} ({len(wrong):,} bars)")
