"""`tradestream replay`: the same pipeline on recorded trades, the first part as history, the rest as if live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from contracts.units import MS_PER_MINUTE
from embedded.choices import Choices
from embedded.chosen import Chosen, choose
from embedded.enough import History, training_settings, why_too_short
from embedded.errors import LostTradesError
from embedded.finish import lost_share, print_summary, write_results
from embedded.model_place import chosen as chosen_model
from embedded.pipeline import Pipeline
from embedded.preflight import require_settings
from embedded.recorded_input import Recorded, RecordedInput, look_into
from embedded.replacing import require_replaceable
from embedded.services import Services
from embedded.terminal.choose import choose_view
from embedded.terminal.state import RunState
from embedded.trading import trading
from exchanges.recorded import Steps, open_recording
from featurestore.settings import FILE_NAME
from modeling.kinds import TRAINING_KIND
from modeling.registered import StoredModel
from results.run_folder import RunFolder
from results.summary import RunRecord
from streaming.settings import ENV_FILE
from streaming.variables import set_variables
from trades.settings import RECORDED

_NOTHING_TRADED = (
    "Too few warm feature rows to train on, so nothing was predicted, and accounts that follow a model decided and "
    "traded nothing: predictions has no rows, and signals, orders, fills, positions and pnl have none of theirs."
)
_HOLES = "The trades are long enough: holes in them, or prices that stood still, are the reason."

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
    choices: Choices = field(default_factory=Choices)
    replace: bool = False


def run_replay(options: ReplayOptions, console: Console) -> None:
    """Run the pipeline on recorded trades and write its results into `options.out`.

    Raises
    ------
    BadInputError
        If a file cannot be read as trades, or results may not be replaced.
    LostTradesError
        At the end, if more than `LOST_SHARE` of the trades could not be used.
    FolderNotOursError, FolderInUseError, StopRequestedError, ProcessFailedError
        As they say.
    """
    steps = None if options.steps is None else Steps.parse(options.steps)
    place, environment = RunFolder(options.out), set_variables(ENV_FILE)
    pairs = sorted({open_recording(path, pair=options.pair).pair for path in options.files})
    chosen = choose(options.choices, environment, name="replay", pairs=pairs, streams=pairs)
    # With what is known before the files are read to their ends: a wrong fee should not wait for that.
    require_settings(_services(options, (), place, chosen), chosen)
    model = chosen_model(options.models, "make replay")
    require_replaceable(options.out, replace=options.replace)
    found = look_into(options.files, options.pair, steps)
    cut_ms = cut_of(found.files, options.train_fraction)
    too_short = None
    if model is None:
        training = training_settings({**environment, **chosen.settings}, options.model)
        too_short = why_too_short(_histories(found.files, cut_ms), training)
    if too_short is not None:
        words = f"Too short to train on, so it goes on without a model. {too_short}"
        console.print(Text(words, "yellow"), soft_wrap=True)
    services = _services(options, found.files, place, chosen)
    services = replace(services, extra={**services.extra, **trading(environment, from_ms=cut_ms)})
    with place.owned(afresh=True):
        pipeline = _pipeline(options, services, found, chosen, cut_ms, console)
        _run(options, pipeline, model, too_short, cut_ms, console)


def _run(
    options: ReplayOptions,
    pipeline: Pipeline,
    model: StoredModel | None,
    too_short: str | None,
    cut_ms: int,
    console: Console,
) -> None:
    with pipeline.running():
        pipeline.start(*pipeline.services.flow())
        pipeline.backfill(file_until_ms=cut_ms)
        if too_short is not None or not pipeline.serve_or_train(model, until_ms=cut_ms):
            pipeline.record.notes.append(f"{_NOTHING_TRADED} {too_short or _HOLES}")
        pipeline.enter("live")
        pipeline.start(pipeline.services.trades_live(ends=True, file_from_ms=cut_ms))
        pipeline.wait_for_source()
        pipeline.drain()
        pipeline.supervisor.stop()
    summary = write_results(pipeline)
    if not options.keep:
        pipeline.run_folder.remove_work(keeping=FILE_NAME)
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


def _histories(recorded: Sequence[Recorded], cut_ms: int) -> list[History]:
    """Return what each pair has before the cut; several files of one are read one behind the other."""
    pairs = {each.pair: [other for other in recorded if other.pair == each.pair] for each in recorded}
    return [
        History(pair, min(each.first_ms for each in files), min(cut_ms, max(each.last_ms for each in files)))
        for pair, files in pairs.items()
    ]


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
        **({} if options.steps is None else {"file_steps": options.steps}),
    }
    return Services(place, chosen.accounts, options.model, options.seed, trades, chosen.settings)


def _pipeline(
    options: ReplayOptions,
    services: Services,
    found: RecordedInput,
    chosen: Chosen,
    cut_ms: int,
    console: Console,
) -> Pipeline:
    pairs, recorded = list(chosen.pairs), found.files
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
        notes=[*chosen.notes, *found.notes],
    )
    state = RunState(
        f"replay of {names}",
        pairs,
        first_ms,
        cut_ms,
        last_ms,
        currencies=chosen.currencies,
        owners=chosen.owner_books(set_variables(ENV_FILE)),
    )
    return Pipeline(services, state, record, choose_view(console))
