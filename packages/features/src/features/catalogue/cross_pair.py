"""Against a reference pair, such as BTC/USD; null where the pair has none."""

from __future__ import annotations

from features import sources
from features.feature import Feature
from features.functions import change, close, lag, log, mean, positive, ratio, reference_close, sqrt

_OWN, _OTHER = log(close / lag(close, 1)), log(reference_close / lag(reference_close, 1))
_COVARIANCE = mean(_OWN * _OTHER, 60) - mean(_OWN, 60) * mean(_OTHER, 60)
#: Rounding can leave a variance of no movement a hair below zero.
_OWN_VARIANCE = positive(mean(_OWN * _OWN, 60) - mean(_OWN, 60) * mean(_OWN, 60))
_OTHER_VARIANCE = positive(mean(_OTHER * _OTHER, 60) - mean(_OTHER, 60) * mean(_OTHER, 60))

FEATURES: tuple[Feature, ...] = (
    Feature("reference_log_return_1", _OTHER, "ratio", "log return of the reference pair", sources.TSAY),
    *(
        Feature(
            f"reference_excess_return_{n}",
            change(close, n) - change(reference_close, n),
            "ratio",
            f"return_{n} minus that of the reference pair",
            sources.SHARPE,
        )
        for n in (1, 15, 60)
    ),
    Feature(
        "reference_correlation_60",
        ratio(_COVARIANCE, sqrt(_OWN_VARIANCE * _OTHER_VARIANCE)),
        "-1..1",
        "correlation of log returns of 60 bars; 0 where one does not move",
        sources.TSAY,
    ),
    Feature(
        "reference_beta_60",
        ratio(_COVARIANCE, _OTHER_VARIANCE),
        "level",
        "how far the pair goes when the reference pair goes one; 0 where that does not move",
        sources.SHARPE,
    ),
)
