"""Options that several commands have, and what they may be."""

from __future__ import annotations

import re
import shlex
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from contracts.errors import BadInputError, without_credentials
from contracts.fees import TAKER_FEE_BPS
from contracts.units import PAIR_PATTERN
from embedded.choices import Choices
from modeling.kinds import DEMO_KIND, MODELS

#: The kinds of models, that of the demo first.
_MODELS = {kind.name: kind for kind in (MODELS[DEMO_KIND], *MODELS.values())}
KINDS = " or ".join(
    f"{kind.name} (needs {kind.library} to train)" if kind.extra else kind.name for kind in _MODELS.values()
)
Model = Annotated[str, typer.Option(help=KINDS)]
Models = Annotated[
    str | None,
    typer.Option(
        help="train none: serve the model promoted in this run's folder, or in the registry at this address"
    ),
]
ServedModel = Annotated[
    str | None,
    typer.Option(
        "--models",
        help="predictions of the version that is promoted in this run's folder, or in the registry at this address, "
        "from the end of its training on",
    ),
]
Steps = Annotated[
    str | None,
    typer.Option(metavar="PRICE,QUANTITY", help="round to these steps, for files whose floats carry noise"),
]
DemoModel = Annotated[
    str | None, typer.Option(help=f"{KINDS}; by default the first whose library is installed", show_default=False)
]
RunFolder = Annotated[Path | None, typer.Option("--run", help="folder of a run; by default the configured log")]
PairName = Annotated[str, typer.Argument(metavar="PAIR", help="BASE/QUOTE")]
Exchange = Annotated[
    str | None, typer.Option(help="the pair's exchange; by default the one whose trades are on the log")
]
Requester = Annotated[str, typer.Option(help="on whose behalf: a pair streams as long as anybody requests it")]
Out = Annotated[Path, typer.Option(help="folder for the results")]
Replace = Annotated[bool, typer.Option("--replace", help="replace the results of an earlier run without asking")]
By = Annotated[str | None, typer.Option("--by", help="who says so; by default the user of this machine")]
Trades = Annotated[
    list[Path] | None,
    typer.Option(help="or candles of recorded trades: a file, or a folder as history writes it; repeatable"),
]
FromStore = Annotated[
    str | None,
    typer.Option(help="or the candles of a feature store: its address, such as postgresql://..., or a run's folder"),
]
AsJson = Annotated[bool, typer.Option("--json", help="as JSON, for programs")]
Data = Annotated[
    Path | None,
    typer.Option(help="folder for everything; a later run continues in it; data/paper or data/simulated"),
]
Speed = Annotated[float | None, typer.Option(min=1, max=10_000, help="simulator: market seconds per second; 30")]
Speaks = Annotated[str | None, typer.Option(help="simulator: whose wire format; kraken's")]
Accounts = Annotated[Path | None, typer.Option(help="TOML file of accounts; without it there is one account")]
Balance = Annotated[
    str | None,
    typer.Option(help="what the one account begins with, in its quote currency; by default about 10,000 US dollars"),
]
FeeBps = Annotated[str | None, typer.Option(help=f"taker fee, basis points; by default {TAKER_FEE_BPS}")]
Interval = Annotated[
    str | None, typer.Option(help="length of the bars that are predicted: 1m, 5m, 15m; by default 1m")
]
Horizon = Annotated[int | None, typer.Option(min=1, max=1_440, help="bars ahead that are predicted; by default 5")]
Pairs = Annotated[str | None, typer.Option(help="BASE/QUOTE, separated by commas")]


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tradestream {version('tradestream-embedded')}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_say_version)
]


def choices_of(
    accounts: Path | None,
    balance: str | None,
    fee_bps: str | None,
    pairs: str | None,
    interval: str | None,
    horizon: int | None,
) -> Choices:
    """Return what a person chose, each pair read."""
    return Choices(accounts, balance, fee_bps, None if pairs is None else pairs_of(pairs), interval, horizon)


def known_model(model: str) -> str:
    """Return the name of a kind of model that can be trained here.

    Raises
    ------
    BadInputError
        If there is none of this name, or what it needs is not installed.
    """
    kind = _MODELS.get(model)
    if kind is None:
        raise BadInputError("--model", " or ".join(_MODELS), model)
    if lacking := kind.lacks():
        others = " or ".join(name for name, other in _MODELS.items() if other.is_installed())
        raise BadInputError("--model", f"{others}, because {lacking}", model)
    return model


def known_or_there(model: str | None, console: Console) -> str:
    """Return the kind that was asked for, else the first that can be trained here.

    Raises
    ------
    BadInputError
        As `known_model`.
    """
    if model is not None:
        return known_model(model)
    chosen = next(kind for kind in _MODELS.values() if kind.is_installed())
    if chosen.name != DEMO_KIND:
        lacking = _MODELS[DEMO_KIND].lacks()
        console.print(f"A model that is trained here is {chosen.name}, not {DEMO_KIND}: {lacking}.", soft_wrap=True)
    return chosen.name


def pair_of(text: str) -> str:
    """Return a pair as it is written.

    Raises
    ------
    BadInputError
        If it is none.
    """
    if not re.fullmatch(PAIR_PATTERN, text):
        raise BadInputError("pair", "BASE/QUOTE in capitals, such as BTC/USD", text)
    return text


def pairs_of(text: str) -> list[str]:
    """Return the pairs of a list with commas.

    Raises
    ------
    BadInputError
        If there is none, or one twice.
    """
    listed = [pair_of(part.strip()) for part in text.split(",") if part.strip()]
    if not listed or len(set(listed)) < len(listed):
        raise BadInputError("--pairs", "at least one pair, each once, such as BTC/USD,ETH/USD", text)
    return listed


def typed_command() -> str:
    """Return the command as it was typed, for the record, without passwords."""
    return shlex.join(["tradestream", *map(without_credentials, sys.argv[1:])])


def require_alone(context: typer.Context, option: str, *beside: str) -> None:
    """Refuse what was typed beside an option that takes everything from elsewhere.

    Parameters
    ----------
    context
        Of the command.
    option, beside
        The option, and those that go with it, by the names of their parameters.

    Raises
    ------
    BadInputError
        Naming the first that does not.
    """
    for each in context.command.params:
        name = each.name or ""
        source = context.get_parameter_source(name)
        if name not in (option, *beside) and source is not None and source.name == "COMMANDLINE":
            expected = f"none with --{option}, which takes a run as it was"
            raise BadInputError(each.opts[0], expected, str(context.params[name]))
