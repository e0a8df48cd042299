"""What a feature row would be were its candle final now: for screens; nothing of it is kept."""

from __future__ import annotations

from contracts.forming_candle import FormingCandle
from contracts.forming_row import FormingRow
from contracts.units import MS_PER_SECOND
from features.bars import bar_of
from indicators.core.fold import Engines, set_id


def forming_row(candle: FormingCandle, engines: Engines, set_name: str = "core") -> FormingRow | None:
    """Return the row of a forming candle; None unless it follows the last final one that this process has seen.

    What the reference pair will close at is not known yet: features that compare with it are as if it had no candle.

    Parameters
    ----------
    engines, set_name
        As `indicators.core.fold.step` has them; nothing is changed.
    """
    seen_ms, engine = engines.get((candle.exchange, candle.pair, candle.interval_s), (None, None))
    if engine is None or seen_ms != candle.window_start_ms - candle.interval_s * MS_PER_SECOND:
        return None
    return FormingRow(
        exchange=candle.exchange,
        pair=candle.pair,
        interval_s=candle.interval_s,
        window_start_ms=candle.window_start_ms,
        as_of_ms=candle.as_of_ms,
        feature_set=set_id(set_name),
        features=engine.peek(candle.window_start_ms, bar_of(candle)),
    )
