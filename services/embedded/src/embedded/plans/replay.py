"""`tradestream replay`: the same pipeline on recorded trades, the first part as history, the rest as if live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from contracts.account import Account
from contracts.units import MS_PER_MINUTE, MS_PER_SECOND
from embedded.errors import LostTradesError
from embedded.finish import lost_share, print_summary, write_results
from embedded.model_place import chosen
from embedded.pipeline import Pipeline
from embedded.recorded_input import Recorded, RecordedInput, look_into
from embedded.services import Services
from embedded.terminal.choose import choose_view
from embedded.terminal.state import RunState
from exchanges.recorded import Steps
from featurestore.settings import FILE_NAME
from modeling.kinds import TRAINING_KIND
from modeling.registered import StoredModel
from results.report.wording import duration
from results.run_folder import RunFolder
from results.summary import RunRecord
from trades.settings import RECORDED

#: A larger part of the trades that is lost makes the run fail, though its results are written.
LOST_SHARE = 0.01


@dataclass(frozen=True)
class ReplayOptions:
    """What a person may choose; see ``tradestream replay --help``."""

    files: Sequence[Path]
    out: Path
    command: str
    pair: str | None = None
    model: str = TRAINING_KIND
    train_fraction: float = 0.5
    seed: int = 7
    keep: bool = True
    steps: str | None = None
    models: str | None = None


def run_replay(options: ReplayOptions, console: Console) -> None:
    """Run the pipeline on recorded trades and write its results into `options.out`.

    Raises
    ------
    BadInputError
        If a file cannot be read as trades.
    LostTradesError
        At the end, if more than `LOST_SHARE` of the trades could not be used.
    FolderNotOursError, FolderInUseError, StopRequestedError, ProcessFailedError
        As they say.
    """
    steps = None if options.steps is None else Steps.parse(options.steps)
    found = look_into(options.files, options.pair, steps)
    model = chosen(options.models, "make replay")
    place = RunFolder(options.out)
    with place.owned(afresh=True):
        _run(options, model, found, place, console)


def _run(
    options: ReplayOptions,
    model: StoredModel | None,
    found: RecordedInput,
    place: RunFolder,
    console: Console,
) -> None:
    recorded = found.files
    cut_ms = cut_of(recorded, options.train_fraction)
    pipeline = _pipeline(options, recorded, cut_ms, place, console)
    pipeline.record.notes += found.notes
    with pipeline.running():
        pipeline.start(*pipeline.services.flow())
        pipeline.backfill(file_until_ms=cut_ms)
        if not pipeline.serve_or_train(model, until_ms=cut_ms):
            pipeline.record.notes.append(_too_short(recorded, cut_ms))
        pipeline.enter("live")
        pipeline.start(pipeline.services.trades_live(ends=True, file_from_ms=cut_ms))
        pipeline.wait_for_source()
        pipeline.drain()
        pipeline.supervisor.stop()
    summary = write_results(pipeline)
    if not options.keep:
        place.remove_work(keeping=FILE_NAME)
    print_summary(console, pipeline, summary)
    refuse_loss(summary)


def refuse_loss(summary: dict[str, Any]) -> None:
    """Let a run fail, at its end, that has lost too much.

    Raises
    ------
    LostTradesError
        With how much that is.
    """
    if (share := lost_share(summary)) > LOST_SHARE:
        raise LostTradesError(sum(summary["lost_trades"].values()), share)


def _too_short(recorded: Sequence[Recorded], cut_ms: int) -> str:
    spans_s = max(0, cut_ms - min(each.first_ms for each in recorded)) / MS_PER_SECOND
    return (
        "Too few warm feature rows to train on, so nothing was predicted, decided or traded: predictions, signals, "
        "orders, fills, positions and pnl have no rows. It takes half a day of trades before a midnight UTC and 600 "
        f"minutes after it; the part to train on spans {duration(spans_s)}."
    )


def cut_of(recorded: Sequence[Recorded], train_fraction: float) -> int:
    """Return the minute that ends the historical part.

    Examples
    --------
    >>> cut_of([Recorded("x", "A/B", 0, 600_000)], 0.5)
    300000
    """
    first_ms, last_ms = min(each.first_ms for each in recorded), max(each.last_ms for each in recorded)
    return round(first_ms + train_fraction * (last_ms - first_ms)) // MS_PER_MINUTE * MS_PER_MINUTE


def _pipeline(
    options: ReplayOptions, recorded: Sequence[Recorded], cut_ms: int, place: RunFolder, console: Console
) -> Pipeline:
    pairs = sorted({each.pair for each in recorded})
    first_ms, last_ms = min(each.first_ms for each in recorded), max(each.last_ms for each in recorded)
    trades = {
        "exchange": RECORDED,
        "pairs": pairs,
        "file": [path.resolve() for path in options.files],
        "file_pair": [each.pair for each in recorded],
        "file_exchange": [each.exchange for each in recorded],
        **({} if options.steps is None else {"file_steps": options.steps}),
    }
    accounts = (Account(name="replay", pairs=tuple(pairs)),)
    services = Services(place, accounts, options.model, options.seed, trades)
    names = ", ".join(path.name for path in options.files)
    record = RunRecord(
        title="Replay of " + (names if len(options.files) < 4 else f"{len(options.files)} files"),
        command=options.command,
        exchange=", ".join(sorted({each.exchange for each in recorded})),
        pairs=pairs,
        seed=options.seed,
        live_from_ms=cut_ms,
        live_until_ms=last_ms,
        live_feed=False,
    )
    state = RunState(f"replay of {names}", pairs, first_ms, cut_ms, last_ms)
    return Pipeline(services, state, record, choose_view(console))
