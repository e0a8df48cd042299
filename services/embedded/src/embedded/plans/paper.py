"""`tradestream run`: paper trading on a real market until Ctrl-C, and on from there the next time."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from loguru import logger
from rich.console import Console

from contracts.clock import Clock, SystemClock
from contracts.errors import BadInputError
from contracts.topics import TRADES
from contracts.units import MS_PER_DAY, MS_PER_MINUTE, US_PER_MS
from embedded.bars import DEFAULT_INTERVAL_S
from embedded.choices import Choices
from embedded.chosen import Chosen, choose
from embedded.environment import ENVIRONMENT
from embedded.errors import StopRequestedError
from embedded.finish import print_summary, write_results
from embedded.model_place import promoted, require_computed, settings_of
from embedded.pipeline import Pipeline
from embedded.plans import simulated_market
from embedded.plans.simulated_market import DEFAULT_VENUE, SimulatedMarket, market_of, require_listed, require_paper
from embedded.preflight import require_same_run, require_settings
from embedded.services import Services
from embedded.subscriptions import EXCHANGE_FILE
from embedded.terminal.choose import choose_view
from embedded.terminal.state import RunState
from embedded.trading import trading
from modeling.kinds import DEMO_KIND, MODELS
from modeling.registered import NoModelError
from results.run_folder import RunFolder
from results.run_log import RunLog
from results.run_settings import environment_settings, recorded_settings
from results.summary import RunRecord
from signals.settings import SignalsSettings
from streaming.settings import ENV_FILE, environment_variable
from streaming.variables import set_variables

PAIRS = ("BTC/USD", "ETH/USD")
#: For bars of a minute: two days of warm rows need the half day before them.
_HISTORY_DAYS = 2.5
_DRAIN_S = 20.0
_NOTHING_YET = "stopped before any trade was there: all services have ended, no report was written"


@dataclass(frozen=True)
class PaperOptions:
    """What a person may choose; see ``tradestream run --help``."""

    exchange: str
    data: Path
    command: str
    model: str = DEMO_KIND
    seed: int = 7
    speed: float = simulated_market.SPEED
    speaks: str | None = None
    choices: Choices = field(default_factory=Choices)


def run_paper(options: PaperOptions, console: Console, clock: Clock | None = None) -> None:
    """Trade on paper until Ctrl-C, then write what happened into `options.data`.

    A model that was promoted in an earlier run goes on serving; without one, a model is trained first.

    Raises
    ------
    FolderNotOursError, FolderInUseError, ProcessFailedError
        As they say.
    """
    place = RunFolder(options.data)
    chosen = choose(options.choices, set_variables(ENV_FILE), name="paper", pairs=PAIRS)
    simulated = options.exchange == simulated_market.EXCHANGE
    if simulated:
        require_listed(chosen.pairs)
        require_paper(chosen.accounts)
    # Whose wire format a simulated market speaks follows once its folder is ours.
    venue = options.speaks or DEFAULT_VENUE if simulated else options.exchange
    trades: dict[str, Any] = {"exchange": venue, "pairs": list(chosen.pairs)}
    services = Services(place, chosen.accounts, options.model, options.seed, trades, chosen.settings)
    require_settings(services, chosen)
    require_same_run(place, chosen)
    with place.owned(afresh=False):
        _run(options, services, chosen, console, clock or SystemClock(), place)


def _run(
    options: PaperOptions, services: Services, chosen: Chosen, console: Console, clock: Clock, place: RunFolder
) -> None:
    days, market = history_days(chosen.interval_s), None
    if options.exchange == simulated_market.EXCHANGE:
        market = market_of(place, options.seed, options.speaks, clock, days)
        services = replace(services, trades={**services.trades, **market.trades()})
    services = replace(services, extra={**services.extra, **_trading(place, market, clock)})
    place.file(EXCHANGE_FILE).write_text(options.exchange, encoding="utf-8")
    pipeline = _pipeline(options, services, chosen, console, clock, market)
    has_model = _has_model(place, pipeline.record)
    try:
        with pipeline.running():
            try:
                _go(pipeline, has_model, market, options.speed, days)
            except StopRequestedError:
                if not _has_news(pipeline):
                    raise StopRequestedError(_NOTHING_YET) from None
                _wind_down(pipeline)
    finally:
        if _has_news(pipeline):
            print_summary(console, pipeline, write_results(pipeline))


def _trading(place: RunFolder, market: SimulatedMarket | None, clock: Clock) -> dict[str, str]:
    """Accounts trade from the first start in the folder on."""
    began = recorded_settings(place).get(environment_variable(SignalsSettings, "from_ms"))
    from_ms = int(began) if began else _now_ms(market, clock)
    return trading(set_variables(ENV_FILE), from_ms=from_ms, real_time=market is None)


def _now_ms(market: SimulatedMarket | None, clock: Clock) -> int:
    return market.live_from_ms if market else clock.now_us() // US_PER_MS // MS_PER_MINUTE * MS_PER_MINUTE


def _has_news(pipeline: Pipeline) -> bool:
    """Whether there is anything to report, and something of it that no earlier run in the folder has reported."""
    place = pipeline.run_folder
    if pipeline.state.phase == "starting" or not place.log.exists():
        return False
    with closing(RunLog(place.log, ENVIRONMENT)) as log:
        return log.count(TRADES) > 0


def history_days(interval_s: int) -> float:
    """Return how many days of history bars of `interval_s` need: the same number of bars, however long they are."""
    return _HISTORY_DAYS * interval_s / DEFAULT_INTERVAL_S


def _go(pipeline: Pipeline, has_model: bool, market: SimulatedMarket | None, speed: float, days: float) -> None:
    pipeline.start(*pipeline.services.flow(), *pipeline.services.keeping())
    where = {} if market is None else market.opened(pipeline, speed)
    pipeline.backfill(history_days=days, **where)
    if has_model:
        pipeline.enter("train")
        pipeline.serve()
    elif not pipeline.train():
        pipeline.record.notes.append("Too few warm feature rows to train on: data was collected, nothing was traded.")
    pipeline.enter("live")
    pipeline.start(pipeline.services.trades_live(ends=False, **where))
    pipeline.supervisor.wait_until(lambda: False)


def _has_model(place: RunFolder, record: RunRecord) -> bool:
    """Whether the folder's registry has a model to serve: not what its log says of one that may be gone.

    Raises
    ------
    NoModelError, BadInputError
        If it is somebody's own and cannot be served: no other takes its place unasked.
    """
    settings = settings_of(place.out)
    found = promoted(settings)
    if found is None:
        return False
    try:
        stored = found.load(record.interval_s)
    except (NoModelError, BadInputError) as error:
        if found.kind not in MODELS:
            raise
        logger.warning("another model is trained: {}", error)
        record.notes.append(f"The model promoted here cannot be served any more, so another was trained: {error}.")
        return False
    require_computed(stored.card, environment_settings(), f"make run data={place.out}")
    return True


def _wind_down(pipeline: Pipeline) -> None:
    """End cleanly: no more trades, what is on its way arrives, then everything stops."""
    pipeline.supervisor.heed_stop()
    for name, process in pipeline.state.processes.items():
        if words := process.trouble():
            pipeline.record.notes.append(f"When it was stopped, {name} had last said: {words.rstrip('.')}.")
    pipeline.supervisor.stop(
        [name for name in ("trades-historical", "trades", "train") if name in pipeline.state.processes]
    )
    pipeline.drain(timeout_s=_DRAIN_S)
    pipeline.supervisor.stop()


def _pipeline(
    options: PaperOptions,
    services: Services,
    chosen: Chosen,
    console: Console,
    clock: Clock,
    market: SimulatedMarket | None,
) -> Pipeline:
    pairs = list(chosen.pairs)
    now_ms = _now_ms(market, clock)
    title = f"paper trading on {market.in_words(options.speed) if market else options.exchange}"
    begin_ms = now_ms - round(history_days(chosen.interval_s) * MS_PER_DAY)
    state = RunState(
        title,
        pairs,
        begin_ms,
        now_ms,
        currencies=chosen.currencies,
        owners=chosen.owner_books(set_variables(ENV_FILE)),
    )
    record = RunRecord(
        title=title[0].upper() + title[1:],
        command=options.command,
        exchange=options.exchange,
        pairs=pairs,
        live_from_ms=now_ms,
        interval_s=chosen.interval_s,
        notes=list(chosen.notes),
    )
    return Pipeline(services, state, record, choose_view(console))
