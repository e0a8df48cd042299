"""A live run of the product whose services are scraped: a simulated market, three accounts, a store in PostgreSQL."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import httpx
from rich.console import Console
from tests.support.processes import free_port

from contracts.account import Account
from contracts.model_event import CHALLENGER
from contracts.services import SERVICES
from embedded.model_place import registry_of, settings_of
from embedded.pipeline import Pipeline
from embedded.plans.demo import EXCHANGE, LIVE_FROM_MS, PAIRS
from embedded.process import ProcessSpec
from embedded.services import Services
from embedded.terminal.plain import PlainLines
from embedded.terminal.state import RunState
from modeling.own_model import made_up
from results.run_folder import RunFolder
from results.summary import RunRecord

_MS_PER_HOUR = 3_600_000
_HISTORY_FROM_MS = LIVE_FROM_MS - 60 * _MS_PER_HOUR
#: Event seconds in a second, and how much of the market there is: more than the check takes, in which each pair has
#: the two windows of predictions that an index of stability is of.
_SPEED, _LIVE_HOURS = 150.0, 36
_SEED = 7
#: One account that trades as ever, and two of one owner; the limits of one are so narrow that it meets them.
ACCOUNTS = (
    Account(name="paper", pairs=PAIRS, minimum_confidence=0.5, max_daily_loss_pct=Decimal(100)),
    Account(name="slow", owner="anna", pairs=PAIRS[:1]),
    Account(
        name="timid",
        owner="anna",
        pairs=PAIRS,
        minimum_confidence=0.5,
        max_daily_loss_pct=Decimal("0.05"),
        max_total_loss_pct=Decimal("0.2"),
    ),
)
#: A trade with a price below nothing, for a dead letter; a socket that falls silent, for a new connection.
_FAULTS = (
    {"kind": "negative_price", "pair": "BTC/USD", "count": 2, "at_ms": LIVE_FROM_MS + _MS_PER_HOUR},
    {"kind": "half_open", "at_ms": LIVE_FROM_MS + 2 * _MS_PER_HOUR},
)
#: Process -> what Kubernetes calls its deployment, `-live` left out.
APPS = {each.name: each.app for each in SERVICES}


class ScrapedPipeline(Pipeline):
    """Gives each service a port of its own for its metrics."""

    ports: dict[str, int]

    def start(self, *specs: ProcessSpec) -> None:
        super().start(*map(self._with_port, specs))

    def _with_port(self, spec: ProcessSpec) -> ProcessSpec:
        port = self.ports.get(spec.name)
        told = {"TRADESTREAM_METRICS_PORT": str(port)} if port else {}
        return dataclasses.replace(spec, environment={**spec.environment, **told})


@contextmanager
def live_run(folder: Path, store_url: str) -> Iterator[ScrapedPipeline]:
    """Fill the past, train, go live, and hand over; the market goes on while the block runs."""
    place = RunFolder(folder)
    with place.owned(afresh=True):
        pipeline = _pipeline(place, store_url)
        with pipeline.running():
            venue = _start_venue(pipeline)
            pipeline.backfill(history_from_ms=_HISTORY_FROM_MS, **venue)
            assert pipeline.train(until_ms=LIVE_FROM_MS), "history is long enough to train on"
            _challenge(folder)
            pipeline.enter("live")
            pipeline.start(pipeline.services.trades_live(ends=False, **venue))
            httpx.post(f"{_addresses(pipeline)['control_url']}/sim/clock/start", timeout=10).raise_for_status()
            yield pipeline
            pipeline.supervisor.stop()


def _challenge(folder: Path) -> None:
    """Let the same model, under another number, speak in shadow beside the one that was trained."""
    settings = settings_of(folder)
    registry = registry_of(settings)
    stored = registry.load(settings.model_name, 1)
    card = stored.card.model_copy(update={"seed": _SEED + 1})
    example = made_up(card)[-2:]
    version = registry.register(
        card, stored.onnx, {}, example=example, experiment="challengers", artifact_location=settings.artifact_location
    )
    registry.promote(settings.model_name, version, CHALLENGER)


@contextmanager
def standing_still(pipeline: ScrapedPipeline) -> Iterator[None]:
    """Stop the venue's process for as long as the block runs: its sockets stay open and say nothing."""
    venue = pipeline.supervisor.processes["simulator"]
    assert venue.pid is not None
    os.kill(venue.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(venue.pid, signal.SIGCONT)


def _pipeline(place: RunFolder, store_url: str) -> ScrapedPipeline:
    trades = {
        "exchange": "kraken",
        "exchange_label": EXCHANGE,
        "pairs": PAIRS,
        "requests_per_second": 40,
    }
    extra = {
        "TRADESTREAM_STORE_URL": store_url,
        "TRADESTREAM_REPORT_SECONDS": "5",
        "INDICATORS_FEATURE_SET": "full",
    }
    services = Services(place, ACCOUNTS, "logistic", _SEED, trades, extra)
    until_ms = LIVE_FROM_MS + _LIVE_HOURS * _MS_PER_HOUR
    title = "dashboards, on a simulated market"
    state = RunState(title, list(PAIRS), _HISTORY_FROM_MS, LIVE_FROM_MS, until_ms)
    record = RunRecord(title=title, command="make dashboards-check", exchange=EXCHANGE, pairs=list(PAIRS))
    pipeline = ScrapedPipeline(services, state, record, PlainLines(Console()))
    # These accounts trade on paper: the gateway is another's (venue.py).
    pipeline.ports = {name: free_port() for name in APPS if name != "gateway"}
    return pipeline


def _start_venue(pipeline: ScrapedPipeline) -> dict[str, str]:
    ready = pipeline.run_folder.file("simulator-ready.json")
    settings = {
        "SIMULATOR_SEED": _SEED,
        "SIMULATOR_PAIRS": ",".join(PAIRS),
        "SIMULATOR_HISTORY_FROM_MS": _HISTORY_FROM_MS,
        "SIMULATOR_LIVE_FROM_MS": LIVE_FROM_MS,
        "SIMULATOR_LIVE_UNTIL_MS": LIVE_FROM_MS + _LIVE_HOURS * _MS_PER_HOUR,
        "SIMULATOR_SPEED": _SPEED,
        "SIMULATOR_FAULTS": json.dumps(_FAULTS),
        "SIMULATOR_READY_FILE": ready,
    }
    environment = {name: str(value) for name, value in settings.items()}
    venue = ProcessSpec("simulator", ("exchanges.simulator",), environment, restartable=False)
    pipeline.start(venue, *pipeline.services.flow(), *pipeline.services.keeping())
    pipeline.supervisor.wait_until(ready.exists)
    addresses = _addresses(pipeline)
    return {name: addresses[name] for name in ("rest_url", "websocket_url")}


def _addresses(pipeline: ScrapedPipeline) -> dict[str, str]:
    return dict(json.loads(pipeline.run_folder.file("simulator-ready.json").read_text(encoding="utf-8")))
