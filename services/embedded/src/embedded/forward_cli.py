"""`tradestream forward-test ...`: options in, a table and an exit code out."""

from __future__ import annotations

from typing import Annotated

import typer

from embedded.exits import errors_in_words
from embedded.options import AsJson, By, RunFolder

app = typer.Typer(
    help="Strategies on paper accounts of their own, beside the others and on live data.", no_args_is_help=True
)


@app.command()
def start(
    strategy: Annotated[str, typer.Argument(metavar="STRATEGY", help="the name of one that comes along, or a file")],
    pairs: Annotated[str, typer.Option(help="that stream, with commas, all quoted in one currency")],
    parameters: Annotated[
        str, typer.Option(metavar="JSON", help="what is to be other than the strategy has it")
    ] = "{}",
    balance: Annotated[str | None, typer.Option(help="what its account begins with, in its currency")] = None,
    name: Annotated[
        str | None, typer.Option(help="the test's and its account's; by default from the strategy")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="first candle it may trade, event time; by default the next")
    ] = None,
    by: By = None,
    run_folder: RunFolder = None,
) -> None:
    """Begin a forward test, without restarting anything."""
    from embedded import forward_commands as commands

    with errors_in_words() as console:
        commands.start(strategy, pairs, parameters, balance, name, start, by, run_folder, console)


@app.command()
def stop(
    name: Annotated[str, typer.Argument(metavar="NAME", help="of a test that goes on")],
    by: By = None,
    run_folder: RunFolder = None,
) -> None:
    """End a forward test: what it holds is sold, and its books stay."""
    from embedded import forward_commands as commands

    with errors_in_words() as console:
        commands.stop(name, by, run_folder, console)


@app.command(name="list")
def list_tests(run_folder: RunFolder = None, as_json: AsJson = False) -> None:
    """List forward tests: how each stands, since when, and what it has come to."""
    from embedded import forward_commands as commands

    with errors_in_words() as console:
        commands.list_tests(run_folder, console, as_json=as_json)


@app.command()
def compare(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="of tests")],
    run_folder: RunFolder = None,
    as_json: AsJson = False,
) -> None:
    """Put tests beside the configured accounts, over the same stretch; with --run also beside a backtest of it."""
    from embedded import forward_commands as commands

    with errors_in_words() as console:
        commands.compare_tests(names, run_folder, console, as_json=as_json)
