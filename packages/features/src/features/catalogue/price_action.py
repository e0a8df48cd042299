"""Returns, and the shape of the bar."""

from __future__ import annotations

from features import sources
from features.feature import Feature
from features.functions import change, close, high, lag, log, low, opened, positive, ratio

_BARS = (1, 5, 15, 60)
_RANGE = high - low
#: The upper end of the body and the lower one.
_TOP, _BOTTOM = opened + positive(close - opened), close - positive(close - opened)


def _bars(count: int) -> str:
    return "a bar" if count == 1 else f"{count} bars"


FEATURES: tuple[Feature, ...] = (
    *(Feature(f"return_{n}", change(close, n), "ratio", f"change in {_bars(n)}", sources.TSAY) for n in _BARS),
    *(
        Feature(f"log_return_{n}", log(close / lag(close, n)), "ratio", f"log return of {_bars(n)}", sources.TSAY)
        for n in _BARS
    ),
    Feature("range_ratio", _RANGE / close, "ratio", "high minus low, of the close", sources.NISON),
    Feature("body_ratio", (close - opened) / _RANGE, "-1..1", "body as a share of the range", sources.NISON),
    Feature("upper_shadow", (high - _TOP) / _RANGE, "0..1", "above the body, share of the range", sources.NISON),
    Feature("lower_shadow", (_BOTTOM - low) / _RANGE, "0..1", "below the body, share of the range", sources.NISON),
    Feature(
        "close_location",
        ratio(close - low, _RANGE, otherwise=0.5),
        "0..1",
        "where the close is between low and high; 0.5 if they are one",
        sources.NISON,
    ),
)
