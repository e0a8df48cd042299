"""A prediction that a run's decisions did not wait for is none to a backtest of that run either."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from tests.signals.market_stream import Accounts, minutes, prediction, row
from tests.signals.test_signals_decide import CROSS, PAPER

from backtest.run_folders import bars_of_run
from contracts.message import Message
from contracts.prediction import Prediction

ASKED = "direction.probability_up"


def test_late_predictions_of_a_run_are_left_out(tmp_path: Path) -> None:
    late = [row(1), row(2), row(3), prediction(1), prediction(2), prediction(3)]
    live: list[Any] = [*minutes(0.6), *late]
    rows = [each for each in live if not isinstance(each, Prediction)]
    write(tmp_path, "candles", rows)
    write(tmp_path, "technical_indicators", rows)
    write(tmp_path, "predictions", [each for each in live if isinstance(each, Prediction)])
    assert heard(tmp_path) == [True, True, True, True], "without signals nothing is known to be late"
    decided = Accounts(PAPER, CROSS, maximum_pending_bars=2).signals(live)
    write(tmp_path, "signals", decided)
    assert heard(tmp_path) == [True, False, True, True]
    write(tmp_path, "signals", [each for each in decided if each.account == "cross"])
    assert heard(tmp_path) == [True, True, True, True], "who asks no model says nothing of what was late"


def heard(folder: Path) -> list[bool]:
    (bars,) = bars_of_run(folder, 60, asked=[ASKED]).pairs.values()
    (values,) = bars.given.values()
    said = [each is not None for each in bars.said["prediction_id"]]
    assert said == [not each for each in np.isnan(values)]
    return said


def write(folder: Path, table: str, messages: Sequence[Message]) -> None:
    told = [each.model_dump() for each in messages]
    pl.DataFrame(told, infer_schema_length=None).write_parquet(folder / f"{table}.parquet")
