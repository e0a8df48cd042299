"""`tradestream demo`: the whole pipeline on a simulated market, from nothing to a report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pydantic import ValidationError
from rich.console import Console

from contracts.errors import BadInputError
from contracts.units import MS_PER_SECOND
from embedded.bars import interval_in_words
from embedded.choices import Choices
from embedded.chosen import Chosen, choose
from embedded.finish import print_summary, write_results
from embedded.kills import Kill
from embedded.model_place import chosen as chosen_model
from embedded.pipeline import Pipeline
from embedded.plans.simulated_market import require_listed
from embedded.preflight import require_settings
from embedded.process import ProcessSpec
from embedded.replacing import require_replaceable
from embedded.services import Services
from embedded.terminal.choose import choose_view
from embedded.terminal.state import RunState
from embedded.trading import trading
from exchanges.simulator.settings import SimulatorSettings
from features import ANCHOR_BARS
from modeling.kinds import DEMO_KIND
from modeling.registered import StoredModel
from results.run_folder import RunFolder
from results.summary import RunRecord
from streaming.errors import SettingsError
from streaming.settings import ENV_FILE, complaints, environment_of
from streaming.variables import set_variables

PAIRS = ("BTC/USD", "ETH/USD", "SOL/USD")
EXCHANGE = "simulator"
#: 2026-03-04T00:00:00Z. At a midnight, because features are anchored there: with history from noon three days
#: before, rows are warm from the first midnight on, which gives exactly two days to train on.
LIVE_FROM_MS = 1_772_582_400_000
#: Of warm rows, between two anchors of features each.
_WARM_STRETCHES = 2
#: Longer bars would need months of simulated history.
LONGEST_INTERVAL_S = 900
_READY = "simulator-ready.json"
_MS_PER_HOUR = 3_600 * MS_PER_SECOND


@dataclass(frozen=True)
class DemoOptions:
    """What a person may choose; see ``tradestream demo --help``."""

    out: Path
    command: str
    seed: int = 7
    model: str = DEMO_KIND
    hours: float = 4.0
    speed: float = 240.0
    kills: Sequence[Kill] = ()
    models: str | None = None
    choices: Choices = field(default_factory=Choices)
    replace: bool = False

    @property
    def live_until_ms(self) -> int:
        """Event time at which the market ends."""
        return LIVE_FROM_MS + round(self.hours * _MS_PER_HOUR)


def history_from_ms(interval_s: int) -> int:
    """Return the event time at which history begins: half a stretch between two anchors before the first that counts.

    Features are anchored every 1,440 bars; at least two such stretches of warm rows are there to train on.

    Examples
    --------
    >>> (LIVE_FROM_MS - history_from_ms(60)) // _MS_PER_HOUR
    60
    """
    anchor_ms = ANCHOR_BARS * interval_s * MS_PER_SECOND
    first_anchor_ms = (LIVE_FROM_MS - _WARM_STRETCHES * anchor_ms) // anchor_ms * anchor_ms
    return first_anchor_ms - anchor_ms // 2


def run_demo(options: DemoOptions, console: Console) -> None:
    """Run the demo and write its results into `options.out`.

    Raises
    ------
    BadInputError, FolderNotOursError, FolderInUseError, StopRequestedError, ProcessFailedError
        As they say.
    """
    place = RunFolder(options.out)
    chosen = choose(options.choices, set_variables(ENV_FILE), name="demo", pairs=PAIRS)
    if chosen.interval_s > LONGEST_INTERVAL_S:
        expected = f"at most {interval_in_words(LONGEST_INTERVAL_S)} in a demo: longer bars need months of history"
        raise BadInputError("--interval", expected, interval_in_words(chosen.interval_s))
    services = _services(options, place, chosen)
    require_settings(services, chosen)
    _venue(options, chosen, place)
    model = chosen_model(options.models, "make demo")
    require_replaceable(options.out, replace=options.replace)
    with place.owned(afresh=True):
        _run(options, model, services, chosen, console)


def _run(
    options: DemoOptions, model: StoredModel | None, services: Services, chosen: Chosen, console: Console
) -> None:
    pipeline = _pipeline(options, services, chosen, console)
    with pipeline.running():
        venue = _start_venue(pipeline, options, chosen)
        addresses = {name: venue[name] for name in ("rest_url", "websocket_url")}
        pipeline.backfill(history_from_ms=history_from_ms(chosen.interval_s), **addresses)
        # The feed connects while the model trains: the market stands still until it is told to run.
        pipeline.start(pipeline.services.trades_live(ends=True, stop_at_ms=options.live_until_ms, **addresses))
        if not pipeline.serve_or_train(model, until_ms=LIVE_FROM_MS):
            pipeline.record.notes.append(f"Nothing was predicted or traded, for {pipeline.untrained}")
        pipeline.enter("live")
        # On this machine, where no proxy of the environment can lead.
        httpx.post(f"{venue['control_url']}/sim/clock/start", timeout=10, trust_env=False).raise_for_status()
        pipeline.wait_for_source()
        pipeline.drain()
        pipeline.supervisor.stop()
    summary = write_results(pipeline)
    print_summary(console, pipeline, summary)


def _services(options: DemoOptions, place: RunFolder, chosen: Chosen) -> Services:
    return Services(
        run_folder=place,
        accounts=chosen.accounts,
        model=options.model,
        seed=options.seed,
        trades={
            "exchange": "kraken",
            "exchange_label": EXCHANGE,
            "pairs": chosen.pairs,
            "requests_per_second": 40,
        },
        extra={**chosen.settings, **trading(set_variables(ENV_FILE), from_ms=LIVE_FROM_MS)},
    )


def _pipeline(options: DemoOptions, services: Services, chosen: Chosen, console: Console) -> Pipeline:
    title = f"demo on a simulated market, seed {options.seed}"
    begin_ms = history_from_ms(chosen.interval_s)
    state = RunState(
        title,
        list(chosen.pairs),
        begin_ms,
        LIVE_FROM_MS,
        options.live_until_ms,
        currencies=chosen.currencies,
        owners=chosen.owner_books(set_variables(ENV_FILE)),
    )
    record = RunRecord(
        title=title[0].upper() + title[1:],
        command=options.command,
        exchange=EXCHANGE,
        pairs=list(chosen.pairs),
        seed=options.seed,
        live_from_ms=LIVE_FROM_MS,
        live_until_ms=options.live_until_ms,
        interval_s=chosen.interval_s,
        notes=list(chosen.notes),
    )
    return Pipeline(services, state, record, choose_view(console), options.kills, feed_never_rests=True)


def _venue(options: DemoOptions, chosen: Chosen, place: RunFolder) -> ProcessSpec:
    """Return the simulated venue, its settings checked."""
    fields: dict[str, Any] = {
        "seed": options.seed,
        "pairs": ",".join(chosen.pairs),
        "history_from_ms": history_from_ms(chosen.interval_s),
        "live_from_ms": LIVE_FROM_MS,
        "live_until_ms": options.live_until_ms,
        "speed": options.speed,
        "ready_file": place.file(_READY),
    }
    require_listed(chosen.pairs)
    try:
        SimulatorSettings(**fields)
    except ValidationError as error:
        raise SettingsError("\n".join(complaints(SimulatorSettings, error))) from error
    environment = environment_of(SimulatorSettings, **fields)
    return ProcessSpec("simulator", ("exchanges.simulator",), environment, restartable=False)


def _start_venue(pipeline: Pipeline, options: DemoOptions, chosen: Chosen) -> dict[str, Any]:
    """Start the venue and the services together, and return the venue's addresses once it listens."""
    ready = pipeline.run_folder.file(_READY)
    pipeline.start(_venue(options, chosen, pipeline.run_folder), *pipeline.services.flow())
    pipeline.supervisor.wait_until(ready.exists)
    return dict(json.loads(ready.read_text(encoding="utf-8")))
