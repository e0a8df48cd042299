"""A recipe: a kind of model with its hyperparameters, fitted on whatever part of history it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from contracts.counted import counted
from contracts.errors import TradestreamError
from contracts.units import MS_PER_SECOND
from modeling.dataset import Dataset, Samples
from modeling.hyperparameter import Number, resolved
from modeling.kind import Fitted, ModelKind, OnEpoch
from modeling.splits import Indices, hold_out


class TooFewRowsError(TradestreamError):
    """There is not enough history to train on."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is made; what it is made of comes beside it.

    Parameters
    ----------
    kind
        Which kind of model.
    interval_s, horizon_bars
        Length of a bar, seconds, and how many bars ahead it looks.
    tune_fraction
        Last part of what it is fitted on, which only says when to stop or what to choose.
    seed, epochs
        Of all chance, and the most epochs of a neural network.
    hyperparameters
        Of the kind; what is not given is as the kind has it by default.

    Raises
    ------
    BadInputError
        Naming a hyperparameter that the kind does not have, or whose value it does not take.
    """

    kind: ModelKind
    interval_s: int
    horizon_bars: int
    tune_fraction: float = 0.1
    seed: int = 7
    epochs: int = 20
    hyperparameters: Mapping[str, Number] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        every = resolved(self.kind.name, self.kind.hyperparameters, self.hyperparameters)
        object.__setattr__(self, "hyperparameters", every)

    @property
    def horizon_ms(self) -> int:
        """How far a label reaches ahead."""
        return self.horizon_bars * self.interval_s * MS_PER_SECOND


def fit_recipe(recipe: Recipe, data: Dataset, part: Indices, on_epoch: OnEpoch) -> Fitted:
    """Fit a recipe on a part of `data`, whose last tenth or so only says when to stop or what to choose.

    Parameters
    ----------
    recipe
        How.
    data, part
        Samples, and the indices of those it may see.
    on_epoch
        Told how far it is.

    Returns
    -------
    Fitted
        The same bytes for the same samples.

    Raises
    ------
    TooFewRowsError
        If there are no rises, or no falls, to learn from or to choose by.
    """
    kind = recipe.kind
    seen = part[data.run_lengths[part] >= kind.sequence_length]
    train, tune = (
        as_seen_by(kind, data.samples.at(seen[each]))
        for each in hold_out(data.times_ms[seen], recipe.horizon_ms, recipe.tune_fraction)
    )
    for name, samples in (("train", train), ("tune", tune)):
        if len(np.unique(samples.y)) < 2:
            found = counted(len(samples), "sample")
            raise TooFewRowsError(f"expected rises and falls in the {name} part, was {found} of one kind")
    return kind.load()(
        *(train, tune),
        seed=recipe.seed,
        epochs=recipe.epochs,
        on_epoch=on_epoch,
        hyperparameters={**recipe.hyperparameters, **_learned(recipe, data, seen, on_epoch)},
    )


def _learned(recipe: Recipe, data: Dataset, seen: Indices, on_epoch: OnEpoch) -> Mapping[str, Number]:
    """Return the hyperparameters that a kind learns of what it may see, on folds of that."""
    if not recipe.kind.learns:
        return {}
    learned: Mapping[str, Number] = import_module(recipe.kind.learns).learn(recipe, data, seen, on_epoch)
    return learned


def as_seen_by(kind: ModelKind, samples: Samples) -> Samples:
    """Return the same samples with sequences as long as `kind` takes.

    Returns
    -------
    Samples
        They share the bars.
    """
    return Samples(samples.bars, samples.ends, kind.sequence_length, samples.y)


def forecast_of(model: Callable[[NDArray[np.float32]], NDArray[np.float64]], part: Samples) -> NDArray[np.float64]:
    """Return what `model` says of `part`, some thousand samples at a time.

    Returns
    -------
    NDArray[np.float64]
        Shape (samples,).
    """
    return np.concatenate([model(x) for x in part.chunks()] or [np.empty(0)])
