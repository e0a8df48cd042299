"""`make psi-study`: how often a stability index is wrong on quiet markets, and what it finds. See `--help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from loguru import logger

from benchmarks.gate.markets import MINUTE_MS, RULES, START_MS, Columns, market
from contracts.feature_row import FeatureRow
from contracts.model_quality import ModelQuality
from contracts.state import MemoryState
from modeling.dataset import build_dataset
from modeling.facts import ModelFacts
from modeling.kinds import BAR_KIND, MODELS
from modeling.labels import RISE
from modeling.onnx_model import OnnxModel
from modeling.sequence import Run
from predictions.core.decision import Forecast, initial, step
from predictions.core.quality import watch
from predictions.core.shift import seen_of
from training.fit import train_model
from training.settings import TrainingSettings

#: Hours that a model is trained on, that it serves a quiet market, and before and after a market changes.
TRAINED, QUIET, BEFORE, AFTER = 72, 120, 28, 20


@lru_cache(maxsize=32)
def model(seed: int, kind: str = BAR_KIND) -> tuple[ModelFacts, Forecast]:
    """Return a model as training makes it, on a random walk."""
    settings = TrainingSettings.model_validate({"model": kind, "require_moves": False})
    data = build_dataset(market(RULES["noise"], 1_000 + seed, TRAINED).rows, 1, settings.horizon_bars, 60)
    trained = train_model(data, settings, lambda *_: None)
    # As on a market that is served by day: what it was trained on lies before all that follows.
    facts = trained.card.model_copy(update={"trained_to_ms": 0}).facts(1)
    return facts, OnnxModel(trained.fitted.onnx).answer


def watched(rows: Iterable[FeatureRow], facts: ModelFacts, forecast: Forecast) -> list[ModelQuality]:
    """Return what the service tells of a version on `rows`."""
    states: dict[str, MemoryState] = {}
    runs: dict[str, Any] = {}
    found = []
    for row in rows:
        run, said = step(runs.get(row.pair, initial()), row, facts, forecast)
        runs[row.pair] = run
        state = states.setdefault(row.pair, MemoryState())
        found += watch(state, row, list(said), RISE, Run(), seen=seen_of(run, facts, list(said)))
    return found


def wider(columns: Columns) -> Columns:
    """Return bars whose moves and ranges are three times as wide from the change on."""
    opened, closed = columns["open"], columns["close"]
    factor = np.where(np.arange(len(closed)) < BEFORE * 60, 1.0, 3.0)
    close = opened[0] * np.exp(np.cumsum(np.log(closed / opened) * factor))
    opens = np.concatenate([opened[:1], close[:-1]])
    high = np.maximum(opens, close) * (1 + (columns["high"] / np.maximum(opened, closed) - 1) * factor)
    low = np.minimum(opens, close) * (1 - (1 - columns["low"] / np.minimum(opened, closed)) * factor)
    return columns | {"open": opens, "close": close, "high": high, "low": low}


def stepped(columns: Columns) -> Columns:
    """Return bars whose prices are half as high again from the change on."""
    factor = np.where(np.arange(len(columns["close"])) < BEFORE * 60, 1.0, 1.5)
    return columns | {name: columns[name] * factor for name in ("open", "high", "low", "close")}


CHANGES: Mapping[str, Callable[[Columns], Columns]] = {"volatility x 3": wider, "step x 1.5": stepped}


@dataclass(slots=True)
class Found:
    """What was told of some markets.

    Parameters
    ----------
    windows, shifted
        How many windows had an index, and how many of those one above its limit.
    highest
        Of all indices over their limits.
    rows
        Of each pair that was found after a change, how many rows after it.
    pairs
        How many there were.
    most
        How often each number was the farthest of a shifted window.
    """

    windows: int = 0
    shifted: int = 0
    highest: float = 0.0
    rows: list[int] = field(default_factory=list)
    pairs: int = 0
    most: dict[str, int] = field(default_factory=dict)

    def add(self, told: list[ModelQuality], from_ms: int) -> None:
        """Count the windows of one market that end after `from_ms`."""
        first: dict[str, int] = {}
        for each in told:
            if each.psi_excess is None or each.to_ms <= from_ms:
                continue
            self.windows += 1
            self.highest = max(self.highest, each.psi_excess)
            if each.psi_excess > 1:
                self.shifted += 1
                self.most[each.psi_most or ""] = self.most.get(each.psi_most or "", 0) + 1
                first.setdefault(each.pair, (each.to_ms - from_ms) // MINUTE_MS)
        self.pairs += len({each.pair for each in told})
        self.rows += first.values()


def quiet(seeds: Iterable[int], kind: str = BAR_KIND, hours: int = QUIET) -> Found:
    """Return what is told of random walks like those that models were trained on: false alarms."""
    found = Found()
    for seed in seeds:
        found.add(watched(market(RULES["noise"], seed, hours).rows, *model(seed, kind)), 0)
    return found


def changed(change: str, seeds: Iterable[int], kind: str = BAR_KIND) -> Found:
    """Return what is told of markets after they have changed."""
    found = Found()
    for seed in seeds:
        rows = market(RULES["noise"], seed, BEFORE + AFTER, touch=CHANGES[change]).rows
        found.add(watched(rows, *model(seed, kind)), START_MS + BEFORE * 60 * MINUTE_MS)
    return found


def main() -> None:
    """Print how often windows are shifted that are not, and when those that are."""
    parser = argparse.ArgumentParser(description=__doc__)
    of_a_bar = [name for name, kind in MODELS.items() if kind.sequence_length == 1]
    parser.add_argument("--seeds", type=int, default=10, help="markets of each sort, and models")
    parser.add_argument("--kind", default=BAR_KIND, choices=of_a_bar)
    told = parser.parse_args()
    logger.remove()
    logger.add(sys.stderr, level="ERROR")  # what training says of itself would stand between the rows
    if told.seeds < 1:
        parser.error(f"--seeds: expected 1 or more, was {told.seeds}")
    seeds = range(told.seeds)
    calm = quiet(seeds, told.kind)
    print(f"{told.kind}: {calm.shifted} of {calm.windows} quiet windows shifted {calm.most or ''}")
    print(f"highest {calm.highest:.2f} of its limit\n", flush=True)
    print("| what changes | pairs found | rows after it | highest, of its limit | most often by |")
    print("|---|---|---|---|---|")
    for change in CHANGES:
        found = changed(change, seeds, told.kind)
        rows = f"{min(found.rows)} to {max(found.rows)}" if found.rows else "never"
        most = max(found.most, key=lambda name: found.most[name], default="")
        print(
            f"| {change} | {len(found.rows)} of {found.pairs} | {rows} | {found.highest:.1f} | `{most}` |", flush=True
        )


if __name__ == "__main__":
    main()
