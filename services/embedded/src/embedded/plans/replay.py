"""`tradestream replay`: the same pipeline on recorded trades, the first part as history, the rest as if live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.text import Text

from contracts.errors import BadInputError
from contracts.units import MS_PER_MINUTE, US_PER_MS
from embedded.choices import Choices
from embedded.chosen import Chosen, choose
from embedded.enough import History, training_settings, why_too_short
from embedded.finish import print_summary, write_results
from embedded.pipeline import Pipeline
from embedded.preflight import require_settings
from embedded.services import Services
from embedded.terminal.choose import choose_view
from embedded.terminal.state import RunState
from exchanges.recorded import open_recording
from featurestore.settings import FILE_NAME
from modeling.kinds import TRAINING_KIND
from results.run_folder import RunFolder
from results.summary import RunRecord
from streaming.settings import ENV_FILE
from streaming.variables import set_variables
from trades.settings import RECORDED
from training.settings import TrainingSettings

_NOTHING_TRADED = (
    "Too few warm feature rows to train on, so nothing was predicted, decided or traded: predictions, signals, "
    "orders, fills, positions and pnl have no rows."
)
_HOLES = "The trades are long enough: holes in them, or prices that stood still, are the reason."


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
    choices: Choices = field(default_factory=Choices)


@dataclass(frozen=True)
class Recorded:
    """What a file holds: whose trades, and their first and last event time."""

    exchange: str
    pair: str
    first_ms: int
    last_ms: int


def run_replay(options: ReplayOptions, console: Console) -> None:
    """Run the pipeline on recorded trades and write its results into `options.out`.

    Raises
    ------
    BadInputError
        If a file cannot be read as trades.
    FolderNotOursError, FolderInUseError, StopRequestedError, ProcessFailedError
        As they say.
    """
    place, environment = RunFolder(options.out), set_variables(ENV_FILE)
    pairs = sorted({open_recording(path, pair=options.pair).pair for path in options.files})
    chosen = choose(options.choices, environment, name="replay", pairs=pairs, streams=pairs)
    # With what is known before the files are read to their ends: a wrong fee should not wait for that.
    require_settings(_services(options, (), place, chosen), chosen)
    recorded = [look_into(path, options.pair) for path in options.files]
    services = _services(options, recorded, place, chosen)
    training = training_settings({**environment, **chosen.settings}, options.model)
    with place.owned(afresh=True):
        _run(options, services, recorded, chosen, training, console)


def _run(
    options: ReplayOptions,
    services: Services,
    recorded: Sequence[Recorded],
    chosen: Chosen,
    training: TrainingSettings,
    console: Console,
) -> None:
    cut_ms = cut_of(recorded, options.train_fraction)
    too_short = why_too_short(_histories(recorded, cut_ms), training)
    if too_short is not None:
        words = f"Too short to train on, so it goes on without a model. {too_short}"
        console.print(Text(words, "yellow"), soft_wrap=True)
    pipeline = _pipeline(options, services, recorded, chosen, cut_ms, console)
    with pipeline.running():
        pipeline.start(*pipeline.services.flow())
        pipeline.backfill(file_until_ms=cut_ms)
        if too_short is not None or not pipeline.train(until_ms=cut_ms):
            pipeline.record.notes.append(f"{_NOTHING_TRADED} {too_short or _HOLES}")
        pipeline.enter("live")
        pipeline.start(pipeline.services.trades_live(ends=True, file_from_ms=cut_ms))
        pipeline.wait_for_source()
        pipeline.drain()
        pipeline.supervisor.stop()
    summary = write_results(pipeline)
    if not options.keep:
        services.run_folder.remove_work(keeping=FILE_NAME)
    print_summary(console, pipeline, summary)


def _histories(recorded: Sequence[Recorded], cut_ms: int) -> list[History]:
    """Return what each pair has before the cut; several files of one are read one behind the other."""
    pairs = {each.pair: [other for other in recorded if other.pair == each.pair] for each in recorded}
    return [
        History(pair, min(each.first_ms for each in files), min(cut_ms, max(each.last_ms for each in files)))
        for pair, files in pairs.items()
    ]


def look_into(path: Path, pair: str | None) -> Recorded:
    """Return what `path` holds.

    Raises
    ------
    BadInputError
        If it is missing, not recorded trades, or without a single one.
    """
    recording = open_recording(path, pair=pair)
    first_us = last_us = None
    for frame in recording.frames(lambda _bad_row: None):
        first_us = frame.timestamps_us[0] if first_us is None else first_us
        last_us = frame.timestamps_us[-1]
    if first_us is None or last_us is None:
        raise BadInputError(str(path), "at least one trade", "none")
    return Recorded(recording.exchange, recording.pair, first_us // US_PER_MS, last_us // US_PER_MS)


def cut_of(recorded: Sequence[Recorded], train_fraction: float) -> int:
    """Return the minute that ends the historical part.

    Examples
    --------
    >>> cut_of([Recorded("x", "A/B", 0, 600_000)], 0.5)
    300000
    """
    first_ms, last_ms = min(each.first_ms for each in recorded), max(each.last_ms for each in recorded)
    return round(first_ms + train_fraction * (last_ms - first_ms)) // MS_PER_MINUTE * MS_PER_MINUTE


def _services(options: ReplayOptions, recorded: Sequence[Recorded], place: RunFolder, chosen: Chosen) -> Services:
    trades = {
        "exchange": RECORDED,
        "pairs": chosen.pairs,
        "file": [path.resolve() for path in options.files],
        "file_pair": [each.pair for each in recorded],
        "file_exchange": [each.exchange for each in recorded],
    }
    return Services(place, chosen.accounts, options.model, options.seed, trades, chosen.settings)


def _pipeline(
    options: ReplayOptions,
    services: Services,
    recorded: Sequence[Recorded],
    chosen: Chosen,
    cut_ms: int,
    console: Console,
) -> Pipeline:
    pairs = list(chosen.pairs)
    first_ms, last_ms = min(each.first_ms for each in recorded), max(each.last_ms for each in recorded)
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
        interval_s=chosen.interval_s,
        notes=list(chosen.notes),
    )
    state = RunState(f"replay of {names}", pairs, first_ms, cut_ms, last_ms, currencies=chosen.currencies)
    return Pipeline(services, state, record, choose_view(console))
