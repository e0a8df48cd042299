"""Copies of a reference pair's candles for the pairs that are compared with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contracts.candle import Candle
from contracts.reference_candle import ReferenceCandle


def copying(followers: Mapping[str, tuple[str, ...]]) -> Callable[[Candle], list[ReferenceCandle]]:
    """Return the step from a final candle to its copies.

    Parameters
    ----------
    followers
        Reference pair -> the pairs that are compared with it.
    """

    def copies(candle: Candle) -> list[ReferenceCandle]:
        return [
            ReferenceCandle(
                exchange=candle.exchange,
                pair=follower,
                interval_s=candle.interval_s,
                window_start_ms=candle.window_start_ms,
                reference_pair=candle.pair,
                close=candle.close,
                quality=candle.quality,
            )
            for follower in followers.get(candle.pair, ())
        ]

    return copies
