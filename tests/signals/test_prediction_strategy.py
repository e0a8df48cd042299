"""The strategy `prediction` decides what signals decides, so accounts can be moved to strategies without a change."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.account import Account
from contracts.prediction import Prediction
from features.bars import Bar
from signals.core.reason import reason
from strategies.built_in import STRATEGIES
from strategies.running import Stream

BAR = Bar(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
#: What today's decisions are as targets.
TARGETS = {1: 1, -1: 0}


def prediction(up: float | None, why: str) -> Prediction:
    """What a model says, as the predictions service writes it."""
    known = why == "ok" and up is not None
    said = SimpleNamespace(
        probability_up=up if known else None,
        confidence=max(up, 1 - up) if known and up is not None else None,
        direction=(1 if up > 0.5 else -1 if up < 0.5 else 0) if known and up is not None else 0,
        reason=why if known else "not_warm",
    )
    return cast(Prediction, said)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(
    st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.45, 0.5, 0.55, 1.0]), st.none()),
    st.sampled_from(["ok", "gap"]),
    st.one_of(st.sampled_from([0.5, 0.55, 0.6, 1.0]), st.floats(0.5, 1)),
)
def test_decides_as_signals_does(up: float | None, why: str, minimum: float) -> None:
    said = prediction(up, why)
    account = Account(name="a", pairs=("BTC/USD",), minimum_confidence=minimum, cooldown_bars=0)
    expected = TARGETS[said.direction] if reason(said, account, None) == "confident" else None
    stream = Stream(STRATEGIES["prediction"].made({"minimum_confidence": minimum}))
    values = {
        f"direction.{name}": math.nan if value is None else float(value)
        for name in ("probability_up", "confidence", "direction")
        for value in (getattr(said, name),)
    }
    if not said.confidence:
        values["direction.direction"] = math.nan
    assert stream.push(0, BAR, [values[name] for name in stream.given]) == expected
