"""`make gate-real`: what the gate says of every kind of model on recorded bars. See `--help`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from loguru import logger

from backtest.bar_files import bars_of_files
from backtest.bars import Bars
from backtest.feature_rows import feature_rows
from contracts.errors import BadInputError
from modeling.dataset import build_dataset
from modeling.judging.evidence import evidence, per_window
from modeling.kinds import MODELS
from modeling.recipe import TooFewRowsError
from training.fit import Trained, train_model
from training.settings import TrainingSettings

#: Of bars that say no exchange.
_EXCHANGE = "kraken"
_DATA = Path(__file__).parents[2]
#: Bars that come with Tradestream, and of which pair they are (`README.md` beside each says where they are from).
RECORDED: dict[Path, str] = {
    _DATA / "tests/data/bars/ta4j_coinbase_BTC-USD_4h_20160518-20251028.csv.gz": "BTC/USD",
    _DATA / "examples/data/coinbase_BTC-EUR_1m_20180404-20180406.csv.gz": "BTC/EUR",
}


@dataclass(frozen=True, slots=True)
class Real:
    """What became of one kind on one file.

    Parameters
    ----------
    kind
        Of model.
    samples, judged
        How many samples there are, and of how many the loss is.
    log_loss, base_rate_loss
        Out of sample, and of the base rate on the same samples.
    p
        The greatest of the bars that test one, or None where none does.
    accuracy, accuracy_error
        Share whose more likely side happened, and its standard error: labels overlap, so Newey-West's.
    gross_return, net_return
        Log returns of trading it, before and after costs.
    buys
        How many.
    passed, reason
        The gate's verdict.
    seconds
        That it took, of processor time.
    """

    kind: str
    samples: int
    judged: int
    log_loss: float
    base_rate_loss: float
    p: float | None
    accuracy: float
    accuracy_error: float
    gross_return: float
    net_return: float
    buys: int
    passed: bool
    reason: str
    seconds: float

    def __str__(self) -> str:
        p = "" if self.p is None else f"{self.p:.2g}"
        return (
            f"| `{self.kind}` | {self.log_loss:.4f} | {self.base_rate_loss:.4f} | {p} "
            f"| {100 * self.accuracy:.1f} ± {100 * self.accuracy_error:.1f} % | {self.gross_return:+.3f} "
            f"| {self.net_return:+.3f} | {self.buys} | {'passed' if self.passed else 'refused'} |"
        )


#: Over the lines of `Real`.
HEAD = (
    "| kind | log loss | base rate's | p | accuracy | gross | net | buys | verdict |",
    "|---|---|---|---|---|---|---|---|---|",
)


def result_of(trained: Trained, seconds: float) -> Real:
    """Return what a training found of its recipe."""
    card, data, tested = trained.card, trained.data, trained.validation
    if (verdict := card.verdict) is None:
        raise BadInputError(card.kind, "a verdict", None)
    y, times_ms, known = data.samples.y[tested], data.times_ms[tested], np.isfinite(trained.forecast)
    right = ((trained.forecast > 0.5) == (y > 0.5)).astype(float)
    hits = evidence(per_window(times_ms[known], right[known]), card.horizon_bars)
    tests = [bar.p for bar in verdict.bars if bar.p is not None and bar.name != "net_return"]
    return Real(
        card.kind,
        len(data.samples),
        int(known.sum()),
        card.metrics["log_loss"],
        card.baselines["constant"]["log_loss"],
        max(tests, default=None),
        card.metrics["accuracy"],
        hits.error,
        verdict.gross_return,
        verdict.net_return,
        verdict.buys,
        verdict.outcome == "passed",
        verdict.reason,
        seconds,
    )


def run(bars: Bars, kinds: list[str], **told: Any) -> Iterator[Real]:
    """Train and judge each kind on the bars of a pair.

    Raises
    ------
    TooFewRowsError
        If the file has too few warm rows.
    """
    rows = list(feature_rows(bars))
    for kind in kinds:
        values = {"model": kind, "interval_s": bars.interval_s, "require_moves": False, **told}
        settings = TrainingSettings.model_validate(values)
        length, label = MODELS[kind].sequence_length, settings.label_rule
        data = build_dataset(iter(rows), length, settings.horizon_bars, settings.interval_s, label=label)
        started = time.process_time()
        yield result_of(train_model(data, settings, lambda *_: None), time.process_time() - started)


def main(arguments: list[str] | None = None) -> int:
    """Print a table for each file of bars that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bars", nargs="*", type=Path, help="files of bars; by default those that come along")
    parser.add_argument("--pair", help="of a file that does not say which")
    parser.add_argument("--kinds", default=",".join(kind.name for kind in MODELS.values() if kind.is_installed()))
    parser.add_argument("--horizon", type=int, default=5, help="bars ahead")
    parser.add_argument("--epochs", type=int, default=20, help="most of a network")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, help="JSON lines beside what is printed")
    told = parser.parse_args(arguments)
    logger.remove()
    logger.add(sys.stderr, level="ERROR")  # what training says of itself would stand between the rows
    kinds = told.kinds.split(",")
    if unknown := sorted(set(kinds) - set(MODELS)):
        parser.error(f"--kinds: expected some of {', '.join(MODELS)}, was {', '.join(unknown)}")
    for kind in kinds:
        if (lacks := MODELS[kind].lacks()) is not None:
            parser.error(f"--kinds: expected kinds that are installed, was {kind}: {lacks}")
    try:
        for path, pair in dict.fromkeys(told.bars, told.pair).items() or RECORDED.items():
            _table(path, pair, kinds, told)
    except (BadInputError, TooFewRowsError) as error:
        print(f"gate-real: {error}")
        return 2
    return 0


def _table(path: Path, pair: str | None, kinds: list[str], told: argparse.Namespace) -> None:
    [bars] = bars_of_files([path], _EXCHANGE, [pair] if pair else []).pairs.values()
    print(f"{path.name}: {len(bars.starts_ms):,} bars of {bars.interval_s} s of {bars.pair}, {told.horizon} ahead\n")
    print(*HEAD, sep="\n")
    for each in run(bars, kinds, horizon_bars=told.horizon, epochs=told.epochs, seed=told.seed):
        print(each, flush=True)
        if told.out is not None:
            with told.out.open("a", encoding="utf-8") as out:
                out.write(json.dumps({"file": path.name, **asdict(each)}) + "\n")
    print()


if __name__ == "__main__":
    raise SystemExit(main())
