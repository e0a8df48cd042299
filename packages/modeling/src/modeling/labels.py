"""What a model learns to foresee: which of two things happens within the horizon, if one of them does.

Each label is 1 or -1 for the two, 0 where neither happened and NaN where it is not known. A bar of label 0 is no
sample, so a model's probability is that of the upper one given that it is one of the two, whichever label it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from contracts.errors import BadInputError
from modeling.triple_barrier import PairBars, barriers, touched, triple_barrier

Floats = NDArray[np.float64]
LabelName = Literal["rise", "net", "triple_barrier"]


def round_trip(cost_bps: float) -> float:
    """Return the log return that buying and selling costs, each `cost_bps`: a move of that much leaves nothing.

    Returns
    -------
    float
        What the gate takes off for the two sides.

    Examples
    --------
    >>> round_trip(42.0)
    0.0084
    """
    return 2 * cost_bps / 10_000


def forward_log_returns(
    times_ms: NDArray[np.int64], closes: NDArray[np.float64], horizon_ms: int
) -> NDArray[np.float64]:
    """Return ``ln(close[t + horizon] / close[t])`` of each bar of one pair.

    Parameters
    ----------
    times_ms
        Starts of the bars' windows, ascending.
    closes
        Their closes; NaN where the bar is part of a gap.
    horizon_ms
        How far ahead, in time and not in rows: a hole does not shift a label.

    Returns
    -------
    ndarray of shape (bars,)
        NaN where the bar that much later does not exist, or where either close is NaN.

    Examples
    --------
    >>> forward_log_returns(np.array([0, 60, 180]), np.array([1.0, 2.0, 2.0]), 60)
    array([0.69314718,        nan,        nan])
    """
    return np.log(later(times_ms, closes, horizon_ms) / closes)


def beyond(log_returns: Floats, cost_bps: float) -> Floats:
    """Return on which side of a round trip's costs moves are: 1 above, -1 below, 0 within.

    Returns
    -------
    Floats
        NaN where a move is not known.
    """
    return np.where(np.abs(log_returns) <= round_trip(cost_bps), 0.0, np.sign(log_returns))


def later(times_ms: NDArray[np.int64], values: NDArray[np.float64], by_ms: int) -> NDArray[np.float64]:
    """Return the value of the bar that begins `by_ms` later, NaN where there is none."""
    if len(times_ms) == 0:
        return np.empty(0, dtype=np.float64)
    wanted = times_ms + by_ms
    at = np.minimum(np.searchsorted(times_ms, wanted), len(times_ms) - 1)
    return np.where(times_ms[at] == wanted, values[at], np.nan)


@dataclass(frozen=True, slots=True)
class LabelRule:
    """Which label, and the numbers it depends on; part of a model's card.

    Parameters
    ----------
    name
        Which one.
    cost_bps
        Of ``net``: what a side of a round trip costs, basis points.
    barrier_width
        Of ``triple_barrier``: how far the barriers are from the close, in expected deviations over the horizon.

    Raises
    ------
    BadInputError
        If a number that the label depends on is not there.
    """

    name: LabelName = "rise"
    cost_bps: float | None = None
    barrier_width: float | None = None

    def __post_init__(self) -> None:
        needed = LABELS[self.name].depends_on
        if needed is not None and getattr(self, needed) is None:
            raise BadInputError(needed, f"a number, for label {self.name}", None)

    @property
    def zero(self) -> str:
        """Why a bar of label 0 is no sample, as `modeling.unused` counts it."""
        return LABELS[self.name].zero

    @property
    def trades_zeros(self) -> bool:
        """Whether the gate lets a model trade bars of label 0 too, as it will when it is served."""
        return LABELS[self.name].trades_zeros

    def of(self, bars: PairBars, horizon_bars: int) -> Floats:
        """Return the labels of one pair's bars.

        Returns
        -------
        ndarray of shape (bars,)
            1, -1, 0 or NaN; none depends on a bar after its horizon.
        """
        return LABELS[self.name].of(self, bars, horizon_bars)

    def outcomes(self, bars: PairBars, horizon_bars: int) -> dict[int, bool]:
        """Return of one pair's bars, by the start of the window, whether the upper of the two things came.

        Returns
        -------
        dict[int, bool]
            Without the bars of which neither came, or of which that is not known.
        """
        came = self.of(bars, horizon_bars)
        known = np.flatnonzero(np.abs(came) == 1)
        return dict(zip(bars.times_ms[known].tolist(), (came[known] > 0).tolist(), strict=True))

    @property
    def has_barriers(self) -> bool:
        """Whether any bar up to the horizon may decide, not the close at the horizon alone."""
        return self.barrier_width is not None

    def barriers_of_last(self, bars: PairBars, horizon_bars: int) -> tuple[float, float] | None:
        """Return the lower and the upper barrier of the last of `bars`, for who judges bar by bar.

        Returns
        -------
        tuple[float, float] | None
            None where the label is not known whatever comes: there is no volatility.
        """
        lower, upper = barriers(bars, horizon_bars, self.barrier_width or 0.0)
        return None if np.isnan(upper[-1]) else (float(lower[-1]), float(upper[-1]))

    def at_horizon(self, close: float, later: float) -> int:
        """Return the label of a bar that closed at `close`, given the close at its horizon; not for barriers.

        Returns
        -------
        int
            1, -1, or 0 for neither.

        Examples
        --------
        >>> [LabelRule("net", cost_bps=42.0).at_horizon(100.0, later) for later in (100.8, 100.9)]
        [0, 1]
        """
        return int(beyond(np.log(np.float64(later) / close), self.cost_bps or 0.0))


@dataclass(frozen=True, slots=True)
class Label:
    """A label as the table `LABELS` has it.

    Parameters
    ----------
    of
        Rule, bars and horizon in, labels out.
    zero
        Why a bar of label 0 is no sample.
    depends_on
        The field of `LabelRule` that it needs.
    trades_zeros
        Whether bars of label 0 are traded where a recipe is judged. Which bars those are is known afterwards only,
        and to leave them out would spare a model the fees of all that came to nothing. Of ``rise`` they are the
        closes that did not move at all: nothing is won or lost there.
    """

    of: Callable[[LabelRule, PairBars, int], Floats]
    zero: str
    depends_on: Literal["cost_bps", "barrier_width"] | None = None
    trades_zeros: bool = True


def first_touch(low: float, high: float, lower: float, upper: float) -> int:
    """Return which barrier a bar reaches: 1 the upper, -1 the lower or both, 0 none.

    Parameters
    ----------
    low, high
        Of the bar.
    lower, upper
        The barriers.

    Returns
    -------
    int
        As `modeling.triple_barrier.touched` says of many.
    """
    of_one = (np.array(each, dtype=np.float64) for each in (low, high, lower, upper))
    return int(touched(*of_one))


def _rise(rule: LabelRule, bars: PairBars, horizon_bars: int) -> Floats:
    """Whether the close at the horizon is higher or lower.

    A close that did not move is neither: counted as "not up" it would teach a model of a quiet market that prices
    fall, with a confidence that only says how quiet the market is.
    """
    return beyond(forward_log_returns(bars.times_ms, bars.closes, horizon_bars * bars.interval_ms), 0.0)


def _net(rule: LabelRule, bars: PairBars, horizon_bars: int) -> Floats:
    """Whether the close at the horizon is beyond a round trip of costs, up or down."""
    returns = forward_log_returns(bars.times_ms, bars.closes, horizon_bars * bars.interval_ms)
    return beyond(returns, rule.cost_bps or 0.0)


def _triple_barrier(rule: LabelRule, bars: PairBars, horizon_bars: int) -> Floats:
    return triple_barrier(bars, horizon_bars, rule.barrier_width or 0.0)


#: Every label.
LABELS: Mapping[LabelName, Label] = {
    "rise": Label(_rise, "did_not_move", trades_zeros=False),
    "net": Label(_net, "within_costs", "cost_bps"),
    "triple_barrier": Label(_triple_barrier, "no_touch", "barrier_width"),
}

#: What is foreseen unless told otherwise.
RISE = LabelRule()
