"""What a search makes as large as it can: always after costs, and never of a handful of trades."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from backtest.achieved import Achieved

#: By the name it is asked for with.
OBJECTIVES: Mapping[str, Callable[[Achieved], float]] = {
    "sharpe": lambda found: found.sharpe_a_year,
    "return": lambda found: found.return_pct,
    "calmar": lambda found: found.return_pct / max(found.max_drawdown_pct, 0.1),
}
#: Below everything that an objective says; more trades are nearer to enough.
_TOO_FEW = -1e9


def score(objective: str, found: Achieved, least_trades: int) -> float:
    """Return what a try is worth to the search.

    Parameters
    ----------
    objective
        A name of `OBJECTIVES`.
    found
        What it came to.
    least_trades
        Round trips below which it is worth less than any other.

    Returns
    -------
    float
        The more the better.
    """
    if found.round_trips < least_trades:
        return _TOO_FEW + found.round_trips
    return OBJECTIVES[objective](found)


def has_enough(value: float) -> bool:
    """Return whether a score is that of a try with enough trades.

    Returns
    -------
    bool
        False if it can win nothing.
    """
    return value > _TOO_FEW / 2
