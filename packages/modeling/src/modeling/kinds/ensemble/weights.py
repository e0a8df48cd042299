"""How much each member's word counts, learned from what members say out of sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from modeling.dataset import Dataset
from modeling.hyperparameter import Number
from modeling.kind import OnEpoch
from modeling.kinds.ensemble import INNER_FOLDS, LSTM_WEIGHT, MEMBERS
from modeling.metrics import log_odds
from modeling.onnx_model import OnnxModel
from modeling.recipe import Recipe, as_seen_by, fit_recipe, forecast_of
from modeling.splits import Indices, walk_forward

Floats = NDArray[np.float64]

#: Part of the time before the first inner fold: members must have something to learn from.
_FIRST_FRACTION = 0.4
#: Halvings of the interval in which the weight lies: it is known to a millionth.
_HALVINGS = 20


def learn(recipe: Recipe, data: Dataset, part: Indices, on_epoch: OnEpoch) -> Mapping[str, Number]:
    """Return the weight of the first member that does best on inner folds of `part`; nothing if it is told.

    `part` is what an ensemble is fitted on, and all that is looked at. Its folds walk forward, so each forecast
    that a weight is learned from is of a member that was fitted on what came before. Members fitted on the very
    samples would have weights by how well they remember.

    Parameters
    ----------
    recipe
        Of the ensemble, which says how many inner folds there are.
    data, part
        Samples, and the indices of those it may see.
    on_epoch
        Told how far each member is.

    Returns
    -------
    Mapping[str, Number]
        The hyperparameter that is learned.

    Raises
    ------
    TooFewRowsError
        If an inner fold has no rises, or no falls, to learn from.
    """
    folds = int(recipe.hyperparameters[INNER_FOLDS])
    if folds == 0:
        return {}
    members = [replace(recipe, kind=kind, hyperparameters={}) for kind in MEMBERS]
    said, y = [], []
    for fold in walk_forward(data.times_ms[part], recipe.horizon_ms, folds, _FIRST_FRACTION):
        train, test = part[fold.train], part[fold.test]
        said.append(np.array([_logits(member, data, train, test, on_epoch) for member in members]))
        y.append(data.samples.y[test])
    first, second = np.concatenate(said, axis=1)
    return {LSTM_WEIGHT: best_weight(np.concatenate(y), first, second)}


def _logits(member: Recipe, data: Dataset, train: Indices, test: Indices, on_epoch: OnEpoch) -> Floats:
    """Return what a member that was fitted on `train` says of `test`, as the graph that is served says it."""
    fitted = fit_recipe(member, data, train, on_epoch)
    judged = as_seen_by(member.kind, data.samples.at(test))
    return log_odds(forecast_of(OnnxModel(fitted.onnx).predict_many, judged))


def best_weight(y: Floats, first: Floats, second: Floats) -> float:
    """Return the weight `w` in 0..1 of least log loss of the logits ``w * first + (1 - w) * second``.

    The loss is convex in it, so its slope, ``mean((p - y) * (first - second))``, is zero once: halving finds it.

    Parameters
    ----------
    y
        What happened, 1 or 0.
    first, second
        Logits of two members.

    Returns
    -------
    float
        At an end where the loss falls all the way there; the middle of two that say the same.

    Examples
    --------
    >>> best_weight(np.array([1.0, 0.0]), np.array([1.0, -1.0]), np.array([-1.0, 1.0]))
    1.0
    """

    def slope(weight: float) -> float:
        p = 1 / (1 + np.exp(-(weight * first + (1 - weight) * second)))
        return float(np.mean((p - y) * (first - second)))

    low, high = 0.0, 1.0
    if slope(high) < 0:
        return high
    if slope(low) > 0:
        return low
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return round((low + high) / 2, 6)
