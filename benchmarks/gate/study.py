"""`make gate-study`: noise must not pass the gate, what was planted must. See `--help`."""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from loguru import logger
from sklearn.linear_model import LogisticRegression

from benchmarks.gate.kept import Kept
from benchmarks.gate.markets import MINUTE_MS, RULES, Market, market
from modeling.dataset import Dataset, build_dataset
from modeling.kinds import MODELS
from modeling.metrics import accuracy, brier, log_loss, log_losses
from modeling.onnx_model import OnnxModel
from modeling.recipe import as_seen_by, forecast_of
from modeling.registered import RegisteredVersion
from modeling.tries import try_tags
from training.fit import Trained, train_model
from training.settings import TrainingSettings

#: Costs at which a drift of 0.3 standard deviations of a minute pays, and a rule that trades it.
CHEAP: Mapping[str, object] = {
    "EXECUTION_FEE_BPS": 0.1,
    "EXECUTION_SLIPPAGE_BPS": 0,
    "minimum_confidence": 0.5,
    "cooldown_bars": 0,
    "horizon_bars": 1,
}
#: The same with what trading costs unless told otherwise.
DEAR = {name: told for name, told in CHEAP.items() if not name.startswith("EXECUTION_")}


@dataclass(frozen=True, slots=True)
class Study:
    """A sort of market, and how models are trained on it.

    Parameters
    ----------
    title
        In words.
    rule
        Of `markets.RULES`.
    hours
        Of history: noise has as many as a demo, what is planted four times as many.
    told
        Settings of training.
    """

    title: str
    rule: str
    hours: int
    told: Mapping[str, object] = field(default_factory=dict)


STUDIES = {
    "noise": Study("a random walk", "noise", 60),
    "search": Study("a random walk, 30 tries of hyperparameters", "noise", 60, {"tuning_trials": 30}),
    "a": Study("planted: the sign of RSI-14 above 50", "a", 240, CHEAP),
    "b": Study("planted: that times the sign of the last return", "b", 240, CHEAP),
    "c": Study("planted: whether the range three bars ago was above its median", "c", 240, CHEAP),
    "costs": Study("planted as (a), with the default fee and slippage", "a", 240, DEAR),
}
#: Of history, until what is planted is found.
HOURS = (24, 48, 72, 120, 180)
#: Of a market that the model has not seen, some 50,000 rows; and where its seeds begin.
FRESH_HOURS, FRESH_SEEDS = 280, 1_000
_BINS = 20


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one kind on one market.

    Parameters
    ----------
    passed
        Whether the gate let it pass.
    raw
        Whether its loss was below the base rate's: what the gate asked before.
    loss, accuracy
        Of its forecasts out of sample.
    truth_loss, truth_error
        Of the true probabilities on the same samples, and the standard error of the difference.
    linear_loss
        Of the linear score of the last row's inputs that is nearest to the truth on these samples: no other one that
        is linear can be better.
    reason
        The gate's.
    """

    passed: bool
    raw: bool
    loss: float
    accuracy: float
    truth_loss: float
    truth_error: float
    linear_loss: float
    reason: str

    @property
    def bars_missed(self) -> list[str]:
        """What it was not surely better than, by name."""
        return [] if self.passed else re.findall(r"(\w+) -?[\d.]+ against", self.reason)


def settings_of(kind: str, study: str, seed: int, **told: object) -> TrainingSettings:
    """Return the settings of a study: noise as it is traded by default, a planted effect at costs that it can pay."""
    return TrainingSettings.model_validate(
        {"model": kind, "seed": seed, "epochs": 12, "require_moves": False, **STUDIES[study].told, **told}
    )


def data_of(kind: str, made: Market, settings: TrainingSettings) -> Dataset:
    """Return what `kind` is trained on."""
    length, label = MODELS[kind].sequence_length, settings.label_rule
    return build_dataset(made.rows, length, settings.horizon_bars, settings.interval_s, label=label)


def result_of(trained: Trained, made: Market) -> Result:
    """Compare a trained model with the truth."""
    card, data, tested = trained.card, trained.data, trained.validation
    assert card.verdict is not None
    y, times_ms = data.samples.y[tested], data.times_ms[tested]
    truth = _truth(made, data)[tested]
    own, true = log_losses(y, trained.forecast), log_losses(y, truth)
    _, place, count = np.unique(times_ms, return_inverse=True, return_counts=True)
    differences = np.bincount(place, weights=own - true) / count
    return Result(
        card.verdict.outcome == "passed",
        card.metrics["log_loss"] < card.baselines["constant"]["log_loss"],
        float(own.mean()),
        card.metrics["accuracy"],
        float(true.mean()),
        float(differences.std() / np.sqrt(len(differences))),
        log_loss(y, _nearest_linear(data.samples.last()[tested].astype(np.float64), truth)),
        card.verdict.reason,
    )


def _truth(made: Market, data: Dataset) -> np.ndarray[Any, np.dtype[np.float64]]:
    pairs = [data.pairs[number] for number in data.pair_numbers]
    return np.array([made.truth[pair, at] for pair, at in zip(pairs, data.times_ms.tolist(), strict=True)])


def _nearest_linear(
    inputs: np.ndarray[Any, Any], truth: np.ndarray[Any, Any]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the probabilities of the logistic regression that is fitted to the true ones themselves."""
    scaled = (inputs - inputs.mean(0)) / np.where(inputs.std(0) > 0, inputs.std(0), 1.0)
    sides = np.repeat([1.0, 0.0], len(scaled))
    fitted = LogisticRegression(C=1e6, max_iter=1_000).fit(
        np.concatenate([scaled, scaled]), sides, np.concatenate([truth, 1 - truth])
    )
    found: np.ndarray[Any, np.dtype[np.float64]] = fitted.predict_proba(scaled)[:, 1]
    return found


@lru_cache(maxsize=1)
def _made(rule: str, seed: int, hours: int) -> Market:
    return market(RULES[rule], seed, hours)


def run(study: str, kind: str, seed: int, hours: int = 0, **told: object) -> Result:
    """Train `kind` on the market of `study` with `seed`."""
    made = _made(STUDIES[study].rule, seed, hours or STUDIES[study].hours)
    settings = settings_of(kind, study, seed, **told)
    return result_of(train_model(data_of(kind, made, settings), settings, lambda *_: None), made)


def nightly(kind: str, seed: int, nights: int) -> int:
    """Train every night on a walk that grows by a day, each on its last 60 hours; return how many passed."""
    hours = STUDIES["noise"].hours
    made = market(RULES["noise"], seed, hours + 24 * (nights - 1))
    registered: list[RegisteredVersion] = []
    passed = 0
    settings = settings_of(kind, "noise", seed)
    for night in range(nights):
        from_ms = made.rows[0].window_start_ms + night * 24 * 60 * MINUTE_MS
        until_ms = from_ms + hours * 60 * MINUTE_MS
        seen = [row for row in made.rows if from_ms <= row.window_start_ms < until_ms]
        data = build_dataset(seen, MODELS[kind].sequence_length, settings.horizon_bars, settings.interval_s)
        trained = train_model(data, settings, lambda *_: None, registered=registered)
        assert trained.card.verdict is not None
        passed += trained.card.verdict.outcome == "passed"
        registered.append(RegisteredVersion(night + 1, (), try_tags(trained.card, trained.fitted.onnx)))
    return passed


@dataclass(frozen=True, slots=True)
class Calibrated:
    """How far the probabilities of a served model are from what is so, on a market that it has not seen.

    Parameters
    ----------
    rows
        How many.
    calibration_error
        Expected calibration error: of equally filled bins, the mean distance of what is said to how often prices
        rose, by rows.
    brier, truth_brier
        Of the model, and of the true probabilities.
    accuracy
        Of the model.
    """

    rows: int
    calibration_error: float
    brier: float
    truth_brier: float
    accuracy: float


def calibrated(study: str, kind: str, seed: int) -> Calibrated:
    """Train `kind`, and let the model that would be served say what a fresh market does."""
    settings = settings_of(kind, study, seed)
    data = data_of(kind, _made(STUDIES[study].rule, seed, STUDIES[study].hours), settings)
    trained = train_model(data, settings, lambda *_: None)
    made = market(RULES[STUDIES[study].rule], FRESH_SEEDS + seed, FRESH_HOURS)
    fresh = data_of(kind, made, settings)
    said = forecast_of(OnnxModel(trained.fitted.onnx).predict_many, as_seen_by(MODELS[kind], fresh.samples))
    y = fresh.samples.y
    return Calibrated(
        len(y), calibration_error(y, said), brier(y, said), brier(y, _truth(made, fresh)), accuracy(y, said)
    )


def calibration_error(y: np.ndarray[Any, Any], said: np.ndarray[Any, Any]) -> float:
    """Return the expected calibration error over bins that hold as many rows each.

    References
    ----------
    Nguyen and O'Connor, Posterior calibration and exploratory analysis for natural language processing models (2015).
    """
    parts = np.array_split(np.argsort(said, kind="stable"), _BINS)
    return float(sum(abs(y[part].mean() - said[part].mean()) * len(part) for part in parts) / len(y))


def table(study: str, results: Mapping[str, Sequence[Result]]) -> str:
    """Return a line for each kind: how many of its markets passed, and how far the losses are from the truth."""
    of = STUDIES[study]
    lines = [
        f"{study}: {of.title}, {of.hours} h x 3 pairs",
        "| kind | passed | below the base rate | loss less the truth's | less the best linear | lowest, in errors "
        "| accuracy | refused by |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind, found in results.items():
        away = [each.loss - each.truth_loss for each in found]
        linear = [each.loss - each.linear_loss for each in found]
        lowest = min((each.loss - each.truth_loss) / each.truth_error if each.truth_error else 0.0 for each in found)
        missed = Counter(bar for each in found for bar in each.bars_missed)
        lines.append(
            f"| `{kind}` | {sum(each.passed for each in found)} of {len(found)} "
            f"| {sum(each.raw for each in found)} | {np.mean(away):+.4f} (at most {max(away):+.4f}) "
            f"| {np.mean(linear):+.4f} | {lowest:+.1f} | {100 * np.mean([each.accuracy for each in found]):.1f} % "
            f"| {', '.join(f'{bar} {count}' for bar, count in missed.most_common()) or 'nothing'} |"
        )
    return "\n".join(lines)


def _told(make: Callable[..., Result | Calibrated], *of: object) -> dict[str, Any]:
    return asdict(make(*of))


def searchable(study: str, kinds: Sequence[str]) -> list[str]:
    """Return the kinds that a study can ask of: a search asks only those that have hyperparameters."""
    if "tuning_trials" not in STUDIES[study].told:
        return list(kinds)
    return [kind for kind in kinds if MODELS[kind].hyperparameters]


def _studied(kept: Kept, study: str, kinds: Sequence[str], seeds: Sequence[int]) -> str:
    kinds = searchable(study, kinds)
    found: dict[str, list[Result]] = {kind: [] for kind in kinds}
    for seed in seeds:
        for kind in kinds:
            of = {"study": study, "kind": kind, "seed": seed}
            found[kind].append(Result(**kept.of(of, partial(_told, run, study, kind, seed))))
            logger.info("{} {} seed {}: {}", study, kind, seed, found[kind][-1].reason)
    return table(study, found)


def _hours(kept: Kept, _study: str, kinds: Sequence[str], seeds: Sequence[int]) -> str:
    lines = [
        f"hours of history, and how many of {len(seeds)} markets passed",
        f"| planted | kind | {' | '.join(f'{hours} h' for hours in HOURS)} |",
        f"|---|---|{'---|' * len(HOURS)}",
    ]
    for study in ("a", "b", "c"):
        for kind in kinds:
            passed = [
                sum(
                    kept.of(
                        {"study": study, "kind": kind, "seed": seed, "hours": hours},
                        partial(_told, run, study, kind, seed, hours),
                    )["passed"]
                    for seed in seeds
                )
                for hours in HOURS
            ]
            lines.append(f"| ({study}) | `{kind}` | {' | '.join(map(str, passed))} |")
            logger.info(lines[-1])
    return "\n".join(lines)


def _nights(kept: Kept, nights: int, kinds: Sequence[str], seeds: Sequence[int]) -> str:
    lines = []
    for kind in kinds:
        passed = 0
        for seed in seeds:
            of = {"study": "nights", "kind": kind, "seed": seed, "nights": nights}
            passed += kept.of(of, partial(nightly, kind, seed, nights))
            logger.info("nights {} seed {}: {} passed so far", kind, seed, passed)
        lines.append(f"`{kind}`: {passed} of {nights * len(seeds)} nightly tries passed")
    return "\n".join(lines)


def _calibration(kept: Kept, _study: str, kinds: Sequence[str], seeds: Sequence[int]) -> str:
    lines = [
        "calibration on a fresh market of (a)",
        "| kind | rows | calibration error | Brier over the truth's | accuracy |",
        "|---|---|---|---|---|",
    ]
    for kind in kinds:
        found = [
            Calibrated(
                **kept.of(
                    {"study": "calibration", "kind": kind, "seed": seed}, partial(_told, calibrated, "a", kind, seed)
                )
            )
            for seed in seeds
        ]
        over = [100 * (each.brier / each.truth_brier - 1) for each in found]
        errors = [each.calibration_error for each in found]
        lines.append(
            f"| `{kind}` | {sum(each.rows for each in found):,} | {np.mean(errors):.4f} (at most {max(errors):.4f}) "
            f"| {np.mean(over):+.2f} % (at most {max(over):+.2f} %) "
            f"| {100 * np.mean([each.accuracy for each in found]):.1f} % |"
        )
        logger.info(lines[-1])
    return "\n".join(lines)


#: What is no table of one market.
_OTHERS: Mapping[str, Callable[[Kept, str, Sequence[str], Sequence[int]], str]] = {
    "hours": _hours,
    "calibration": _calibration,
}


def _names(text: str, expected: Sequence[str]) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in expected:
            raise argparse.ArgumentTypeError(f"expected some of {', '.join(expected)}, was {name!r}")
    return names


def main() -> None:
    """Run the studies that the arguments name and print their tables."""
    installed = [kind.name for kind in MODELS.values() if not kind.extra]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", default="noise,a,b,c", type=lambda text: _names(text, [*STUDIES, *_OTHERS]))
    parser.add_argument("--kinds", default=",".join(installed), type=lambda text: _names(text, list(MODELS)))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--nights", type=int, default=0, help="of training anew on a random walk")
    parser.add_argument("--keep", type=Path, help="file of results: those in it are not made again")
    told = parser.parse_args()
    if told.seeds < 1:
        parser.error(f"--seeds: expected at least 1, was {told.seeds}")
    for kind in told.kinds:
        if lacks := MODELS[kind].lacks():
            parser.error(f"--kinds: {kind}: {lacks}")
    logger.remove()
    logger.add(sys.stderr, level="INFO", filter=lambda record: record["name"] in (__name__, Kept.__module__))
    kept = Kept(told.keep)
    for study in told.studies:
        print(_OTHERS.get(study, _studied)(kept, study, told.kinds, range(told.seeds)), flush=True)
        print(flush=True)
    if told.nights:
        print(_nights(kept, told.nights, told.kinds, range(told.seeds)), flush=True)


if __name__ == "__main__":
    main()
