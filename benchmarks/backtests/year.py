"""A year of minutes through all features, a model and the engine, as `tradestream backtest --models` does it."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from backtest.feature_rows import feature_rows
from backtest.history import History
from backtest.plan import Terms
from backtest.strategies_of import chosen, features_of
from backtest.stretches import stretches_of
from backtest.tables import Tables
from backtest.with_model import spoken_terms, with_model
from benchmarks.backtests.measure import BROKER, account_of, bars_of
from benchmarks.backtests.memory import YEAR_BARS, child
from benchmarks.table import Goal, Table
from execution.core.policy import Policy
from features import FEATURES
from modeling.dataset import build_dataset
from modeling.kinds import MODELS
from modeling.registered import StoredModel
from training.fit import train_model
from training.settings import TrainingSettings

#: Five days: features are warm after half a day.
TRAINED_BARS = 7_200
KINDS = ("logistic", "lightgbm", "lstm")
_PAIR = "BTC/USD"
_SECONDS = 60.0


def measure(year_bars: int = YEAR_BARS, kinds: tuple[str, ...] = KINDS) -> list[Table]:
    """Ask a process for each kind of model what it took; those whose libraries are not here are said."""
    rows, goals, notes = [], [], [f"{year_bars:,} bars; trained on {TRAINED_BARS:,} before, which is not counted."]
    for kind in kinds:
        if (lacks := MODELS[kind].lacks()) is not None:
            notes.append(f"{kind} left out: {lacks}")
            continue
        found = child(__name__, kind, year_bars)
        seconds = [found[name] for name in ("features", "asked", "traded")]
        rows.append((kind, *(f"{each:.1f}" for each in (*seconds, sum(seconds))), f"{found['peak_mib']:,.0f}"))
        goals.append(Goal(f"a year through {kind}", sum(seconds), _SECONDS, False, "s"))
    columns = ("model", f"{len(FEATURES)} features, s", "asked, s", "traded and written, s", "CPU s", "peak MiB")
    return [Table("Backtest of a year with a model", columns, rows, goals, notes)]


def run(kind: str, bars: int) -> dict[str, Any]:
    """Train a model on the first bars, then time a backtest of the others with it."""
    every = bars_of(_PAIR, TRAINED_BARS + bars, 0)
    model = _trained(kind, History({_PAIR: every[:TRAINED_BARS]}))
    # Of made-up bars no model is sure.
    account = chosen(account_of((_PAIR,), "prediction").model_copy(update={"minimum_confidence": 0.5}))
    began = time.process_time()
    features_of(every, [each.name for each in FEATURES])
    known = time.process_time()
    terms, _ = spoken_terms(Terms(BROKER, Policy()), model)
    history = with_model(History({_PAIR: every}), model, ["direction.confidence"])
    asked = time.process_time()
    with tempfile.TemporaryDirectory(prefix="bench-tables-") as folder, Tables() as tables:
        for stretch in stretches_of(history, [account], terms):
            tables.add(stretch)
        rows = tables.write(Path(folder))
    return {
        "features": known - began,
        "asked": asked - known,
        "traded": time.process_time() - asked,
        "fills": rows["fills"],
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _trained(kind: str, history: History) -> StoredModel:
    settings = TrainingSettings(model=kind, epochs=2, require_gate=False, require_moves=False)
    [bars] = history.pairs.values()
    rows = feature_rows(bars)
    data = build_dataset(rows, MODELS[kind].sequence_length, settings.horizon_bars, settings.interval_s)
    trained = train_model(data, settings, lambda *_: None)
    return StoredModel(1, trained.card, trained.fitted.onnx)


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], int(sys.argv[2]))))
