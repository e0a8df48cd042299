"""Candles in, feature rows out: the fold that the service runs.

The first candle of a window gives its row at once and puts its bar into the ring, where it stays as it came. A
corrected candle gives the row of its own window again, with the correction and under the candle's revision; no
other row changes, because decisions were made on bars as they came and a replay must make them again (ADR 0003).
"""

from __future__ import annotations

import math
from functools import cache

from contracts.candle import Candle
from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow
from contracts.state import State
from contracts.units import MS_PER_SECOND
from features import feature_set, feature_set_id
from features.bars import Bar, bar_of
from features.engine import Engine
from indicators.core.ring import REVISABLE_BARS, Ring

#: The id of a set by its name.
set_id = cache(feature_set_id)
_COPIED = tuple(name for name in Candle.model_fields if name in FeatureRow.model_fields)

#: Engines by (exchange, pair, interval), with the window each has seen last. A cache: an engine that does not stand
#: where the state stands (a restart, a rebalance, a batch that was rolled back) is made again from the state.
Engines = dict[tuple[str, str, int], tuple[int, Engine]]


def step(
    state: State,
    candle: Candle,
    engines: Engines,
    set_name: str = "core",
    reference_close: float = math.nan,
    reference_pair: str | None = None,
) -> list[FeatureRow]:
    """Take the next candle of a pair and return the rows it gives: one, or none if it came before.

    Parameters
    ----------
    state
        Of the candle's pair; changed in place, all intervals in one.
    candle
        A final candle.
    engines
        The process's cache, empty at first; of one set of features.
    set_name
        Which features rows have: a key of `features.SETS`.
    reference_close
        What the reference pair closed at in the candle's window; a correction keeps what its window came with.
    reference_pair
        Of which pair that is, "" for none: where it is another than before, earlier closes do not count any more.
        None where no pair has a reference.

    Raises
    ------
    BadInputError
        If the window is not one of its interval, is older than the last one and was never seen, or is corrected too
        late to be computed again. The state is unchanged.
    """
    if candle.window_start_ms % (candle.interval_s * MS_PER_SECOND):
        raise BadInputError("window_start_ms", f"a multiple of {candle.interval_s} s", candle.window_start_ms)
    ring = Ring(state, candle)
    last_ms = ring.last_ms
    if last_ms is None or candle.window_start_ms > last_ms:
        if reference_pair is not None and ring.compare_with(reference_pair, candle.window_start_ms):
            engines.pop((candle.exchange, candle.pair, candle.interval_s), None)
        return [_append(ring, last_ms, candle, engines, set_name, reference_close)]
    seen = ring.revision(candle.window_start_ms)
    if seen is None:
        raise BadInputError("window_start_ms", f"after {last_ms}, or seen before", candle.window_start_ms)
    return [_revise(ring, last_ms, candle, set_name)] if candle.revision > seen else []


def _append(
    ring: Ring, last_ms: int | None, candle: Candle, engines: Engines, set_name: str, reference_close: float
) -> FeatureRow:
    bar = bar_of(candle, reference_close)
    engine = _engine(ring, last_ms, candle, engines, set_name)
    engine.push(candle.window_start_ms, bar)
    row = _row(candle, engine, set_name, bar)
    ring.append(candle.window_start_ms, candle.revision, bar)
    engines[candle.exchange, candle.pair, candle.interval_s] = (candle.window_start_ms, engine)
    return row


def _engine(ring: Ring, last_ms: int | None, candle: Candle, engines: Engines, set_name: str) -> Engine:
    """Return an engine that has seen the window before `candle`; a new one, not warm, if that is missing."""
    # Taken out of the cache: should this candle fail, its engine would be one bar ahead of the state.
    seen_ms, engine = engines.pop((candle.exchange, candle.pair, candle.interval_s), (None, None))
    before_ms = candle.window_start_ms - candle.interval_s * MS_PER_SECOND
    if engine is not None and seen_ms == last_ms == before_ms:
        return engine
    return _resumed(ring, candle, set_name)


def _resumed(ring: Ring, candle: Candle, set_name: str) -> Engine:
    engine = Engine(candle.interval_s, feature_set(set_name))
    engine.resume(ring.before(candle.window_start_ms, engine.warm_up_bars))
    return engine


def _revise(ring: Ring, last_ms: int, candle: Candle, set_name: str) -> FeatureRow:
    oldest_ms = last_ms - REVISABLE_BARS * candle.interval_s * MS_PER_SECOND
    if candle.window_start_ms <= oldest_ms:
        raise BadInputError("window_start_ms", f"a correction of a window after {oldest_ms}", candle.window_start_ms)
    engine = _resumed(ring, candle, set_name)
    bar = bar_of(candle, ring.reference_close(candle.window_start_ms))
    engine.push(candle.window_start_ms, bar)
    row = _row(candle, engine, set_name, bar)
    ring.set_revision(candle.window_start_ms, candle.revision)
    return row


def _row(candle: Candle, engine: Engine, set_name: str, bar: Bar) -> FeatureRow:
    copied = {name: getattr(candle, name) for name in _COPIED}
    reference_close = None if math.isnan(bar.reference_close) else bar.reference_close
    return FeatureRow(**copied, **engine.values(), feature_set=set_id(set_name), reference_close=reference_close)
