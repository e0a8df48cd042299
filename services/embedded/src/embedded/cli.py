"""The command line: options in, a plan, an exit code out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from typer.models import TyperInfo

from contracts.errors import BadInputError
from embedded.control_cli import app as control_app
from embedded.data_cli import app as data_app
from embedded.exits import errors_in_words
from embedded.forward_cli import app as forward_app
from embedded.models_cli import app as models_app
from embedded.options import (
    Accounts,
    AsJson,
    Balance,
    Data,
    DemoModel,
    Exchange,
    FeeBps,
    FromStore,
    Horizon,
    Interval,
    Model,
    Models,
    Out,
    PairName,
    Pairs,
    Replace,
    Requester,
    RunFolder,
    ServedModel,
    Speaks,
    Speed,
    Steps,
    Trades,
    Version,
    choices_of,
    known_model,
    known_or_there,
    pair_of,
    pairs_of,
    require_alone,
    typed_command,
)
from embedded.risk_cli import app as risk_app
from embedded.search_cli import app as search_app
from embedded.strategy_cli import app as strategy_app
from embedded.terminal.rows import print_json, print_rows
from embedded.usage import InWords
from modeling.kinds import DEMO_KIND, TRAINING_KIND
from streaming.exit_codes import EXIT_FAILED

app = typer.Typer(
    cls=InWords,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
# What `add_typer` does; nothing is called while a module is imported.
app.registered_groups = [
    TyperInfo(models_app, name="models"),
    TyperInfo(strategy_app, name="strategy"),
    TyperInfo(control_app, name="control"),
    TyperInfo(forward_app, name="forward-test"),
    TyperInfo(risk_app, name="risk"),
    TyperInfo(data_app, name="data"),
]


@app.callback()
def tradestream(_version: Version = False) -> None:
    """From trades to paper P&L: the same code in backfill, replay and live."""


@app.command()
def demo(
    seed: Annotated[int, typer.Option(min=0, help="seed of the market and of training")] = 7,
    model: DemoModel = None,
    hours: Annotated[float, typer.Option(min=0.05, max=240, help="hours of live market")] = 4.0,
    speed: Annotated[float, typer.Option(min=1, max=10_000, help="market seconds per second")] = 240.0,
    models: Models = None,
    out: Out = Path("runs/demo"),
    replace: Replace = False,
    kill: Annotated[
        list[str] | None, typer.Option(help="SERVICE@backfill or SERVICE@live: kill that service once; repeatable")
    ] = None,
    accounts: Accounts = None,
    balance: Balance = None,
    fee_bps: FeeBps = None,
    pairs: Pairs = None,
    interval: Interval = None,
    horizon: Horizon = None,
) -> None:
    """Run the whole pipeline on a simulated market, from an empty folder to a report."""
    from embedded.kills import Kill
    from embedded.plans.demo import DemoOptions, run_demo

    with errors_in_words() as console:
        kills = [Kill.parse(text) for text in kill or []]
        chosen = choices_of(accounts, balance, fee_bps, pairs, interval, horizon)
        kind = DEMO_KIND if models else known_or_there(model, console)
        run_demo(DemoOptions(out, typed_command(), seed, kind, hours, speed, kills, models, chosen, replace), console)


@app.command()
def replay(
    files: Annotated[list[Path], typer.Argument(help="files of recorded trades")],
    out: Out = Path("runs/replay"),
    replace: Replace = False,
    pair: Annotated[str | None, typer.Option(help="BASE/QUOTE, if the file does not say which pair it is")] = None,
    model: Model = TRAINING_KIND,
    models: Models = None,
    train_fraction: Annotated[
        float, typer.Option(min=0.05, max=0.95, help="share of the trades that serves as history")
    ] = 0.5,
    seed: Annotated[int, typer.Option(min=0, help="seed of training")] = 7,
    keep: Annotated[
        bool, typer.Option(help="keep log, state and models under OUT/work, which verify needs; SQL works without")
    ] = True,
    steps: Steps = None,
    accounts: Accounts = None,
    balance: Balance = None,
    fee_bps: FeeBps = None,
    pairs: Pairs = None,
    interval: Interval = None,
    horizon: Horizon = None,
) -> None:
    """Run the pipeline on recorded trades: the first part trains the model, the rest is traded on paper."""
    from embedded.plans.replay import ReplayOptions, run_replay

    with errors_in_words() as console:
        for path in files:
            if not path.is_file():
                raise BadInputError("FILE", "a file of recorded trades", str(path))
        chosen = choices_of(accounts, balance, fee_bps, pairs, interval, horizon)
        named, kind = pair and pair_of(pair), TRAINING_KIND if models else known_model(model)
        options = ReplayOptions(
            files, out, typed_command(), named, kind, train_fraction, seed, keep, steps, models, chosen, replace
        )
        run_replay(options, console)


@app.command()
def run(
    exchange: Annotated[str, typer.Option(help="the venue, or simulator for a market without a network")] = "kraken",
    data: Data = None,
    model: DemoModel = None,
    speed: Speed = None,
    speaks: Speaks = None,
    accounts: Accounts = None,
    balance: Balance = None,
    fee_bps: FeeBps = None,
    pairs: Pairs = None,
    interval: Interval = None,
    horizon: Horizon = None,
) -> None:
    """Trade a market on paper until Ctrl-C; the next run continues where this one stopped."""
    from embedded.plans.paper import PaperOptions, run_paper
    from embedded.plans.simulated_market import SPEED, require_exchange

    with errors_in_words() as console:
        simulated = require_exchange(exchange, speed, speaks)
        folder = data or Path("data/simulated" if simulated else "data/paper")
        chosen = choices_of(accounts, balance, fee_bps, pairs, interval, horizon)
        kind = known_or_there(model, console)
        options = PaperOptions(
            exchange, folder, typed_command(), kind, speed=speed or SPEED, speaks=speaks, choices=chosen
        )
        run_paper(options, console)


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="folder for the Parquet files")],
    run_folder: RunFolder = None,
    as_json: AsJson = False,
) -> None:
    """Write the tables of a log to Parquet: trades, candles, features and all decisions."""
    from embedded.tools import log_of
    from results.export.write import export as write

    with errors_in_words() as console:
        folder, environment = log_of(run_folder)
        result = write(folder, out, environment)
        if as_json:
            print_json(result.rows)
            return
        for name, rows in result.rows.items():
            console.print(f"{rows:>12,}  {name}.parquet", highlight=False)


@app.command()
def report(folder: Annotated[Path, typer.Argument(help="folder of a finished run")] = Path("runs/demo")) -> None:
    """Rewrite report.html from the Parquet files and summary.json of a run."""
    from results.report.page import write_report

    with errors_in_words() as console:
        if not (folder / "summary.json").is_file():
            raise BadInputError("FOLDER", "the folder of a finished run (with summary.json)", str(folder))
        console.print(str(write_report(folder)), soft_wrap=True, highlight=False, markup=False)


@app.command(name="features-gallery")
def features_gallery(
    folder: Annotated[Path, typer.Option("--run", help="folder of a finished run")] = Path("runs/demo"),
    pair: Annotated[
        str | None,
        typer.Option(help="whose bars; by default the run's second pair, or the file's only one"),
    ] = None,
    bars: Annotated[
        Path | None, typer.Option(help="plot this file of bars instead: CSV, JSON, Parquet, Feather")
    ] = None,
    reference: Annotated[Path | None, typer.Option(help="file of another market's bars to compare them with")] = None,
    out: Annotated[Path, typer.Option(help="the page to write")] = Path("runs/features.html"),
) -> None:
    """Plot every feature on the candles of a run, or on recorded bars, on one page."""
    from results.gallery.bars import bars_of_file, bars_of_run
    from results.gallery.page import write_gallery

    with errors_in_words() as console:
        if reference and not bars:
            raise BadInputError("--reference", "--bars with it: a run has pairs of its own", str(reference))
        drawn = bars_of_file(bars, reference, pair) if bars else bars_of_run(folder, pair)
        console.print(str(write_gallery(drawn, out)), soft_wrap=True, highlight=False, markup=False)


@app.command()
def status(
    run_folder: RunFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show how many messages each topic has, and how far behind each service is."""
    from embedded.tools import STATUS, log_of, status_rows

    with errors_in_words() as console:
        folder, environment = log_of(run_folder)
        rows = status_rows(folder, environment)
        print_json(rows) if as_json else print_rows(console, rows, STATUS)


@app.command()
def subscribe(
    pair: PairName,
    run_folder: RunFolder = None,
    history_days: Annotated[
        float | None, typer.Option(min=0, max=3_650, help="days of history; by default TRADES_HISTORY_DAYS")
    ] = None,
    exchange: Exchange = None,
    requester: Requester = "operator",
) -> None:
    """Add a pair to what streams, its history first, without a restart."""
    from embedded.subscriptions import ask, settings_of, who_hears

    with errors_in_words() as console:
        settings = settings_of(run_folder)
        asked = ask(
            settings, pair_of(pair), wanted=True, requester=requester, exchange=exchange, history_days=history_days
        )
        where = who_hears(settings, asked)
        console.print(f"{requester} requests {pair} of {asked.exchange} {where}", highlight=False, soft_wrap=True)


@app.command()
def unsubscribe(
    pair: PairName, run_folder: RunFolder = None, exchange: Exchange = None, requester: Requester = "operator"
) -> None:
    """Withdraw a request; the pair streams on as long as somebody else requests it."""
    from embedded.subscriptions import ask, settings_of

    with errors_in_words() as console:
        asked = ask(settings_of(run_folder), pair_of(pair), wanted=False, requester=requester, exchange=exchange)
        console.print(f"{requester} no longer requests {pair} of {asked.exchange}", highlight=False)


@app.command()
def subscriptions(run_folder: RunFolder = None, as_json: AsJson = False) -> None:
    """Show which pairs stream, who requested them, since when, and with what result."""
    from embedded.subscriptions import SUBSCRIPTIONS, settings_of, subscription_rows

    with errors_in_words() as console:
        rows = subscription_rows(settings_of(run_folder))
        print_json(rows) if as_json else print_rows(console, rows, SUBSCRIPTIONS)


@app.command()
def verify(
    start: Annotated[
        str | None, typer.Option("--from", help="ISO 8601 or epoch ms; by default the beginning")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="the same, exclusive; by default the end")] = None,
    run_folder: RunFolder = None,
    against: Annotated[
        str | None, typer.Option(help="compare with another log instead: a folder or host:9092")
    ] = None,
    stage: Annotated[list[str] | None, typer.Option(help="compare only what this service writes; repeatable")] = None,
    out: Annotated[Path | None, typer.Option(help="write every difference as a JSON line to this file")] = None,
    show: Annotated[int, typer.Option(min=0, help="number of differences to print")] = 20,
    as_json: AsJson = False,
) -> None:
    """Replay the trades of a log and compare the result with what was published, message by message."""
    from embedded.replayer import Replayer
    from verify.run import Range, VerifyOptions, run_verify

    with errors_in_words() as console:
        options = VerifyOptions(Range.parse(start, end), run_folder, against, tuple(stage or ()), out, show)
        found = run_verify(options, Console(stderr=True) if as_json else console, Replayer)
        if as_json:
            print_json(found.as_json())
        if not found.all_equal:
            raise typer.Exit(EXIT_FAILED)


@app.command()
def backtest(
    context: typer.Context,
    strategy: Annotated[
        str, typer.Option(help="of the one account: a strategy's file, or the name of one that comes along")
    ] = "",
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="of the strategy; repeatable")
    ] = None,
    bars: Annotated[
        list[Path] | None,
        typer.Option(help="a file of bars of one pair: CSV, JSON, Parquet, Feather; repeatable"),
    ] = None,
    trades: Trades = None,
    run_folder: Annotated[Path | None, typer.Option("--run", help="or the candles of this run's folder")] = None,
    of: Annotated[
        Path | None,
        typer.Option(
            help="hold this run's orders, fills and P&L against a backtest of its accounts, and venues against paper"
        ),
    ] = None,
    show: Annotated[int, typer.Option(min=0, help="number of differences to print with --of")] = 20,
    page: Annotated[
        Path | None, typer.Option(help="with --of: write venue and paper side by side as a page to this file")
    ] = None,
    from_store: FromStore = None,
    models: ServedModel = None,
    pairs: Pairs = None,
    interval: Annotated[str, typer.Option(help="of the candles of a run or of trades: 1m, 5m, 15m")] = "1m",
    start: Annotated[
        str | None, typer.Option("--from", help="ISO 8601 or epoch ms; what came before warms up")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="the same, exclusive; by default the end")] = None,
    accounts: Accounts = None,
    balance: Balance = None,
    position_pct: Annotated[str | None, typer.Option(help="size of a new position, percent of equity")] = None,
    fee_bps: FeeBps = None,
    slippage_bps: Annotated[str | None, typer.Option(help="slippage against the open, basis points")] = None,
    exchange: Annotated[str, typer.Option(help="for files of bars: whose smallest orders hold")] = "kraken",
    out: Out = Path("runs/backtest"),
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Run a strategy over years of bars, with the code that trades live."""
    from backtest.command import run_backtest
    from embedded.backtests import Money, Typed, hold_against, options_of

    with errors_in_words() as console:
        if of is not None:
            require_alone(context, "of", "show", "page", "as_json")
            if not hold_against(of, Console(stderr=True) if as_json else console, show, page, as_json=as_json):
                raise typer.Exit(EXIT_FAILED)
            return
        if page is not None:
            raise BadInputError("--page", "--of with it: a page holds a run against paper", str(page))
        typed = Typed(
            strategy,
            parameter or [],
            bars or [],
            run_folder,
            pairs and pairs_of(pairs),
            interval,
            start,
            end,
            trades or [],
            from_store,
            models,
        )
        costs = Money(accounts, balance, position_pct, fee_bps, slippage_bps, exchange)
        options = options_of(typed, costs, out, replace=replace)
        summary = run_backtest(options, Console(stderr=True) if as_json else console)
        if as_json:
            print_json(summary)


@app.command()
def explain(
    fill: Annotated[str | None, typer.Argument(metavar="[FILL]", help="its id; by default the newest")] = None,
    run_folder: Annotated[Path, typer.Option("--run", help="folder of the run")] = Path("runs/demo"),
    store: Annotated[str | None, typer.Option(help="or the address of a store, such as postgresql://...")] = None,
    trades: Annotated[int, typer.Option(min=0, help="number of trades to print")] = 5,
    as_json: AsJson = False,
) -> None:
    """Say why there is a fill: order, signal, prediction, feature row, candles, and their trades."""
    from embedded.explaining import explained, print_explained

    with errors_in_words() as console:
        found = explained(fill, run_folder, store)
        if as_json:
            print_json(found.as_json())
        else:
            print_explained(found, console, trades)
        if found.missing:
            raise typer.Exit(EXIT_FAILED)


@app.command(name="dead-letters")
def dead_letters(
    action: Annotated[
        str, typer.Argument(metavar="[list|show|replay]", help="replay sends them back to their topic")
    ] = "list",
    service: Annotated[str | None, typer.Option(help="of this service only")] = None,
    letter: Annotated[list[str] | None, typer.Option("--id", help="SERVICE:OFFSET, as listed; repeatable")] = None,
    reason: Annotated[str | None, typer.Option(help="with this reason only")] = None,
    run_folder: RunFolder = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="really replay; without it, only show what would be sent")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="replay even what was replayed before")] = False,
    show: Annotated[int, typer.Option(min=1, help="number of newest ones to print")] = 50,
    as_json: AsJson = False,
) -> None:
    """List messages that services could not use, show one, or send them back to the topic they came from."""
    from embedded.dead_letters import LetterOptions, run_dead_letters
    from streaming.dead_letters.replay import Choice

    with errors_in_words() as console:
        choice = Choice(service, tuple(letter or ()), reason)
        run_dead_letters(LetterOptions(action, choice, run_folder, yes, force, show, as_json), console)


@app.command()
def dev(
    service: Annotated[str, typer.Argument(help="its name, such as candles")],
    variant: Annotated[str | None, typer.Option(help="for trades: historical or live")] = None,
) -> None:
    """Run one service alone, in this terminal, on the configured log."""
    from embedded.tools import become_service

    with errors_in_words():
        become_service(service, variant)


app.registered_commands += search_app.registered_commands
