"""Training: rows in, a recipe judged on folds and fitted on everything, a model ready to be registered out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from loguru import logger
from numpy.typing import NDArray

from contracts.errors import TradestreamError
from contracts.units import MS_PER_SECOND
from modeling.calibration import calibrated
from modeling.dataset import Dataset, Samples
from modeling.input_list import input_list
from modeling.inputs import INPUT_NAMES
from modeling.judging.breakdown import breakdown
from modeling.judging.judge import Judged, judge
from modeling.judging.verdict import Verdict
from modeling.kind import WEIGHT_OF, Fitted, ModelKind, OnEpoch
from modeling.kinds import BAR_KIND, MODELS
from modeling.metrics import constant_forecast, momentum_forecast, report
from modeling.model_card import ModelCard
from modeling.novelty import Novelty, with_novelty
from modeling.onnx_model import OnnxModel
from modeling.recipe import Recipe, as_seen_by, fit_recipe, forecast_of
from modeling.registered import RegisteredVersion, StoredModel
from modeling.splits import Fold, Indices, walk_forward
from modeling.stability import Spread, spreads
from modeling.tries import trials_of
from training.champion_challenger import meet
from training.enough import require_moves, require_samples
from training.recipe import out_of_sample
from training.settings import TrainingSettings
from training.tuning import Chosen, choose

#: Largest difference between the trained model and the ONNX file that is served.
PARITY = 1e-5
#: Samples that parity is looked for in.
_PARITY_SAMPLES = 10_000

_LOG_RETURN = INPUT_NAMES.index("log_return")


class ParityError(TradestreamError):
    """The ONNX file does not say what the trained model says."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model ready to be registered, with what judged its recipe.

    Parameters
    ----------
    card, fitted
        The model, fitted on everything.
    data
        What it was trained on.
    validation
        Indices of the samples of `data` that judged the recipe.
    forecast
        The recipe's probabilities there, each by a model that had not seen the sample.
    folds
        The parts of `data` that judged.
    """

    card: ModelCard
    fitted: Fitted
    data: Dataset
    validation: Indices
    forecast: NDArray[np.float64]
    folds: Sequence[Fold]


def train_model(
    data: Dataset,
    settings: TrainingSettings,
    on_epoch: OnEpoch,
    *,
    champion: StoredModel | None = None,
    registered: Sequence[RegisteredVersion] = (),
) -> Trained:
    """Judge the configured kind of model on walk-forward folds of `data`, then fit it on all of it.

    Parameters
    ----------
    data
        Of sequences as long as the kind of model takes.
    champion
        What is served, if anything.
    registered
        All versions of the name: earlier tries.

    Raises
    ------
    TooFewRowsError
        Naming how many warm rows there are and how many are needed.
    BadSettingError
        If under `LEAST_SHARE` of the moves over the horizon exceed a round trip, unless the settings say to go on.
    ParityError
        If the ONNX file and the trained model differ by more than `PARITY`.
    """
    kind = settings.recipe.kind
    require_samples(data, settings)
    moves = require_moves(data, settings)
    folds = _folds(data, settings)
    tested = np.concatenate([fold.test for fold in folds])
    logger.info(
        "training {} on {} samples of {} pairs, {} of them judge it in {} folds",
        *(kind.name, len(data.samples), len(data.pairs), len(tested), len(folds)),
    )
    chosen = choose(data, folds, settings, on_epoch)
    seen = as_seen_by(kind, data.samples)
    novelty = Novelty.of(seen)
    everything = fit_recipe(chosen.recipe, data, np.arange(len(data.samples)), on_epoch)
    fitted = with_novelty(calibrated(everything, chosen.stitched.calibrator), novelty)
    _require_parity(everything, fitted, novelty, kind, data)
    judged = _judged(data, folds, chosen, fitted, champion, settings)
    verdict = judge(
        judged,
        settings.trading_rule,
        interval_ms=settings.interval_s * MS_PER_SECOND,
        horizon_bars=settings.horizon_bars,
        earlier=trials_of(registered, fitted.onnx),
    )
    card = _card(data, chosen, settings, judged, verdict).model_copy(
        update={
            "breakdown": _breakdown(data, folds, judged),
            "moves_beyond_costs": moves.shares,
            "novelty_threshold": novelty.threshold(seen),
            "calibration": fitted.params.get("calibration"),
            "member_weights": {
                name.removeprefix(WEIGHT_OF): weight
                for name, weight in fitted.params.items()
                if name.startswith(WEIGHT_OF)
            },
            "stability": _stability(data, fitted, seen),
        }
    )
    return Trained(_same(card, fitted, champion), fitted, data, tested, judged.forecast, folds)


def _folds(data: Dataset, settings: TrainingSettings) -> list[Fold]:
    how = (settings.folds, settings.first_train_fraction, settings.fold_window)
    return list(walk_forward(data.times_ms, settings.recipe.horizon_ms, *how))


def _judged(
    data: Dataset,
    folds: Sequence[Fold],
    chosen: Chosen,
    fitted: Fitted,
    champion: StoredModel | None,
    settings: TrainingSettings,
) -> Judged:
    """Return what the gate judges: the recipe's forecasts, and those of whom it must beat."""
    tested = np.concatenate([fold.test for fold in folds])
    meeting = meet(champion, chosen.recipe, data, folds, settings)
    return Judged(
        times_ms=data.times_ms[tested],
        pairs=data.pair_numbers[tested],
        y=data.samples.y[tested],
        next_opens=data.next_opens[tested],
        forecast=chosen.stitched.forecast,
        bars={**_bars(chosen.recipe, data, folds), **meeting.bars},
        learned=chosen.stitched.learned and fitted.learned,
        champion=meeting.refit_of,
        rivals=chosen.rivals,
        given_up=chosen.given_up,
        idle=chosen.stitched.idle,
    )


def _stability(data: Dataset, fitted: Fitted, seen: Samples) -> tuple[Spread, ...]:
    said = forecast_of(OnnxModel(fitted.onnx).predict_many, seen)
    return spreads(input_list().names, seen.last().astype(np.float64), said, data.pair_numbers)


def _breakdown(data: Dataset, folds: Sequence[Fold], judged: Judged) -> dict[str, dict[str, dict[str, float]]]:
    of_fold = np.repeat(np.arange(1, len(folds) + 1), [len(fold.test) for fold in folds])
    pairs = [data.pairs[number] for number in judged.pairs]
    return breakdown(judged.y, judged.forecast, {"pair": pairs, "fold": of_fold.astype(str)})


def _same(card: ModelCard, fitted: Fitted, champion: StoredModel | None) -> ModelCard:
    """Return the champion's card if this is that very model again: an earlier training was stopped on its way."""
    if champion is not None and champion.onnx == fitted.onnx and champion.card.trained_to_ms == card.trained_to_ms:
        return champion.card
    return card


def _bars(recipe: Recipe, data: Dataset, folds: Sequence[Fold]) -> dict[str, NDArray[np.float64]]:
    """Return the forecasts that any model must be better than, each knowing only what its fold trained on."""
    found: dict[str, list[NDArray[np.float64]]] = {"coin": [], "constant": [], "momentum": []}
    for fold in folds:
        train, test = data.samples.at(fold.train), data.samples.at(fold.test)
        found["coin"].append(np.full(len(test), 0.5))
        found["constant"].append(constant_forecast(train.y, len(test)))
        found["momentum"].append(momentum_forecast(train.y, _last_return(train), _last_return(test)))
    bars = {name: np.concatenate(parts) for name, parts in found.items()}
    if recipe.kind.name != BAR_KIND:
        bar = replace(recipe, kind=MODELS[BAR_KIND], hyperparameters={})
        bars[BAR_KIND] = out_of_sample(bar, data, folds, lambda *_: None).forecast
    return bars


def _last_return(samples: Samples) -> NDArray[np.float32]:
    returns: NDArray[np.float32] = samples.last()[:, _LOG_RETURN]
    return returns


def _require_parity(everything: Fitted, fitted: Fitted, novelty: Novelty, kind: ModelKind, data: Dataset) -> None:
    """Refuse a graph that does not say what it should: as it was trained, calibrated, and how far rows are."""
    plain, served = OnnxModel(everything.onnx), OnnxModel(fitted.onnx)
    for what, graph, native, count in (
        ("the trained model", plain.predict_many, everything.native, _PARITY_SAMPLES),
        ("its calibration", served.predict_many, fitted.native, _PARITY_SAMPLES),
        ("the distance to its rows", served.novelty_many, novelty.distances, _PARITY_SAMPLES // kind.sequence_length),
    ):
        some = as_seen_by(kind, data.samples.at(np.arange(len(data.samples))[-count:]))
        said = forecast_of(native, some)
        difference = float((np.abs(forecast_of(graph, some) - said) / np.maximum(1, said)).max())
        if not difference <= PARITY:
            raise ParityError(f"ONNX against {what}: expected at most {PARITY} apart, was {difference}")


def _card(data: Dataset, chosen: Chosen, settings: TrainingSettings, judged: Judged, verdict: Verdict) -> ModelCard:
    inputs, kind = input_list(), chosen.recipe.kind
    return ModelCard(
        model_name=settings.model_name,
        kind=kind.name,
        interval_s=settings.interval_s,
        sequence_length=kind.sequence_length,
        horizon_bars=settings.horizon_bars,
        label=settings.label_rule,
        feature_set=inputs.feature_set_id,
        input_set=inputs.id,
        input_names=inputs.names,
        pairs=data.pairs,
        trained_from_ms=data.from_ms,
        trained_to_ms=data.to_ms,
        validated_from_ms=int(judged.times_ms.min()),
        seed=settings.seed,
        hyperparameters=dict(chosen.recipe.hyperparameters),
        tuning=chosen.tries,
        metrics=report(judged.y, judged.forecast),
        baselines={name: report(judged.y, bar) for name, bar in judged.bars.items() if np.isfinite(bar).all()},
        verdict=verdict,
        unused_rows={cause: count for cause, count in data.unused.items() if count},
    )
