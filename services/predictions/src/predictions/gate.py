"""Whether a candidate may be served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

#: The forecast a candidate must beat; the other baselines are reported beside it.
GATE_BASELINE = "constant"

Outcome = Literal["passed", "failed"]


def judge(metrics: Mapping[str, float], baselines: Mapping[str, Mapping[str, float]]) -> tuple[Outcome, str]:
    """Return whether the candidate's log loss on validation is below the base rate's, and the figures."""
    candidate, bar = metrics["log_loss"], baselines[GATE_BASELINE]["log_loss"]
    outcome: Outcome = "passed" if candidate < bar else "failed"
    relation = "below" if outcome == "passed" else "not below"
    return outcome, f"validation log loss {candidate:.6f} is {relation} the base rate's {bar:.6f}"


def may_promote(outcome: Outcome, *, has_champion: bool, require_gate: bool) -> bool:
    """Return whether the candidate becomes champion.

    One that failed is promoted only if there is nothing else to serve and nobody forbade it.
    """
    return outcome == "passed" or not (has_champion or require_gate)
