"""What `tradestream strategy` does."""

from __future__ import annotations

import contextlib
import inspect
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.text import Text

from contracts.strategy_setting import Switch
from contracts.timestamps import iso_utc_ms, parse_time
from embedded.strategy_checking import publish
from embedded.subscriptions import settings_of, settings_to_say
from embedded.terminal.rows import print_json, print_rows
from results.gallery.bars import Bars, bars_of_file, bars_of_run
from signals.strategy_setting import Wish, hash_of, in_words, parameters_in, settings_written, write_setting
from strategies.built_in import STRATEGIES
from strategies.checks.bias import bias
from strategies.checks.markets import Market
from strategies.checks.run import Report
from strategies.checks.verdict import checked
from strategies.loading import load
from strategies.parameters import from_text
from strategies.running import Rows
from streaming.control import operator
from streaming.forward_tests import forward_tests

_SETTINGS = {
    "account": "Account",
    "pair": "Pair",
    "strategy": "Strategy",
    "parameters": "Parameters",
    "switch": "Switched",
    "from": "From",
    "hash": "Hash",
    "by": "By",
    "at": "At",
}
_LIST = {"name": "strategy", "parameters": "parameters", "about": "what it does"}


def check_file(
    file: Path,
    parameters: Mapping[str, str],
    run: Path | None,
    bars: Path | None,
    pair: str | None,
    console: Console,
    *,
    as_json: bool,
) -> tuple[str, ...]:
    """Check a strategy's file, print what was found and publish it on the log there is.

    Parameters
    ----------
    file, parameters
        The strategy, and parameters as they were typed.
    run, bars, pair
        Recorded bars to try it on: of a run's folder, of a file, of which pair.
    console, as_json
        Where the table goes; as JSON it goes to standard output.

    Returns
    -------
    tuple[str, ...]
        Names of the checks that failed.
    """
    with contextlib.redirect_stdout(sys.stderr):  # what the file prints is not part of the answer
        report, source = checked(file, parameters, _recorded(run, bars, pair))
    if as_json:
        print_json(_json(report))
    else:
        _print(report, console)
    publish(run, file, source, report)
    return report.failed


def find_bias(
    files: Sequence[Path],
    parameters: Mapping[str, str],
    run: Path | None,
    bars: Path | None,
    pair: str | None,
    console: Console,
    *,
    as_json: bool,
) -> tuple[str, ...]:
    """Ask strategies for bias and print what was found.

    Parameters
    ----------
    files
        Of strategies; those that come along if there are none.
    parameters
        As they were typed.
    run, bars, pair
        Recorded bars to try them on: of a run's folder, of a file, of which pair.
    console, as_json
        Where the table goes; as JSON it goes to standard output.

    Returns
    -------
    tuple[str, ...]
        Names of the strategies that have any.
    """
    recorded = _recorded(run, bars, pair)
    known = [load(each) for each in files] or list(STRATEGIES.values())
    with contextlib.redirect_stdout(sys.stderr):
        found = [bias(each, from_text(each.kind.space(), parameters, each.name), recorded) for each in known]
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        for each in found:
            said = each.look_ahead or each.start or f"ok  {each.tried}"
            which = "looks ahead: " if each.look_ahead else "depends on its start: " if each.start else ""
            style = "bold red" if each.found else ""
            console.print(Text.assemble((f"{each.strategy:18}", style), which, said), soft_wrap=True)
    return tuple(each.strategy for each in found if each.found)


def _recorded(run: Path | None, bars: Path | None, pair: str | None) -> list[Market]:
    every = [*([bars_of_run(run, pair)] if run else []), *([bars_of_file(bars, None, pair)] if bars else [])]
    return [_market(each) for each in every]


def _market(bars: Bars) -> Market:
    return Market(bars.title, Rows(bars.starts_ms, bars.columns, interval_s=bars.interval_s))


def _json(report: Report) -> dict[str, object]:
    checks = [{"check": each.check, "problem": each.problem, "note": each.note} for each in report.verdicts]
    return {"failed": list(report.failed), "checks": checks, **report.facts}


def _print(report: Report, console: Console) -> None:
    rows = {**report.facts}
    rows |= {each.check: f"ok  {each.note}" if each.problem is None else each.problem for each in report.verdicts}
    width = max(map(len, rows)) + 2
    for name, value in rows.items():
        style = "bold red" if name in report.failed else ""
        console.print(Text.assemble((f"{name:{width}}", style), value), soft_wrap=True)
    if report.failed:
        console.print(Text(f"failed: {', '.join(report.failed)}", "bold red"), soft_wrap=True)


def list_strategies(console: Console, *, as_json: bool) -> None:
    """Print the strategies that come along."""
    rows = [
        {
            "name": name,
            "parameters": [f"{each.name} {each.low}..{each.high} ({each.default})" for each in file.kind.space()],
            "about": (inspect.getdoc(file.kind) or "").partition("\n")[0],
        }
        for name, file in STRATEGIES.items()
    ]
    print_json(rows) if as_json else print_rows(console, rows, _LIST)


def set_parameters(
    account: str,
    pair: str,
    parameters: str,
    start: str | None,
    by: str | None,
    run_folder: Path | None,
    console: Console,
) -> None:
    """Write other parameters of a strategy and say what was written.

    Raises
    ------
    BadInputError
        If there is no such account, pair or log, or the strategy may not have such parameters.
    """
    settings = settings_to_say(run_folder)
    wish = Wish(account, pair, parameters_in(parameters), parse_time("--from", start), by or operator())
    setting, digest = write_setting(settings, wish)
    console.print(Text(in_words(setting, digest, settings.broker_address)), soft_wrap=True)


def switch(
    account: str,
    pair: str,
    to: Switch,
    start: str | None,
    by: str | None,
    run_folder: Path | None,
    console: Console,
) -> None:
    """Switch the strategy of a pair off or on and say what was written.

    Raises
    ------
    BadInputError
        If there is no such account, pair or log.
    """
    settings = settings_to_say(run_folder)
    wish = Wish(account, pair, None, parse_time("--from", start), by or operator(), to)
    setting, digest = write_setting(settings, wish)
    console.print(Text(in_words(setting, digest, settings.broker_address)), soft_wrap=True)


def show_settings(run_folder: Path | None, console: Console, *, as_json: bool) -> None:
    """Print what was set on a log.

    Raises
    ------
    BadInputError
        If the run has no log.
    """
    settings = settings_of(run_folder)
    accounts = {name: each.opened for name, each in forward_tests(settings).items()}
    accounts |= {each.name: each for each in settings.configured_accounts}
    rows = [
        {
            "account": each.account,
            "pair": each.pair,
            "strategy": each.strategy,
            "parameters": None if each.parameters is None else json.dumps(each.parameters),
            "switch": each.switch,
            "from": None if each.from_ms is None else iso_utc_ms(each.from_ms),
            "hash": hash_of(accounts.get(each.account), each),
            "by": each.issued_by,
            "at": iso_utc_ms(each.issued_at_ms),
        }
        for each in settings_written(settings)
    ]
    print_json(rows) if as_json else print_rows(console, rows, _SETTINGS)
