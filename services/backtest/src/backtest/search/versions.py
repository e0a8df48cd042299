"""Versions of a model that a walk forward trains: each speaks of nothing that it, or what tuned it, has seen."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from backtest.search.folds import Fold
from backtest.search.job import Span
from contracts.errors import BadInputError
from contracts.timestamps import iso_utc_ms
from contracts.units import MS_PER_SECOND
from modeling.calibration import Calibrator, calibrated, fit_calibrator
from modeling.dataset import Dataset, Part
from modeling.novelty import Novelty, with_novelty
from modeling.onnx_model import OnnxModel
from modeling.recipe import Recipe, TooFewRowsError, as_seen_by, fit_recipe, forecast_of
from modeling.splits import Indices, walk_forward

Floats = NDArray[np.float64]
#: A stretch is searched on what versions said that were trained on its beginning: so many, the first after this part.
PARTS, FIRST = 3, 0.4
#: Versions of a fold: those for the search, and that for the test.
OF_FOLD = PARTS + 1
#: Samples without which nothing is trained.
LEAST_SAMPLES = 100
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Version:
    """A model of a fold.

    Parameters
    ----------
    number
        Counted over the whole walk, from 1.
    use
        Whether the search was made with what it said, or the test.
    onnx
        As it would be served.
    threshold
        Novelty above which it does not speak.
    trained_from_ms, trained_to_ms
        What bounds all bars that it has seen, labels included; end exclusive.
    samples
        How many it was fitted on.
    learned
        Whether it did better than the base rate on what tuned it.
    speaks
        Of which bars it is asked.

    Raises
    ------
    BadInputError
        If it is asked of a bar that it has seen.
    """

    number: int
    use: Literal["search", "test"]
    onnx: bytes = field(repr=False)
    threshold: float
    trained_from_ms: int
    trained_to_ms: int
    samples: int
    learned: bool
    speaks: Span

    def __post_init__(self) -> None:
        if self.speaks.from_ms < self.trained_to_ms:
            expected = f"predictions from {iso_utc_ms(self.trained_to_ms)} on, where its training ends"
            raise BadInputError(f"model version {self.number}", expected, iso_utc_ms(self.speaks.from_ms))

    @property
    def hash(self) -> str:
        """Of what would be served."""
        return hashlib.sha256(self.onnx).hexdigest()[:_DIGITS]

    def asked(self, part: Part) -> Indices:
        """Return the samples that it is asked of."""
        times = part.times_ms
        return np.flatnonzero((times >= self.speaks.from_ms) & (times < self.speaks.to_ms))

    def said(self, recipe: Recipe, part: Part) -> tuple[Floats, Floats]:
        """Return the probabilities and novelties of the samples that it is asked of."""
        model, chosen = OnnxModel(self.onnx), as_seen_by(recipe.kind, part.samples.at(self.asked(part)))
        return forecast_of(model.predict_many, chosen), forecast_of(model.novelty_many, chosen)


def versions_of(data: Dataset, recipe: Recipe, fold: Fold, before: int) -> list[Version]:
    """Train what a fold is searched on and tested with, on nothing but its own stretch to search on.

    The search may not see what a model says of bars that it was fitted on, which would be too good. So the stretch
    is walked forward itself: the versions of its parts speak of what came after each, and only the last version,
    that of the test, has seen all of it. It is calibrated by what they said, as one that is served.

    Parameters
    ----------
    data
        Of all bars.
    recipe
        How.
    fold
        Bars to search on, and those to try on.
    before
        How many versions there are.

    Returns
    -------
    list[Version]
        `OF_FOLD` of them, that of the test last.

    Raises
    ------
    TooFewRowsError
        If there are too few samples in a part.
    """
    span, reach = fold.train, data.times_ms + recipe.horizon_ms
    # A label that needs a bar behind the stretch was not known at its end.
    known = np.flatnonzero((data.times_ms >= span.from_ms) & (reach < span.to_ms))
    parts = list(walk_forward(data.times_ms[known], recipe.horizon_ms, PARTS, FIRST))
    if not parts or min(min(len(each.train), len(each.test)) for each in parts) < LEAST_SAMPLES:
        expected = f"{LEAST_SAMPLES} samples or more in each of {PARTS} parts of a fold to train on"
        raise TooFewRowsError(f"expected {expected}, was {len(known):,} samples in all: more bars, or fewer folds")
    begins = [int(data.times_ms[known[each.test]].min()) for each in parts]
    found: list[Version] = []
    tested, raw = np.empty(0, dtype=np.intp), np.empty(0)
    for part, (begin, end) in zip(parts, pairwise([*begins, span.to_ms]), strict=True):
        number, tuned = before + len(found) + 1, _calibrator(data, recipe, tested, raw)
        version, said = _version(data, recipe, known[part.train], known[part.test], tuned, number, Span(begin, end))
        found.append(version)
        tested, raw = np.concatenate([tested, known[part.test]]), np.concatenate([raw, said])
    number, tuned = before + len(found) + 1, _calibrator(data, recipe, tested, raw)
    last, _ = _version(data, recipe, known, known[:0], tuned, number, fold.test, "test")
    return [*found, last]


def _version(
    data: Dataset,
    recipe: Recipe,
    seen: Indices,
    asked: Indices,
    tuned: Calibrator | None,
    number: int,
    speaks: Span,
    use: Literal["search", "test"] = "search",
) -> tuple[Version, Floats]:
    """Return a version fitted on `seen`, and what it says of `asked` before it is calibrated."""
    fitted = fit_recipe(recipe, data, seen, lambda *_: None)
    said = forecast_of(OnnxModel(fitted.onnx).predict_many, as_seen_by(recipe.kind, data.samples.at(asked)))
    samples = as_seen_by(recipe.kind, data.samples.at(seen))
    novelty = Novelty.of(samples)
    served = with_novelty(calibrated(fitted, tuned), novelty)
    times, interval_ms = data.times_ms[seen], recipe.interval_s * MS_PER_SECOND
    version = Version(
        number,
        use,
        served.onnx,
        # What is usual is asked of the samples alone: the table of bars is that of the whole history.
        novelty.threshold(samples),
        int(times.min()),
        int(times.max()) + recipe.horizon_ms + interval_ms,
        len(seen),
        fitted.learned,
        speaks,
    )
    return version, said


def _calibrator(data: Dataset, recipe: Recipe, tested: Indices, raw: Floats) -> Calibrator | None:
    return fit_calibrator(data.times_ms[tested], data.samples.y[tested], raw, recipe.horizon_bars)
