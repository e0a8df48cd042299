"""The predictions service is killed: prices, P&L, limits and strategies without a model go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.feature_rows import make_rows
from tests.support.model_commands import settings_of, write_rows
from tests.support.processes import start_service
from tests.support.trained_model import trained_model
from tests.support.waiting import wait_for

from contracts.candle_mark import CandleMark
from contracts.pnl import Pnl
from contracts.signal import Signal
from contracts.topics import PNL, SIGNALS, TopicSpec
from execution.app import OUTPUTS
from streaming.clients import create_topics, read_topic

PAIR = "BTC/USD"
ACCOUNTS: list[dict[str, Any]] = [
    {"name": "model", "pairs": [PAIR], "minimum_confidence": 0.5},
    {"name": "cross", "pairs": [PAIR], "strategy": "sma_cross", "parameters": {"fast": 5, "slow": 50}},
]
#: The model was trained on the rows before it. Rows that come before, while and after it is dead.
TRAINED, BEFORE, DEAD, AFTER = 1_600, 20, 30, 10
#: `SIGNALS_MAXIMUM_PENDING_BARS`
LATE = 5
pytestmark = pytest.mark.slow


def test_a_dead_predictions_service_stops_nothing_else(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = settings_of(tmp_path)
    create_topics(settings, [SIGNALS, *OUTPUTS])
    rows = make_rows(count=TRAINED + BEFORE + DEAD + AFTER)[TRAINED - 60 :]
    at = [row.window_start_ms for row in rows]
    killed, revived = 60 + BEFORE, 60 + BEFORE + DEAD
    told = {"TRADESTREAM_ACCOUNTS": json.dumps(ACCOUNTS), "TRADESTREAM_COMMIT_INTERVAL_SECONDS": 0.1}
    models = trained_model(tmp_path_factory)

    def all_on(spec: TopicSpec) -> list[Any]:
        return [record.message() for record in read_topic(settings, spec)]

    def decisions(account: str) -> dict[int, Signal]:
        return {s.window_start_ms: s for s in all_on(SIGNALS) if isinstance(s, Signal) and s.account == account}

    def booked(account: str) -> list[int]:
        return [each.time_ms for each in all_on(PNL) if isinstance(each, Pnl) and each.account == account]

    write_rows(tmp_path, rows[:killed])
    with (
        start_service("signals", settings, **told) as signals,
        start_service("execution", settings, **told) as execution,
    ):
        try:
            with start_service("predictions", settings, **told, **models) as predictions:
                wait_for(lambda: at[killed - 1] in decisions("model"), "a decision of the model", of=predictions)
                predictions.kill()
            assert decisions("model")[at[killed - 1]].prediction_id is not None
            write_rows(tmp_path, rows[killed:revived])
            last_ms, late_ms = rows[revived - 1].window_end_ms, rows[revived - 1 - LATE].window_end_ms
            wait_for(lambda: last_ms in booked("cross"), "P&L without a model", of=execution)
            wait_for(lambda: late_ms in booked("model"), "P&L with one, as late as the bound", of=execution)
            assert last_ms not in booked("model")
            marks = {(m.account, m.window_start_ms) for m in all_on(SIGNALS) if isinstance(m, CandleMark)}
            assert marks >= {(each["name"], ms) for each in ACCOUNTS for ms in at[killed:revived]}
            cross, model = decisions("cross"), decisions("model")
            assert {cross[ms].reason for ms in at[killed:revived]} == {"confident"}
            assert {cross[ms].decision for ms in at[60:revived]} == {"buy", "sell"}
            assert {model[ms].reason for ms in at[killed : revived - LATE]} == {"no_prediction"}
            assert not set(at[revived - LATE : revived]) & model.keys()
            with start_service("predictions", settings, **told, **models) as predictions:
                write_rows(tmp_path, rows[revived:])
                wait_for(lambda: at[-1] in decisions("model"), "decisions of the model again", of=predictions)
                predictions.kill()
            assert decisions("model")[at[-1]].prediction_id is not None
            wait_for(lambda: rows[-1].window_end_ms in booked("model"), "its P&L", of=execution)
        finally:
            signals.kill()
            execution.kill()
