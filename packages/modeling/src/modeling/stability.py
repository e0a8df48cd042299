"""Population stability: how far what a model sees and says is spread otherwise than in training, number by number."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Bins of as many training rows each, where values are not tied.
BINS: Final = 10
#: Of a share: a bin that nobody fell into says that it is rare, not that it is impossible.
_LEAST_SHARE = 1e-4
#: Rows of a block of the training data, about as many as two windows of `model-quality` have.
BLOCK: Final = 400
#: Rows from the start of one block to that of the next.
_STRIDE = 50
#: A window is shifted if its index is this many times that of the farthest block of the training data. Slow inputs
#: have few independent blocks in two days, so the farthest of them is soon surpassed (`make psi-study`).
MARGIN: Final = 4.0
#: What the spread of a model's probabilities is called beside those of its inputs.
SAID: Final = "probability_up"
#: Of an index with no block to measure by: what is commonly called a major shift.
_MAJOR = 0.25
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Spread:
    """How the values of one number are spread over training rows.

    Parameters
    ----------
    name
        Of an input, or of what is said.
    edges
        Where a bin ends and the next begins, ascending; a value on an edge is of the upper one.
    shares
        Of the training rows, by bin: one more than edges.
    limit
        Index above which a window is spread otherwise than any part of the training data was.
    """

    name: str
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    limit: float

    @classmethod
    def of(cls, name: str, blocks: Sequence[Floats]) -> Spread:
        """Return that of training rows.

        Markets have quiet nights and loud ones: a block of hours is always spread otherwise than the whole. So the
        limit is not a number for all, it is `MARGIN` times what the farthest block of the training data has.

        Parameters
        ----------
        name
            Of the number.
        blocks
            Its values by pair, in the order of time.

        Returns
        -------
        Spread
            Of all of them.
        """
        every = np.concatenate(blocks)
        quantiles = np.quantile(every, np.arange(1, BINS) / BINS, method="higher")  # values that there are
        edges = np.unique(quantiles)
        edges = edges[edges > every.min()]  # below the least value nobody is
        counts = np.bincount(_bins(edges, every), minlength=len(edges) + 1)
        shares = tuple((counts / counts.sum()).tolist())
        farthest = max((_farthest(edges, shares, values) for values in blocks), default=0.0)
        limit = MARGIN * farthest if farthest > 0 else _MAJOR
        return cls(name=name, edges=tuple(edges.tolist()), shares=shares, limit=round(limit, _DIGITS))

    def bin_of(self, value: float) -> int:
        """Return which bin a value is in.

        Returns
        -------
        int
            From 0.
        """
        return bisect_right(self.edges, value)

    def index(self, counts: Sequence[int]) -> float:
        """Return the population stability index of a window.

        Parameters
        ----------
        counts
            Of the window's values, by bin.

        Returns
        -------
        float
            0 where they are spread as in training.
        """
        return round(stability_index(self.shares, counts), _DIGITS)


def spreads(names: Sequence[str], inputs: Floats, said: Floats, pairs: Integers) -> tuple[Spread, ...]:
    """Return how each input, and at last what a model says, is spread over training rows.

    Parameters
    ----------
    names
        Of the inputs.
    inputs, said, pairs
        Of each row, shape (rows, inputs), the probability that the model itself says, and its pair; a pair's rows in
        the order of time. Models of other folds say other things, and were no measure of this one.

    Returns
    -------
    tuple[Spread, ...]
        One more than inputs.
    """
    of_inputs = [Spread.of(name, _by_pair(inputs[:, place], pairs)) for place, name in enumerate(names)]
    return (*of_inputs, Spread.of(SAID, _by_pair(said, pairs)))


def _by_pair(values: Floats, pairs: Integers) -> list[Floats]:
    return [values[pairs == pair] for pair in np.unique(pairs)]


def stability_index(shares: Sequence[float], counts: Sequence[int]) -> float:
    """Return ``sum((a - e) * ln(a / e))`` over the bins: Kullback and Leibler's divergence, both ways.

    Parameters
    ----------
    shares
        What is expected (e).
    counts
        What came, of which a are the shares.

    Returns
    -------
    float
        At least 0; no share is taken for less than one in ten thousand.

    References
    ----------
    Siddiqi, Credit Risk Scorecards (2006): below 0.1 no shift, above 0.25 a major one, of independent rows.

    Examples
    --------
    >>> round(stability_index([0.5, 0.5], [30, 70]), 4)
    0.1695
    """
    expected = np.maximum(np.asarray(shares, dtype=np.float64), _LEAST_SHARE)
    came = np.maximum(np.asarray(counts, dtype=np.float64) / sum(counts), _LEAST_SHARE)
    return float(np.sum((came - expected) * np.log(came / expected)))


def _bins(edges: Floats, values: Floats) -> Integers:
    return np.searchsorted(edges, values, side="right").astype(np.int64)


def _farthest(edges: Floats, shares: Sequence[float], values: Floats) -> float:
    """Return the greatest index of any block of one pair; of all its rows where they are fewer than a block."""
    bins = _bins(edges, values)
    starts = range(0, max(1, len(bins) - BLOCK + 1), _STRIDE)
    counts = (np.bincount(bins[start : start + BLOCK], minlength=len(shares)) for start in starts)
    return max((stability_index(shares, of_block.tolist()) for of_block in counts if of_block.sum()), default=0.0)
