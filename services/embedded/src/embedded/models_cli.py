"""`tradestream models ...`: options in, an exit code out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import BadInputError
from embedded.exits import errors_in_words
from embedded.options import KINDS, By
from modeling.kinds import DEMO_KIND

if TYPE_CHECKING:
    from embedded.model_commands import Word

app = typer.Typer(help="Models of your own, and which version is served.", no_args_is_help=True)

_Run = Annotated[Path | None, typer.Option("--run", help="folder of a run; by default the configured registry")]
_Name = Annotated[str | None, typer.Option(help="registered name; by default PREDICTIONS_MODEL_NAME")]
_Version = Annotated[int, typer.Argument(min=1, help="its number, as `list` shows it")]
_Promoted = Annotated[str, typer.Argument(help="its number, as `list` shows it, or `challenger`")]
_Reason = Annotated[str | None, typer.Option(help="why, in words: it is on the version and in the audit log")]
_Json = Annotated[bool, typer.Option("--json", help="for programs")]


@app.command()
def register(
    file: Annotated[Path, typer.Argument(help="an ONNX file")],
    card: Annotated[Path | None, typer.Option(help="JSON file with the fields below; options go before it")] = None,
    inputs: Annotated[str | None, typer.Option(help="features it takes, in order, separated by commas")] = None,
    horizon_bars: Annotated[int | None, typer.Option(help="how many bars ahead it looks")] = None,
    trained_to: Annotated[
        str | None, typer.Option(help="end of the rows it has seen, ISO 8601 or epoch ms: it predicts none before")
    ] = None,
    output: Annotated[str | None, typer.Option(help="probability (default) or logit")] = None,
    interval_s: Annotated[int | None, typer.Option(help="length of a bar, seconds (60)")] = None,
    sequence_length: Annotated[int | None, typer.Option(help="bars it looks back on (1)")] = None,
    kind: Annotated[str | None, typer.Option(help="what kind of model it is, for people")] = None,
    name: _Name = None,
    run: _Run = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="serve it from the next rows on; needs --reason: nobody has judged it")
    ] = False,
    reason: _Reason = None,
    by: By = None,
) -> None:
    """Check an ONNX model against its card and register it."""
    from embedded import model_commands as commands
    from embedded.model_place import Place

    with errors_in_words() as console:
        place = Place(run, name)
        options = {
            "inputs": None if inputs is None else _names(inputs),
            "horizon_bars": horizon_bars,
            "trained_to": trained_to,
            "output": output,
            "interval_s": interval_s,
            "sequence_length": sequence_length,
            "kind": kind,
        }
        word = _word(reason, by)
        if promote:
            word.require_reason(file.name, None)
        version = commands.register(place, file, card, options, console)
        if promote:
            commands.promote(place, version, word, console)
        else:
            said = f"to serve it: tradestream models promote {version}{place.words()}"
            console.print(said, highlight=False, soft_wrap=True)


@app.command()
def train(
    model: Annotated[str, typer.Option(help=KINDS)] = DEMO_KIND,
    trials: Annotated[
        int, typer.Option(min=0, help="hyperparameters to try; each counts as a try of the gate (extra search)")
    ] = 0,
    hyperparameters: Annotated[
        str | None, typer.Option(help="of the kind, as JSON; where the search begins, if there is one")
    ] = None,
    name: _Name = None,
    run: _Run = None,
) -> None:
    """Train a model on the rows that are there; it is served if it passes the gate."""
    from embedded.model_place import Place
    from embedded.model_training import train_here

    with errors_in_words():
        options = {"model": model, "tuning_trials": str(trials), "hyperparameters": hyperparameters}
        if code := train_here(Place(run, name), options):
            raise typer.Exit(code)


@app.command()
def promote(version: _Promoted, name: _Name = None, run: _Run = None, reason: _Reason = None, by: By = None) -> None:
    """Serve a version from the next rows on; one that has not passed the gate needs a reason."""
    from embedded import model_commands as commands
    from embedded.model_place import Place

    with errors_in_words() as console:
        place = Place(run, name)
        commands.promote(place, commands.numbered(place, version), _word(reason, by), console)


@app.command()
def rollback(name: _Name = None, run: _Run = None, reason: _Reason = None, by: By = None) -> None:
    """Serve the version again that was served before, from the next rows on."""
    from embedded import model_commands as commands
    from embedded.model_place import Place

    with errors_in_words() as console:
        commands.roll_back(Place(run, name), _word(reason, by), console)


@app.command()
def challenge(version: _Version, name: _Name = None, run: _Run = None, reason: _Reason = None, by: By = None) -> None:
    """Let a version speak in shadow from the next rows on, beside the one that is served; nothing trades on it."""
    from embedded import model_challenge as commands
    from embedded.model_place import Place

    with errors_in_words() as console:
        commands.challenge(Place(run, name), version, _word(reason, by), console)


@app.command()
def withdraw(name: _Name = None, run: _Run = None, reason: _Reason = None, by: By = None) -> None:
    """Let the challenger speak no more."""
    from embedded import model_challenge as commands
    from embedded.model_place import Place

    with errors_in_words() as console:
        commands.withdraw(Place(run, name), _word(reason, by), console)


@app.command()
def compare(name: _Name = None, run: _Run = None, as_json: _Json = False) -> None:
    """Show how challengers did beside the version that was served, on the windows that both spoke of."""
    from embedded.model_compare import compare_models
    from embedded.model_place import Place

    with errors_in_words() as console:
        compare_models(Place(run, name), console, as_json=as_json)


@app.command(name="list")
def list_versions(name: _Name = None, run: _Run = None, as_json: _Json = False) -> None:
    """List the versions of a model."""
    from embedded.model_list import list_models
    from embedded.model_place import Place

    with errors_in_words() as console:
        list_models(Place(run, name), console, as_json=as_json)


@app.command()
def show(version: _Version, name: _Name = None, run: _Run = None) -> None:
    """Print a version's card, as JSON."""
    from embedded import model_commands as commands
    from embedded.model_place import Place

    with errors_in_words():
        commands.show(Place(run, name), version)


def _word(reason: str | None, by: str | None) -> Word:
    from embedded.model_commands import Word

    return Word(reason) if by is None else Word(reason, by)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(","))
    if not all(names):
        raise BadInputError("--inputs", "names separated by commas", text)
    return names
