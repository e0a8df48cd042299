"""`tradestream demo`: the whole pipeline on a simulated market, from nothing to a report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from contracts.account import Account
from contracts.units import MS_PER_SECOND
from embedded.finish import print_summary, write_results
from embedded.kills import Kill
from embedded.model_place import chosen
from embedded.pipeline import Pipeline
from embedded.process import ProcessSpec
from embedded.services import Services
from embedded.terminal.choose import choose_view
from embedded.terminal.state import RunState
from exchanges.simulator.settings import SimulatorSettings
from modeling.kinds import DEMO_KIND
from modeling.registered import StoredModel
from results.run_folder import RunFolder
from results.summary import RunRecord
from streaming.settings import environment_of

PAIRS = ("BTC/USD", "ETH/USD", "SOL/USD")
EXCHANGE = "simulator"
#: 2026-03-04T00:00:00Z. At a midnight, because features are anchored there: with history from noon three days
#: before, rows are warm from the first midnight on, which gives exactly two days to train on.
LIVE_FROM_MS = 1_772_582_400_000
HISTORY_HOURS = 60
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

    @property
    def live_until_ms(self) -> int:
        """Event time at which the market ends."""
        return LIVE_FROM_MS + round(self.hours * _MS_PER_HOUR)

    @property
    def history_from_ms(self) -> int:
        """Event time at which history begins."""
        return LIVE_FROM_MS - HISTORY_HOURS * _MS_PER_HOUR


def run_demo(options: DemoOptions, console: Console) -> None:
    """Run the demo and write its results into `options.out`.

    Raises
    ------
    FolderNotOursError, FolderInUseError, StopRequestedError, ProcessFailedError
        As they say.
    """
    model = chosen(options.models, "make demo")
    place = RunFolder(options.out)
    with place.owned(afresh=True):
        _run(options, model, place, console)


def _run(options: DemoOptions, model: StoredModel | None, place: RunFolder, console: Console) -> None:
    pipeline = _pipeline(options, place, console)
    with pipeline.running():
        venue = _start_venue(pipeline, options)
        addresses = {name: venue[name] for name in ("rest_url", "websocket_url")}
        pipeline.backfill(history_from_ms=options.history_from_ms, **addresses)
        # The feed connects while the model trains: the market stands still until it is told to run.
        pipeline.start(pipeline.services.trades_live(ends=True, stop_at_ms=options.live_until_ms, **addresses))
        pipeline.serve_or_train(model, until_ms=LIVE_FROM_MS)
        pipeline.enter("live")
        # On this machine, where no proxy of the environment can lead.
        httpx.post(f"{venue['control_url']}/sim/clock/start", timeout=10, trust_env=False).raise_for_status()
        pipeline.wait_for_source()
        pipeline.drain()
        pipeline.supervisor.stop()
    summary = write_results(pipeline)
    print_summary(console, pipeline, summary)


def _pipeline(options: DemoOptions, place: RunFolder, console: Console) -> Pipeline:
    services = Services(
        run_folder=place,
        accounts=(Account(name="demo", pairs=PAIRS),),
        model=options.model,
        seed=options.seed,
        trades={
            "exchange": "kraken",
            "exchange_label": EXCHANGE,
            "pairs": PAIRS,
            "requests_per_second": 40,
        },
    )
    title = f"demo on a simulated market, seed {options.seed}"
    state = RunState(title, list(PAIRS), options.history_from_ms, LIVE_FROM_MS, options.live_until_ms)
    record = RunRecord(
        title=title[0].upper() + title[1:],
        command=options.command,
        exchange=EXCHANGE,
        pairs=list(PAIRS),
        seed=options.seed,
        live_from_ms=LIVE_FROM_MS,
        live_until_ms=options.live_until_ms,
    )
    return Pipeline(services, state, record, choose_view(console), options.kills)


def _start_venue(pipeline: Pipeline, options: DemoOptions) -> dict[str, Any]:
    """Start the venue and the services together, and return the venue's addresses once it listens."""
    ready = pipeline.run_folder.file("simulator-ready.json")
    environment = environment_of(
        SimulatorSettings,
        seed=options.seed,
        pairs=",".join(PAIRS),
        history_from_ms=options.history_from_ms,
        live_from_ms=LIVE_FROM_MS,
        live_until_ms=options.live_until_ms,
        speed=options.speed,
        ready_file=ready,
    )
    venue = ProcessSpec("simulator", ("exchanges.simulator",), environment, restartable=False)
    pipeline.start(venue, *pipeline.services.flow())
    pipeline.supervisor.wait_until(ready.exists)
    return dict(json.loads(ready.read_text(encoding="utf-8")))
