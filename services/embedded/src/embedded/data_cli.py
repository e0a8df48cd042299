"""`tradestream data ...`: options in, lines and an exit code out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from embedded.exits import errors_in_words
from embedded.options import AsJson, Pairs

app = typer.Typer(help="Trades of venues as files, for backtests.", no_args_is_help=True)

_Folder = Annotated[Path, typer.Option(help="the files, as history writes them: exchange=*/pair=*/date=*")]
_RestUrl = Annotated[str | None, typer.Option(help="in place of the venue's address")]
_DATA = Path("data/trades")


@app.command()
def fetch(
    pairs: Annotated[str, typer.Option(help="BASE/QUOTE, separated by commas")],
    start: Annotated[str, typer.Option("--from", help="ISO 8601 or epoch ms")],
    end: Annotated[str | None, typer.Option("--to", help="the same, exclusive; by default now")] = None,
    exchange: Annotated[str, typer.Option(help="the venue")] = "kraken",
    folder: _Folder = _DATA,
    rest_url: _RestUrl = None,
) -> None:
    """Fetch what the files do not have of a range of time; broken off, the same command goes on."""
    from embedded.data_commands import fetch_range

    with errors_in_words() as console:
        fetch_range(console, folder, exchange, pairs, start, end, rest_url)


@app.command(name="import")
def take(
    files: Annotated[list[Path], typer.Argument(help="trades: CSV, plain, gzipped or zipped, or Parquet")],
    exchange: Annotated[str | None, typer.Option(help="whose they are, where a file does not say it")] = None,
    pair: Annotated[str | None, typer.Option(help="the same of the pair, BASE/QUOTE")] = None,
    folder: _Folder = _DATA,
) -> None:
    """Take trades from files that venues offer, such as Kraken's history of trades; broken off, the same goes on."""
    from embedded.data_commands import take_files

    with errors_in_words() as console:
        take_files(console, folder, files, exchange, pair)


@app.command()
def repair(pairs: Pairs = None, folder: _Folder = _DATA, rest_url: _RestUrl = None) -> None:
    """Fetch trades that the files lack in the middle, told by their ids; of all pairs, or of some."""
    from embedded.data_commands import fetch_missing

    with errors_in_words() as console:
        fetch_missing(console, folder, pairs, rest_url)


@app.command(name="list")
def listed(folder: _Folder = _DATA, as_json: AsJson = False) -> None:
    """Show which pairs there are, from when to when, and what is missing."""
    from embedded.data_commands import show

    with errors_in_words() as console:
        show(console, folder, as_json=as_json)
