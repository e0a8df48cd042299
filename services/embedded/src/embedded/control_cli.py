"""`tradestream control ...`: what an operator says to accounts; options in, a line and an exit code out."""

from __future__ import annotations

from typing import Annotated

import typer

from contracts.errors import BadInputError
from contracts.operator_command import OperatorAction
from contracts.timestamps import iso_utc_ms
from embedded.exits import errors_in_words
from embedded.options import AsJson, By, RunFolder
from embedded.terminal.rows import print_json, print_rows

app = typer.Typer(help="Halt accounts, let them only sell, empty them, and let them go on.", no_args_is_help=True)

_Reason = Annotated[str, typer.Option(help="why, in words: it is on the alert and in the audit log")]
_Accounts = Annotated[
    list[str] | None, typer.Option("--account", help="its name; repeatable, or several with commas; all without it")
]
#: Of what `show` returns.
_SHOWN = {"account": "Account", "said": "Said", "reason": "Reason", "by": "By", "at": "At"}


@app.command()
def halt(reason: _Reason, account: _Accounts = None, by: By = None, run_folder: RunFolder = None) -> None:
    """Send nothing any more and cancel what is in flight; what rests on positions stays."""
    _say("halt", reason, account, by, run_folder)


@app.command(name="reduce-only")
def reduce_only(reason: _Reason, account: _Accounts = None, by: By = None, run_folder: RunFolder = None) -> None:
    """Buy nothing any more; exits and limits go on."""
    _say("reduce_only", reason, account, by, run_folder)


@app.command()
def flatten(reason: _Reason, account: _Accounts = None, by: By = None, run_folder: RunFolder = None) -> None:
    """Sell all that is held, and buy nothing any more."""
    _say("flatten", reason, account, by, run_folder)


@app.command()
def resume(
    reason: _Reason,
    account: _Accounts = None,
    by: By = None,
    run_folder: RunFolder = None,
    limits: Annotated[
        bool, typer.Option("--limits", help="lift also what a loss limit of the named accounts has stopped")
    ] = False,
) -> None:
    """Trade again; what a loss limit has stopped stays so."""
    _say("resume", reason, account, by, run_folder, lifts_limits=limits)


@app.command()
def show(run_folder: RunFolder = None, as_json: AsJson = False) -> None:
    """Show the last word on each account."""
    from embedded.subscriptions import settings_of
    from streaming.control import accounts_of, said

    with errors_in_words() as console:
        settings = settings_of(run_folder)
        words = said(settings)
        rows = [
            {
                "account": name,
                "said": words[name].action if name in words else "",
                "reason": words[name].reason if name in words else "",
                "by": words[name].issued_by if name in words else "",
                "at": iso_utc_ms(words[name].issued_at_ms) if name in words else None,
            }
            for name in accounts_of(settings)
        ]
        print_json(rows) if as_json else print_rows(console, rows, _SHOWN)


def _say(
    action: OperatorAction,
    reason: str,
    account: list[str] | None,
    by: str | None,
    run_folder: RunFolder,
    *,
    lifts_limits: bool = False,
) -> None:
    from embedded.subscriptions import settings_to_say
    from streaming.control import Words, in_words, operator, say

    with errors_in_words() as console:
        settings = settings_to_say(run_folder)
        words = Words(action, reason, by or operator(), _names(account or []), lifts_limits)
        console.print(in_words(say(settings, words), settings), highlight=False, soft_wrap=True)


def _names(given: list[str]) -> tuple[str, ...]:
    names = [name.strip() for text in given for name in text.split(",")]
    if not all(names):
        raise BadInputError("--account", "names of accounts", ", ".join(given))
    return tuple(names)
