"""Whether a candidate may be served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

#: The forecast a candidate must beat; the other baselines are reported beside it.
GATE_BASELINE = "constant"

Outcome = Literal["passed", "failed"]


@dataclass(frozen=True, slots=True)
class ChampionComparison:
    """Log losses of candidate and champion on the same samples, none of which has shaped either.

    Parameters
    ----------
    champion_version
        Whom the candidate meets.
    candidate, champion
        Their log losses.
    samples
        How many there are.
    """

    champion_version: int
    candidate: float
    champion: float
    samples: int


def judge(
    metrics: Mapping[str, float],
    baselines: Mapping[str, Mapping[str, float]],
    comparison: ChampionComparison | None = None,
) -> tuple[Outcome, str]:
    """Return whether the candidate's log loss is below the base rate's and the champion's, and the figures.

    Parameters
    ----------
    metrics
        The candidate's, with ``log_loss``.
    baselines
        Metrics of each naive forecast on the same samples, by name.
    comparison
        None if there is no champion it can be compared with.

    Returns
    -------
    tuple[Outcome, str]
        The outcome, and a sentence with the figures.
    """
    candidate, bar = metrics["log_loss"], baselines[GATE_BASELINE]["log_loss"]
    beats = candidate < bar
    reason = f"validation log loss {candidate:.6f} is {_relation(beats)} the base rate's {bar:.6f}"
    if comparison is not None:
        wins = comparison.candidate < comparison.champion
        beats = beats and wins
        reason += (
            f"; on {comparison.samples} common samples {comparison.candidate:.6f} is {_relation(wins)} "
            f"version {comparison.champion_version}'s {comparison.champion:.6f}"
        )
    return ("passed" if beats else "failed"), reason


def _relation(beats: bool) -> str:
    return "below" if beats else "not below"


def may_promote(outcome: Outcome, *, has_champion: bool, require_gate: bool) -> bool:
    """Return whether the candidate becomes champion.

    One that failed is promoted only if there is nothing else to serve and nobody forbade it.

    Parameters
    ----------
    outcome
        What `judge` found.
    has_champion
        Whether a version is served already.
    require_gate
        Whether somebody forbade it.

    Returns
    -------
    bool
        True to promote.
    """
    return outcome == "passed" or not (has_champion or require_gate)
