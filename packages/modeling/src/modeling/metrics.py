"""How good probabilities are, and the naive forecasts a model must beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Returns = NDArray[np.float32] | Floats

#: Probabilities are kept this far from 0 and 1, where the log loss of one wrong sample is infinite.
_EDGE = 1e-6


def log_loss(y: Floats, p: Floats) -> float:
    """Return the mean of ``-ln`` of the probability given to what happened.

    Returns
    -------
    float
        In nats; 0 is best.

    Examples
    --------
    >>> round(log_loss(np.array([1.0, 0.0]), np.array([0.5, 0.5])), 4)
    0.6931
    """
    return float(np.mean(log_losses(y, p)))


def log_losses(y: Floats, p: Floats) -> Floats:
    """Return of each sample ``-ln`` of the probability given to what happened.

    Returns
    -------
    Floats
        Shape (samples,).
    """
    p = np.clip(p, _EDGE, 1 - _EDGE)
    losses: Floats = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    return losses


def log_odds(p: Floats) -> Floats:
    """Return the logits of probabilities, which are kept away from 0 and 1 as `log_losses` keeps them.

    Returns
    -------
    Floats
        Of the same shape; NaN where there is no probability.
    """
    p = np.clip(p, _EDGE, 1 - _EDGE)
    logits: Floats = np.log(p / (1 - p))
    return logits


def brier(y: Floats, p: Floats) -> float:
    """Return the mean squared error of the probabilities."""
    return float(np.mean((p - y) ** 2))


def accuracy(y: Floats, p: Floats) -> float:
    """Return the share of samples whose more likely side happened."""
    return float(np.mean((p > 0.5) == (y > 0.5)))


def report(y: Floats, p: Floats) -> dict[str, float]:
    """Return all of them, with the number of samples and how many of them went up.

    Returns
    -------
    dict[str, float]
        By the metric's name.
    """
    return {
        "log_loss": log_loss(y, p),
        "brier": brier(y, p),
        "accuracy": accuracy(y, p),
        "n": float(len(y)),
        "base_rate": float(np.mean(y)),
    }


def constant_forecast(y_train: Floats, count: int) -> Floats:
    """Return the base rate of the training part, `count` times: what knows nothing of the market now.

    Returns
    -------
    Floats
        Probabilities, shape (count,).
    """
    return np.full(count, float(np.mean(y_train)))


def momentum_forecast(y_train: Floats, last_return_train: Returns, last_return: Returns) -> Floats:
    """Return how often, in training, the close rose after a bar that rose, fell or stood still as the last one did.

    Each frequency is smoothed by one rise and one fall, so a side never seen in training says one half.

    Parameters
    ----------
    y_train
        Labels of the training part, shape (samples,): 1 where the close rose.
    last_return_train
        The last bar's return of each training sample, shape (samples,).
    last_return
        The same of the samples to forecast, shape (forecasts,).

    Returns
    -------
    Floats
        Probabilities, shape (forecasts,).
    """
    rates = {}
    for side in (-1.0, 0.0, 1.0):
        seen = y_train[np.sign(last_return_train) == side]
        rates[side] = (float(seen.sum()) + 1) / (len(seen) + 2)
    return np.array([rates[float(side)] for side in np.sign(last_return)])
