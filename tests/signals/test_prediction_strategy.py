"""The strategy `prediction` decides what signals decided before there were strategies."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signals.prediction_stream import prediction

from contracts.account import Account
from contracts.prediction import Prediction
from contracts.state import MemoryState
from signals.core.decide import step
from signals.deciders import decider_of

DECISIONS = {1: "buy", -1: "sell"}


def decided_before(said: Prediction, account: Account, last_ms: int | None) -> tuple[str, str]:
    """What was written here before: the decision and its reason."""
    if said.reason != "ok":
        return "none", said.reason
    if said.direction == 0 or said.confidence is None:
        return "none", "no_direction"
    if said.confidence < account.minimum_confidence:
        return "none", "below_confidence"
    if last_ms is not None and (said.window_start_ms - last_ms) // 60_000 - 1 < account.cooldown_bars:
        return "none", "cooldown"
    return DECISIONS[said.direction], "confident"


probabilities = st.one_of(st.none(), st.floats(0, 1), st.sampled_from([0.0, 0.45, 0.5, 0.55, 0.6, 1.0]))
gaps: dict[str, Any] = {"reason": "gap", "mark_quality": "gap"}


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(probabilities, st.booleans()), min_size=1, max_size=30),
    st.one_of(st.sampled_from([0.5, 0.55, 0.6, 1.0]), st.floats(0.5, 1)),
    st.integers(0, 4),
)
def test_decides_as_before(said: list[tuple[float | None, bool]], minimum: float, cooldown: int) -> None:
    account = Account(name="a", pairs=("BTC/USD",), minimum_confidence=minimum, cooldown_bars=cooldown)
    decider, state = decider_of(account), MemoryState()
    last_ms: int | None = None
    for minute, (up, gap) in enumerate(said):
        each = prediction(minute, None, **gaps) if gap else prediction(minute, up)
        (signal,) = step(state, each, [decider], 300)
        expected = decided_before(each, account, last_ms)
        assert (signal.decision, signal.reason) == expected
        assert signal.target == {"buy": 1, "sell": 0}.get(expected[0], signal.target)
        last_ms = each.window_start_ms if signal.decision != "none" else last_ms
