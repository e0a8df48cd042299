"""What a row costs serving: the model alone, its quality watched, and with a challenger in shadow beside it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import beside_torch
from benchmarks.gate.markets import RULES, market
from benchmarks.table import Table
from contracts.feature_row import FeatureRow
from contracts.state import MemoryState
from modeling.calibration import Platt, calibrated
from modeling.dataset import Dataset, build_dataset
from modeling.facts import ModelFacts
from modeling.input_list import input_list
from modeling.kinds import MODELS
from modeling.labels import RISE
from modeling.model_card import ModelCard
from modeling.novelty import Novelty, with_novelty
from modeling.onnx_model import OnnxModel
from modeling.recipe import Recipe, as_seen_by, fit_recipe, forecast_of
from modeling.registered import NoModelError
from modeling.sequence import Run
from modeling.stability import spreads
from predictions.core.decision import initial, step
from predictions.core.quality import watch
from predictions.core.shift import seen_of
from predictions.served_model import ServedModel
from predictions.settings import PredictionsSettings
from predictions.shadow import Shadow
from predictions.speakers import Challenger

#: Bars that each pair is trained on before those that are measured.
_TRAINED_HOURS = 40
_HORIZON = 5


@dataclass(frozen=True)
class Size:
    """How many hours of three pairs are served, how often, and by which kinds: by default those there are."""

    hours: int = 6
    rounds: int = 5
    kinds: tuple[str, ...] = tuple(MODELS)


def measure(size: Size) -> list[Table]:
    """Serve the same rows with each kind that is installed."""
    rows = market(RULES["noise"], 7, _TRAINED_HOURS + size.hours).rows
    cut_ms = rows[0].window_start_ms + _TRAINED_HOURS * 3_600_000
    lines, served, sequences = [], {}, None
    for name in size.kinds:
        kind = MODELS[name]
        if kind.is_installed():
            data = build_dataset(
                (row for row in rows if row.window_end_ms <= cut_ms), kind.sequence_length, _HORIZON, 60
            )
            served[name] = _model(name, data, cut_ms)
            sequences = data if name == "lstm" else sequences
            lines.append(_line(name, served[name], rows, cut_ms, size.rounds))
    columns = ["Model", "says, us a row", "watched, us", "with a challenger, us", "ratio"]
    title = f"Serving: {size.hours} hours of 3 pairs, microseconds of processor time a row, medians of {size.rounds}"
    notes = ["The challenger is the same model again. What reads, writes and keeps rows is not in it (part=latency)."]
    tables = [Table(title, columns, lines, notes=notes)]
    if sequences is not None:
        tables += [beside_torch.forecasts(beside_torch.Served(served, rows), size.rounds)]
        tables += [beside_torch.training(sequences, size.rounds)]
    return tables


def _model(name: str, data: Dataset, cut_ms: int) -> ServedModel:
    """Return a model as training makes it, without the gate."""
    kind = MODELS[name]
    plain = fit_recipe(Recipe(kind, 60, _HORIZON, epochs=2), data, np.arange(len(data.samples)), lambda *_: None)
    fitted = calibrated(plain, Platt(0.9, 0.01))  # which training does where it is needed: here all of them have it
    seen = as_seen_by(kind, data.samples)
    novelty = Novelty.of(seen)
    model = OnnxModel(with_novelty(fitted, novelty).onnx)
    names, said = input_list().names, forecast_of(model.predict_many, seen)
    stability = spreads(names, seen.last().astype(np.float64), said, data.pair_numbers)
    facts = ModelFacts(
        "direction",
        1,
        input_list(),
        kind.sequence_length,
        _HORIZON,
        60,
        cut_ms,
        novelty_threshold=novelty.threshold(seen),
        stability=stability,
    )
    return ServedModel(facts, _card(name, facts), model.answer)


def _card(name: str, facts: ModelFacts) -> ModelCard:
    return ModelCard(
        model_name=facts.name,
        kind=name,
        interval_s=facts.interval_s,
        sequence_length=facts.sequence_length,
        horizon_bars=facts.horizon_bars,
        feature_set=facts.inputs.feature_set_id,
        input_set=facts.inputs.id,
        input_names=facts.inputs.names,
        pairs=(),
        trained_from_ms=0,
        trained_to_ms=facts.trained_to_ms,
        validated_from_ms=0,
        seed=None,
        metrics={},
        baselines={},
    )


def _line(name: str, model: ServedModel, rows: Sequence[FeatureRow], cut_ms: int, rounds: int) -> list[str]:
    # Rounds in turn: what the machine does meanwhile falls on all ways alike.
    ways = [(False, False), (True, False), (True, True)]
    found = [
        [_microseconds(model, rows, cut_ms, watched, shadowed) for watched, shadowed in ways] for _ in range(rounds)
    ]
    said, watched, shadowed = (median(each) for each in zip(*found, strict=True))
    return [name, f"{said:.0f}", f"{watched:.0f}", f"{shadowed:.0f}", f"{shadowed / watched:.2f}"]


def _microseconds(
    model: ServedModel, rows: Sequence[FeatureRow], cut_ms: int, watched: bool, shadowed: bool
) -> float:
    runs: dict[str, Run] = {}
    states: dict[str, MemoryState] = {}
    other = replace(model, facts=replace(model.facts, version=2))
    with tempfile.TemporaryDirectory() as folder:
        shadow = Shadow(Challenger(other, _no_other), PredictionsSettings(data_dir=Path(folder)))
        count, started = 0, 0.0
        for row in rows:
            if row.window_start_ms == cut_ms and not started:
                started = time.process_time()
            before = runs.get(row.pair, initial())
            after, said = step(before, row, model.facts, model.forecast)
            runs[row.pair] = after
            count += len(said)
            if not said:
                continue
            state = states.setdefault(row.pair, MemoryState())
            if watched:
                watch(state, row, said, RISE, before, seen=seen_of(after, model.facts, said))
            if shadowed:
                list(shadow.of(before, after, row, said, state))
        return (time.process_time() - started) * 1e6 / count


def _no_other(version: int) -> ServedModel:
    raise NoModelError(f"version {version} is not measured")
