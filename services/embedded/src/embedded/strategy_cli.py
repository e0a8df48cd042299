"""`tradestream strategy ...`: options in, a table and an exit code out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import BadInputError
from embedded.exits import errors_in_words
from embedded.options import By, RunFolder
from streaming.exit_codes import EXIT_FAILED

app = typer.Typer(help="Strategies of your own, and those that come along.", no_args_is_help=True)

_Json = Annotated[bool, typer.Option("--json", help="for programs")]
_Account = Annotated[str, typer.Option(help="its name")]
_Pair = Annotated[str, typer.Option(help="BASE/QUOTE, one of the account's")]
_From = Annotated[
    str | None, typer.Option("--from", help="first candle it may hold for, event time; by default the next")
]


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="a strategy's Python file")],
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="try it with this parameter; repeatable")
    ] = None,
    run: Annotated[Path | None, typer.Option("--run", help="try it on the candles of this run, too")] = None,
    bars: Annotated[Path | None, typer.Option(help="and on this file of bars: CSV, JSON, Parquet, Feather")] = None,
    pair: Annotated[str | None, typer.Option(help="whose bars; by default as `features-gallery`")] = None,
    as_json: _Json = False,
) -> None:
    """Check a strategy: imports, parameters, determinism, that it looks neither ahead nor at its own beginning."""
    from embedded import strategy_commands as commands

    with errors_in_words() as console:
        failed = commands.check_file(file, parameters_of(parameter or []), run, bars, pair, console, as_json=as_json)
        if failed:
            raise typer.Exit(EXIT_FAILED)


@app.command()
def bias(
    files: Annotated[
        list[Path] | None, typer.Argument(help="strategies' Python files; without any, all that come along")
    ] = None,
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="with this parameter; repeatable")
    ] = None,
    run: Annotated[Path | None, typer.Option("--run", help="on the candles of this run, too")] = None,
    bars: Annotated[Path | None, typer.Option(help="and on this file of bars: CSV, JSON, Parquet, Feather")] = None,
    pair: Annotated[str | None, typer.Option(help="whose bars; by default as `features-gallery`")] = None,
    as_json: _Json = False,
) -> None:
    """Ask strategies whether they look ahead, at 50 cuts of each market, or depend on where history begins."""
    from embedded import strategy_commands as commands

    with errors_in_words() as console:
        parameters = parameters_of(parameter or [])
        if commands.find_bias(files or [], parameters, run, bars, pair, console, as_json=as_json):
            raise typer.Exit(EXIT_FAILED)


@app.command(name="list")
def list_strategies(as_json: _Json = False) -> None:
    """List the strategies that come along, with their parameters."""
    from embedded import strategy_commands as commands

    with errors_in_words() as console:
        commands.list_strategies(console, as_json=as_json)


@app.command(name="set")
def set_parameters(
    account: _Account,
    pair: _Pair,
    parameters: Annotated[str, typer.Option(metavar="JSON", help="what is to be other than the account has it")],
    start: _From = None,
    by: By = None,
    run_folder: RunFolder = None,
) -> None:
    """Give a strategy other parameters while it runs, for one pair of one account."""
    from embedded import strategy_commands as commands

    with errors_in_words() as console:
        commands.set_parameters(account, pair, parameters, start, by, run_folder, console)


@app.command()
def off(
    account: _Account,
    pair: _Pair,
    sell: Annotated[bool, typer.Option("--sell", help="sell what is held; else it keeps its exits")] = False,
    start: _From = None,
    by: By = None,
    run_folder: RunFolder = None,
) -> None:
    """Switch the strategy of one pair of one account off while it runs: nothing is entered any more."""
    from embedded import strategy_commands as commands

    with errors_in_words() as console:
        commands.switch(account, pair, "sell" if sell else "off", start, by, run_folder, console)


@app.command()
def on(account: _Account, pair: _Pair, start: _From = None, by: By = None, run_folder: RunFolder = None) -> None:
    """Switch it on again."""
    from embedded import strategy_commands as commands

    with errors_in_words() as console:
        commands.switch(account, pair, "on", start, by, run_folder, console)


@app.command(name="settings")
def show_settings(run_folder: RunFolder = None, as_json: _Json = False) -> None:
    """Show what was set while it ran, and by which hash signals tell that parameters hold."""
    from embedded import strategy_commands as commands

    with errors_in_words() as console:
        commands.show_settings(run_folder, console, as_json=as_json)


def parameters_of(texts: Sequence[str]) -> dict[str, str]:
    """Return parameters as they were typed, by name.

    Raises
    ------
    BadInputError
        If one is not NAME=VALUE.
    """
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise BadInputError("--parameter", "NAME=VALUE", text)
        found[name] = value
    return found
