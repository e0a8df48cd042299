"""`tradestream optimise` and what else asks many backtests: options in, a report and an exit code out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from embedded.exits import errors_in_words
from embedded.options import (
    Accounts,
    AsJson,
    Balance,
    FeeBps,
    FromStore,
    Out,
    Pairs,
    Replace,
    ServedModel,
    Trades,
    pairs_of,
)
from embedded.terminal.rows import print_json

#: Its commands stand beside the others of `tradestream`.
app = typer.Typer()

_Strategy = Annotated[
    str, typer.Option(help="of the one account: a strategy's file, or the name of one that comes along")
]
_Parameters = Annotated[
    list[str] | None, typer.Option("--parameter", metavar="NAME=VALUE", help="of the strategy; repeatable")
]
_Bars = Annotated[
    list[Path] | None,
    typer.Option(help="a file of bars of one pair: CSV, JSON, Parquet, Feather; repeatable"),
]
_Run = Annotated[Path | None, typer.Option("--run", help="or the candles of this run's folder")]
_Interval = Annotated[str, typer.Option(help="of the candles of a run or of trades: 1m, 5m, 15m")]
_From = Annotated[str | None, typer.Option("--from", help="ISO 8601 or epoch ms; what came before warms up")]
_To = Annotated[str | None, typer.Option("--to", help="the same, exclusive; by default the end")]
_PositionPct = Annotated[str | None, typer.Option(help="size of a new position, percent of equity")]
_SlippageBps = Annotated[str | None, typer.Option(help="slippage against the open, basis points")]
_Exchange = Annotated[str, typer.Option(help="for files of bars: whose smallest orders hold")]
_Ranges = Annotated[
    list[str] | None,
    typer.Option(
        "--range",
        metavar="NAME=LOW:HIGH[:STEP]",
        help="where to look: a parameter, exits.stop_pct (0 is none), account.position_pct; repeatable",
    ),
]
_Objective = Annotated[str, typer.Option(help="after costs: sharpe, return, calmar (return by drawdown)")]
_LeastTrades = Annotated[int, typer.Option(min=1, help="round trips below which a try wins nothing")]
_Trials = Annotated[
    int, typer.Option(min=1, max=100_000, help="tries at most; a longer search begins with a shorter's")
]
_Seed = Annotated[int, typer.Option(min=0, help="of all chance")]
_Workers = Annotated[int | None, typer.Option(min=1, max=256, help="processes; by default one for each core")]
_OnEngine = Annotated[
    bool, typer.Option("--on-engine", help="make every try on the engine, also those that the kernel knows")
]
_Ledger = Annotated[
    Path | None, typer.Option(help="file of all tries ever made; by default tries.db beside the folder of results")
]


@app.command()
def optimise(
    strategy: _Strategy = "",
    parameter: _Parameters = None,
    ranges: _Ranges = None,
    objective: _Objective = "sharpe",
    least_trades: _LeastTrades = 20,
    trials: _Trials = 100,
    seed: _Seed = 7,
    workers: _Workers = None,
    bars: _Bars = None,
    trades: Trades = None,
    run_folder: _Run = None,
    from_store: FromStore = None,
    models: ServedModel = None,
    pairs: Pairs = None,
    interval: _Interval = "1m",
    start: _From = None,
    end: _To = None,
    accounts: Accounts = None,
    balance: Balance = None,
    position_pct: _PositionPct = None,
    fee_bps: FeeBps = None,
    slippage_bps: _SlippageBps = None,
    exchange: _Exchange = "kraken",
    on_engine: _OnEngine = False,
    ledger: _Ledger = None,
    out: Out = Path("runs/optimise"),
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Search parameters, exits and sizes, every try counted; broken off, the same command goes on."""
    from backtest.search.command import SearchOptions, run_search
    from embedded.backtests import Money, Typed
    from embedded.options import typed_command
    from embedded.searches import job_of, ledger_of, plan_of

    with errors_in_words() as console:
        named = pairs and pairs_of(pairs)
        typed = Typed(
            *(strategy, parameter or [], bars or [], run_folder, named, interval, start, end),
            trades=trades or [],
            store=from_store,
            models=models,
        )
        money = Money(accounts, balance, position_pct, fee_bps, slippage_bps, exchange)
        job = job_of(typed, money, out, replace=replace, on_engine=on_engine)
        plan = plan_of(job, typed.parameters, ranges or [], objective, least_trades, trials, seed)
        cores = workers or os.cpu_count() or 1
        options = SearchOptions(job, plan, cores, ledger_of(ledger, out), out, typed_command())
        found = run_search(options, Console(stderr=True) if as_json else console)
        if as_json:
            print_json(found)


@app.command()
def luck(
    strategy: _Strategy = "",
    parameter: _Parameters = None,
    winner: Annotated[
        Path | None, typer.Option(help="with the parameters, exits and sizes that this search has found")
    ] = None,
    markets: Annotated[int, typer.Option(min=0, max=10_000, help="made-up markets to run it on")] = 20,
    seed: _Seed = 7,
    bars: _Bars = None,
    trades: Trades = None,
    run_folder: _Run = None,
    from_store: FromStore = None,
    models: ServedModel = None,
    pairs: Pairs = None,
    interval: _Interval = "1m",
    start: _From = None,
    end: _To = None,
    accounts: Accounts = None,
    balance: Balance = None,
    position_pct: _PositionPct = None,
    fee_bps: FeeBps = None,
    slippage_bps: _SlippageBps = None,
    exchange: _Exchange = "kraken",
    ledger: _Ledger = None,
    out: Out = Path("runs/luck"),
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Tell an edge from luck: random entries, other orders of trades, made-up markets, dearer and later orders."""
    from backtest.luck.command import LuckOptions, run_luck, winner_of
    from embedded.backtests import Money, Typed
    from embedded.options import typed_command
    from embedded.searches import choice_of, job_of, ledger_of

    with errors_in_words() as console:
        named = pairs and pairs_of(pairs)
        typed = Typed(
            *(strategy, parameter or [], bars or [], run_folder, named, interval, start, end),
            trades=trades or [],
            store=from_store,
            models=models,
        )
        money = Money(accounts, balance, position_pct, fee_bps, slippage_bps, exchange)
        chosen = winner_of(winner) if winner is not None else None
        job = job_of(typed, money, out, replace=replace)
        place = ledger_of(ledger, out)
        options = LuckOptions(job, chosen or choice_of(job), markets, seed, place, out, typed_command())
        found = run_luck(options, Console(stderr=True) if as_json else console)
        if as_json:
            print_json(found)


@app.command(name="walk-forward")
def walk_forward(
    strategy: _Strategy = "",
    parameter: _Parameters = None,
    ranges: _Ranges = None,
    folds: Annotated[int, typer.Option(min=1, max=1_000, help="searches, each followed by a test")] = 5,
    first: Annotated[float, typer.Option(help="part of the bars before the first test")] = 0.5,
    window: Annotated[
        str, typer.Option(help="rolling: searches have one length; anchored: all from the first bar on")
    ] = ("rolling"),
    embargo: Annotated[int, typer.Option(min=1, help="bars left out before and after each cut")] = 1,
    model: Annotated[
        str | None,
        typer.Option(
            help="of a strategy that takes predictions: the kind of model trained anew in each fold, by default that "
            "of training; published: predictions as they came with the run"
        ),
    ] = None,
    horizon: Annotated[int, typer.Option(min=1, max=1_440, help="bars ahead that such a model foresees")] = 5,
    objective: _Objective = "sharpe",
    least_trades: _LeastTrades = 20,
    trials: _Trials = 100,
    seed: _Seed = 7,
    workers: _Workers = None,
    bars: _Bars = None,
    trades: Trades = None,
    run_folder: _Run = None,
    from_store: FromStore = None,
    pairs: Pairs = None,
    interval: _Interval = "1m",
    start: _From = None,
    end: _To = None,
    accounts: Accounts = None,
    balance: Balance = None,
    position_pct: _PositionPct = None,
    fee_bps: FeeBps = None,
    slippage_bps: _SlippageBps = None,
    exchange: _Exchange = "kraken",
    on_engine: _OnEngine = False,
    ledger: _Ledger = None,
    out: Out = Path("runs/walk-forward"),
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Search on what was and try on what came next, again and again: equity on bars that were not searched on."""
    from backtest.search.walk_command import WalkOptions, run_walk
    from embedded.backtests import Money, Typed
    from embedded.options import typed_command
    from embedded.searches import PUBLISHED, job_of, ledger_of, plan_of, recipe_of

    with errors_in_words() as console:
        named = pairs and pairs_of(pairs)
        typed = Typed(
            strategy, parameter or [], bars or [], run_folder, named, interval, start, end, trades or [], from_store
        )
        money = Money(accounts, balance, position_pct, fee_bps, slippage_bps, exchange)
        job = job_of(typed, money, out, replace=replace, predictions=model == PUBLISHED, on_engine=on_engine)
        recipe = recipe_of(job, model, horizon)
        plan = plan_of(job, typed.parameters, ranges or [], objective, least_trades, trials, seed)
        cores, place = workers or os.cpu_count() or 1, ledger_of(ledger, out)
        command = typed_command()
        options = WalkOptions(job, plan, folds, first, window, embargo, cores, place, out, command, recipe)
        found = run_walk(options, Console(stderr=True) if as_json else console)
        if as_json:
            print_json(found)


@app.command()
def compare(
    one: Annotated[Path, typer.Argument(help="folder of a run")],
    other: Annotated[Path, typer.Argument(help="folder of another")],
    out: Annotated[Path, typer.Option(help="the page")] = Path("runs/compare.html"),
    as_json: AsJson = False,
) -> None:
    """Put two runs side by side: figures of each account, and their equity over one another."""
    from backtest.compare import compare as compare_runs

    with errors_in_words() as console:
        found = compare_runs(one, other, out, Console(stderr=True) if as_json else console)
        if as_json:
            print_json(found)
