"""Two versions that spoke of the same windows, side by side: how much better the one is, and how surely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from modeling.judging.evidence import Floats, long_run_variance, per_window
from modeling.metrics import log_losses

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SideBySide:
    """How a challenger did beside the champion.

    Parameters
    ----------
    samples
        Predictions of both whose horizon has passed and whose close moved.
    times
        Distinct times of those.
    champion_log_loss, challenger_log_loss
        Mean over the times, each the mean of its pairs: less is better.
    gain, error
        By how much the challenger's is less, and the standard error of that (Newey-West over the times, lags of two
        horizons): None of fewer times than four horizons.
    champion_hit_rate, challenger_hit_rate
        Share of samples whose more likely side happened.
    """

    samples: int
    times: int
    champion_log_loss: float
    challenger_log_loss: float
    gain: float
    error: float | None
    champion_hit_rate: float
    challenger_hit_rate: float


def side_by_side(
    times_ms: NDArray[np.int64], champion: Floats, challenger: Floats, rose: NDArray[np.bool_], horizon_bars: int
) -> SideBySide | None:
    """Hold the probabilities of two versions against what came.

    Parameters
    ----------
    times_ms
        Of each sample the window's start: several pairs share it.
    champion, challenger
        Their probabilities of a rise.
    rose
        What came.
    horizon_bars
        How far both look ahead.

    Returns
    -------
    SideBySide | None
        None of no samples.

    Examples
    --------
    >>> found = side_by_side(np.array([0, 0]), np.array([0.5, 0.5]), np.array([0.8, 0.4]), np.array([True, False]), 5)
    >>> round(found.gain, 4), found.error, found.challenger_hit_rate
    (0.3262, None, 1.0)
    """
    if not len(times_ms):
        return None
    y = rose.astype(np.float64)
    losses = [per_window(times_ms, log_losses(y, up)) for up in (champion, challenger)]
    gains = losses[0] - losses[1]
    error = None
    if len(gains) > 4 * horizon_bars:
        error = float(np.sqrt(long_run_variance(gains, 2 * horizon_bars) / len(gains)))
    hits = [float(np.mean((up > 0.5) == rose)) for up in (champion, challenger)]
    return SideBySide(
        samples=len(times_ms),
        times=len(gains),
        champion_log_loss=float(losses[0].mean()),
        challenger_log_loss=float(losses[1].mean()),
        gain=float(gains.mean()),
        error=error,
        champion_hit_rate=hits[0],
        challenger_hit_rate=hits[1],
    )
