"""What a served forecast and a training cost beside plain PyTorch, on one thread, by processor time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from benchmarks.table import Table
from contracts.feature_row import FeatureRow
from modeling.dataset import Dataset, Samples
from modeling.hyperparameter import resolved
from modeling.kind import Scaling
from modeling.kinds import MODELS
from modeling.recipe import Recipe, as_seen_by
from modeling.sequence import Run, extend, sequence
from predictions.served_model import ServedModel

#: Forecasts of a round.
_FORECASTS = 200


@dataclass(frozen=True)
class Served:
    """Kinds as they are served, by name: the net that PyTorch runs too, and the others beside it."""

    models: Mapping[str, ServedModel]
    rows: Sequence[FeatureRow]


def forecasts(served: Served, rounds: int) -> Table:
    """Return what a forecast costs, from the state's bars to the number, and what plain PyTorch takes for its own."""
    import torch

    from modeling.kinds.lstm.fit import DirectionLstm

    torch.set_num_threads(1)
    run = _run_of(served.rows)
    net = DirectionLstm(Scaling.of(np.zeros((2, _width(served)), dtype=np.float32)), 0.5, 32).eval()
    bars = sequence(run, MODELS["lstm"].sequence_length, served.models["lstm"].facts.inputs)
    if bars is None:
        raise ValueError("expected as many warm bars as an LSTM sees")
    array, lists = bars.astype(np.float32)[None], bars.tolist()

    def eager(x: Callable[[], torch.Tensor]) -> float:
        with torch.no_grad():
            return float(torch.sigmoid(net(x())))

    ways: dict[str, Callable[[], object]] = {
        "PyTorch, eager, from an array": lambda: eager(lambda: torch.from_numpy(array)),
        "PyTorch, eager, from lists": lambda: eager(lambda: torch.tensor([lists])),
    }
    for name, model in served.models.items():
        ways[f"`{name}`, served"] = _from_state(run, model)
    # Rounds in turn: what the machine does meanwhile falls on all ways alike.
    found = [[_microseconds(each) for each in ways.values()] for _ in range(rounds)]
    costs = dict(zip(ways, map(median, zip(*found, strict=True)), strict=True))
    from_array, from_lists, lstm = (*list(costs.values())[:2], costs["`lstm`, served"])
    lines = [
        [name, f"{each:.0f}", f"{each / from_array:.2f}", f"{each / from_lists:.2f}", f"{each / lstm:.2f}"]
        for name, each in costs.items()
    ]
    title = f"A forecast: microseconds of processor time, medians of {rounds} rounds of {_FORECASTS}"
    columns = ["what", "us", "to PyTorch's from an array", "from lists", "to the LSTM served"]
    return Table(title, columns, lines, notes=["Served: from the bars in the state, with novelty, checks and all."])


def training(data: Dataset, rounds: int, epochs: int = 2) -> Table:
    """Return what fitting the LSTM costs beside the loop that one would write: the same batches, steps and looks."""
    kind = MODELS["lstm"]
    samples = as_seen_by(kind, data.samples)
    cut = int(len(samples) * 0.9)
    train, tune = samples.at(np.arange(cut)), samples.at(np.arange(cut, len(samples)))
    recipe = Recipe(kind, 60, 5, epochs=epochs)

    def ours() -> None:
        told = resolved(kind.name, kind.hyperparameters, {})
        how = {"seed": recipe.seed, "epochs": epochs, "hyperparameters": told}
        kind.load()(train, tune, on_epoch=lambda *_: None, **how)  # type: ignore[arg-type]

    found = [[_seconds(ours), _seconds(lambda: _plain(train, tune, recipe))] for _ in range(rounds)]
    own, plain = (median(each) for each in zip(*found, strict=True))
    title = f"Training the LSTM: {epochs} epochs of {len(train):,} samples, processor time, medians of {rounds}"
    columns = ["ours, s", "a plain loop, s", "ratio"]
    return Table(title, columns, [[f"{own:.1f}", f"{plain:.1f}", f"{own / plain:.2f}"]])


def _plain(train: Samples, tune: Samples, recipe: Recipe) -> None:
    """The loop of a tutorial: all sequences in one tensor, AdamW, clipped gradients, a look at the tune part."""
    import torch
    from torch import nn

    from modeling.kinds.lstm.fit import DirectionLstm
    from modeling.kinds.lstm.torch_training import BATCH

    torch.set_num_threads(1)
    told = resolved(recipe.kind.name, recipe.kind.hyperparameters, {})
    model = DirectionLstm(Scaling.of(train.last()), float(train.y.mean()), int(told["hidden"]))
    x, y = torch.from_numpy(train.x()), torch.from_numpy(train.y.astype(np.float32))
    other, other_y = torch.from_numpy(tune.x()), torch.from_numpy(tune.y.astype(np.float32))
    optimiser = torch.optim.AdamW(model.parameters(), lr=told["learning_rate"], weight_decay=told["weight_decay"])
    criterion = nn.BCEWithLogitsLoss()
    for _ in range(recipe.epochs):
        for batch in torch.split(torch.randperm(len(x)), BATCH):
            optimiser.zero_grad()
            criterion(model(x[batch]), y[batch]).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
        with torch.no_grad():
            criterion(model(other), other_y)


def _from_state(run: Run, model: ServedModel) -> Callable[[], object]:
    def forecast() -> object:
        bars = sequence(run, model.facts.sequence_length, model.facts.inputs)
        return None if bars is None else model.forecast(bars)

    return forecast


def _run_of(rows: Sequence[FeatureRow]) -> Run:
    run = Run()
    for row in rows:
        if row.pair == rows[0].pair:
            run = extend(run, row)
    return run


def _width(served: Served) -> int:
    return len(served.models["lstm"].facts.inputs)


def _microseconds(forecast: Callable[[], object]) -> float:
    started = time.process_time()
    for _ in range(_FORECASTS):
        forecast()
    return (time.process_time() - started) * 1e6 / _FORECASTS


def _seconds(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
