"""`make gate-study`: noise must not pass the gate, what was planted must. See `--help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from loguru import logger

from benchmarks.gate.markets import MINUTE_MS, RULES, Market, market
from modeling.dataset import Dataset, build_dataset
from modeling.kinds import MODELS
from modeling.metrics import log_losses
from modeling.registered import RegisteredVersion
from modeling.tries import try_tags
from training.fit import Trained, train_model
from training.settings import TrainingSettings

#: Hours of history of each study: as the demo has, and four times as many.
HOURS = {"noise": 60, "a": 240, "b": 240, "c": 240}
#: Costs at which a drift of 0.3 standard deviations of a minute pays, and a rule that trades it.
CHEAP = {
    "EXECUTION_FEE_BPS": 0.1,
    "EXECUTION_SLIPPAGE_BPS": 0,
    "minimum_confidence": 0.5,
    "cooldown_bars": 0,
    "horizon_bars": 1,
}


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
    reason
        The gate's.
    """

    passed: bool
    raw: bool
    loss: float
    accuracy: float
    truth_loss: float
    truth_error: float
    reason: str


def settings_of(kind: str, study: str, seed: int, **told: object) -> TrainingSettings:
    """Return the settings of a study: noise as it is traded by default, a planted effect at costs that it can pay."""
    cheap = {} if study == "noise" else CHEAP
    return TrainingSettings.model_validate(
        {"model": kind, "seed": seed, "epochs": 12, "require_moves": False, **cheap, **told}
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
    pairs = [data.pairs[number] for number in data.pair_numbers[tested]]
    truth = np.array([made.truth[pair, at] for pair, at in zip(pairs, times_ms.tolist(), strict=True)])
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
        card.verdict.reason,
    )


@lru_cache(maxsize=1)
def _made(study: str, seed: int) -> Market:
    return market(RULES[study], seed, HOURS[study])


def run(study: str, kind: str, seed: int, **told: object) -> Result:
    """Train `kind` on the market of `study` with `seed`."""
    made = _made(study, seed)
    settings = settings_of(kind, study, seed, **told)
    return result_of(train_model(data_of(kind, made, settings), settings, lambda *_: None), made)


def nightly(kind: str, seed: int, nights: int) -> int:
    """Train every night on a walk that grows by a day, each on its last 60 hours; return how many passed."""
    made = market(RULES["noise"], seed, HOURS["noise"] + 24 * (nights - 1))
    registered: list[RegisteredVersion] = []
    passed = 0
    settings = settings_of(kind, "noise", seed)
    for night in range(nights):
        from_ms = made.rows[0].window_start_ms + night * 24 * 60 * MINUTE_MS
        until_ms = from_ms + HOURS["noise"] * 60 * MINUTE_MS
        seen = [row for row in made.rows if from_ms <= row.window_start_ms < until_ms]
        data = build_dataset(seen, MODELS[kind].sequence_length, settings.horizon_bars, settings.interval_s)
        trained = train_model(data, settings, lambda *_: None, registered=registered)
        assert trained.card.verdict is not None
        passed += trained.card.verdict.outcome == "passed"
        registered.append(RegisteredVersion(night + 1, (), try_tags(trained.card, trained.fitted.onnx)))
    return passed


def table(study: str, kinds: Sequence[str], seeds: Sequence[int], **told: object) -> str:
    """Return a line for each kind: how many of the seeds passed, and how far the losses are from the truth."""
    lines = [
        f"{study}, {HOURS[study]} h x 3 pairs, {len(seeds)} seeds",
        "| kind | passed | below the base rate | loss less the truth's | lowest in errors | accuracy |",
        "|---|---|---|---|---|---|",
    ]
    found = [{kind: run(study, kind, seed, **told) for kind in kinds} for seed in seeds]
    for kind in kinds:
        results = [of_seed[kind] for of_seed in found]
        away = [each.loss - each.truth_loss for each in results]
        lowest = min(
            (each.loss - each.truth_loss) / each.truth_error if each.truth_error else 0.0 for each in results
        )
        lines.append(
            f"| `{kind}` | {sum(each.passed for each in results)} of {len(seeds)} "
            f"| {sum(each.raw for each in results)} | {np.mean(away):+.4f} | {lowest:+.1f} "
            f"| {100 * np.mean([each.accuracy for each in results]):.1f} % |"
        )
        logger.info(lines[-1])
        for seed, each in zip(seeds, results, strict=True):
            logger.debug("{} {} seed {}: {} {}", study, kind, seed, each.passed, each.reason)
    return "\n".join(lines)


def main() -> None:
    """Run the studies that the arguments name and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", default="noise,a,b,c")
    parser.add_argument("--kinds", default=",".join(kind.name for kind in MODELS.values() if not kind.extra))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--nights", type=int, default=0)
    told = parser.parse_args()
    logger.remove()
    logger.add(sys.stderr, level="DEBUG", filter=lambda record: record["name"] == __name__)
    for study in filter(None, told.studies.split(",")):
        print(table(study, told.kinds.split(","), range(told.seeds)), flush=True)
        print(flush=True)
    if told.nights:
        for kind in told.kinds.split(","):
            passed = [nightly(kind, seed, told.nights) for seed in range(told.seeds)]
            print(f"`{kind}`: {sum(passed)} of {told.nights * told.seeds} nightly tries passed", flush=True)


if __name__ == "__main__":
    main()
