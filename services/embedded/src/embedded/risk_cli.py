"""`tradestream risk ...`: options in, tables and an exit code out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from embedded.exits import errors_in_words
from embedded.options import AsJson

app = typer.Typer(help="Limits of accounts, tried on what has been.", no_args_is_help=True)


@app.command(name="what-if")
def what_if(
    limits: Annotated[Path, typer.Option(help="a TOML file: limits for all accounts, and [accounts.NAME] for one")],
    of: Annotated[Path, typer.Option("--of", help="the folder of a run on paper")] = Path("runs/demo"),
    as_json: AsJson = False,
) -> None:
    """Trade a past run again under other limits: what would have spoken, when, and what it had saved or cost."""
    from embedded.risk_commands import try_limits

    with errors_in_words() as console:
        try_limits(of, limits, console, as_json=as_json)
