"""Metrics of forecasts by pair, by fold and by confidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from modeling.metrics import report

Floats = NDArray[np.float64]
#: Of a group: metric -> number.
Metrics = dict[str, float]

#: Lower ends of the bins of confidence; the last one is open.
CONFIDENCE_BINS = (0.5, 0.52, 0.54, 0.56, 0.6, 0.65, 0.7, 0.8)


def breakdown(
    y: Floats, forecast: Floats, groups: Mapping[str, Sequence[str] | NDArray[np.str_]]
) -> dict[str, dict[str, Metrics]]:
    """Return the metrics of the samples of each group.

    Parameters
    ----------
    y, forecast
        What happened, and the probabilities.
    groups
        By what to group, and of each sample its group.

    Returns
    -------
    dict[str, dict[str, Metrics]]
        By what is grouped, then by group; ``confidence`` is always among them.

    Examples
    --------
    >>> found = breakdown(np.array([1.0, 0.0]), np.array([0.53, 0.9]), {"pair": ["BTC/USD", "ETH/USD"]})
    >>> found["pair"]["BTC/USD"]["accuracy"], found["confidence"]["0.80"]["accuracy"]
    (1.0, 0.0)
    """
    confidence = np.maximum(forecast, 1 - forecast)
    bins = np.array([f"{low:.2f}" for low in CONFIDENCE_BINS])
    of_bin = bins[np.searchsorted(CONFIDENCE_BINS, confidence, side="right") - 1]
    found: dict[str, dict[str, Metrics]] = {}
    for name, members in {**groups, "confidence": of_bin}.items():
        group = np.asarray(members)
        found[name] = {str(each): report(y[group == each], forecast[group == each]) for each in np.unique(group)}
    return found
