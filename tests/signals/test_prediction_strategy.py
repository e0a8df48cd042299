"""The strategy `prediction`: enters above the floor, leaves when no rise is expected."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signals.market_stream import Accounts, prediction, row

from contracts.account import Account
from contracts.prediction import Prediction


def expected(said: Prediction, minimum_confidence: float) -> tuple[str, str]:
    """What it should decide, in plain words of Python."""
    if said.reason != "ok":
        return "none", said.reason
    if said.probability_up is None or said.probability_up == 0.5:
        return "none", "no_direction"
    if said.probability_up < 0.5:
        return "sell", "confident"
    return ("buy", "confident") if said.probability_up >= minimum_confidence else ("none", "below_confidence")


probabilities = st.one_of(st.none(), st.floats(0, 1), st.sampled_from([0.0, 0.45, 0.5, 0.55, 0.6, 1.0]))


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(probabilities, st.booleans()), min_size=1, max_size=30),
    st.one_of(st.sampled_from([0.5, 0.55, 0.6, 1.0]), st.floats(0.5, 1)),
)
def test_decides_as_it_says(said: list[tuple[float | None, bool]], minimum: float) -> None:
    accounts = Accounts(Account(name="a", pairs=("BTC/USD",), minimum_confidence=minimum))
    for minute, (up, gap) in enumerate(said):
        each = prediction(minute, None, reason="gap") if gap else prediction(minute, up)
        candle = row(minute, quality="gap" if gap else "complete")
        (signal,) = accounts.signals([candle, each])
        decision, reason = expected(each, minimum)
        assert (signal.decision, signal.reason) == (decision, reason)
        assert signal.target == {"buy": 1, "sell": 0, "none": None}[decision]
