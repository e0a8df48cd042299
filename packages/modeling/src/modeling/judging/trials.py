"""What was tried before: each try on the same windows makes luck more likely."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

#: Probability that one of all tries ever on overlapping windows passes for nothing.
FAMILY_LEVEL: Final = 0.01


@dataclass(frozen=True, slots=True)
class Trial:
    """One try: a model that was judged, or a strategy that was run over a history.

    Parameters
    ----------
    name
        Which one, for people.
    from_ms, to_ms
        The windows that judged it, end exclusive.
    sharpe
        Of its net returns, per window; None if nobody computed it.
    count
        How many tries it stands for: a search counts each setting that it looked at.
    """

    name: str
    from_ms: int
    to_ms: int
    sharpe: float | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Tries:
    """All tries whose windows overlap with those of a new one, the new one included.

    Parameters
    ----------
    count
        How many.
    sharpe_variance
        Of their Sharpe ratios, as far as known.
    """

    count: int
    sharpe_variance: float

    @property
    def level(self) -> float:
        """The p that the newest may have: ``FAMILY_LEVEL / (n * (n + 1))``; over all n it adds up to the family's."""
        return FAMILY_LEVEL / (self.count * (self.count + 1))


def tries(trial: Trial, earlier: Iterable[Trial]) -> Tries:
    """Count `trial` among the `earlier` ones that were judged on windows of its own.

    Returns
    -------
    Tries
        At least one.

    Examples
    --------
    >>> before = [Trial("a", 0, 100), Trial("b", 200, 300)]
    >>> tries(Trial("c", 50, 150), before)
    Tries(count=2, sharpe_variance=0.0)
    """
    same = [each for each in earlier if each.from_ms < trial.to_ms and trial.from_ms < each.to_ms]
    ratios = [each.sharpe for each in (*same, trial) if each.sharpe is not None]
    variance = float(np.var(ratios, ddof=1)) if len(ratios) > 1 else 0.0
    return Tries(trial.count + sum(each.count for each in same), variance)
