"""The end of a run: tables, summary and report from the log, and a few words in the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text

from backtest.owner_books import owners_told
from contracts.counted import counted
from contracts.strategy_check import StrategyCheck
from embedded.environment import ENVIRONMENT
from embedded.model_place import label_of, settings_of
from embedded.pipeline import Pipeline
from embedded.process_states import process_states
from embedded.terminal.style import signed
from execution.settings import ExecutionSettings
from results.export.latency import stage_latencies
from results.export.write import export
from results.report.data import load_table
from results.report.page import write_report
from results.report.wording import count, duration, model_named, money, percent
from results.run_settings import recorded_settings
from results.summary import write_summary
from streaming.settings import ServiceSettings, read_settings
from streaming.strategy_checks import strategy_checks
from verify.report import say


def write_results(pipeline: Pipeline) -> dict[str, Any]:
    """Write Parquet files, `summary.json` and `report.html`, and return the summary.

    The services must have stopped: only then the log is whole.
    """
    try:
        pipeline.enter("report")
        return _write(pipeline)
    finally:
        pipeline.close_view()


def _write(pipeline: Pipeline) -> dict[str, Any]:
    place, record = pipeline.run_folder, pipeline.record
    exported = export(place.log, place.out, ENVIRONMENT)
    latency = stage_latencies(place.log, record.live_from_ms or 0, ENVIRONMENT) if record.live_feed else {}
    if pipeline.kill_switch.missed:
        record.notes.append(f"Never in the middle of work, so not killed: {', '.join(pipeline.kill_switch.missed)}.")
    record.kills = pipeline.kill_switch.done
    for service, reason in exported.first_dead_letters.items():
        letters, trades = exported.dead_letters[service], exported.lost_trades.get(service)
        what = str(letters)
        if trades is not None and trades > letters:
            what = f"{counted(trades, 'trade')} in {counted(letters, 'message')}"
        record.notes.append(f"{service} set aside {what} that cannot be used, and went on. The first: {reason}.")
    if conflicts := sum(exported.conflicts.values()):
        record.notes.append(
            f"{counted(conflicts, 'message id')} came with different values; see conflicts in summary.json."
        )
    settings = ServiceSettings(broker_address=place.broker_address, environment=ENVIRONMENT)
    record.notes += refusals(strategy_checks(settings))
    execution = read_settings(ExecutionSettings, recorded_settings(place))
    record.owners = owners_told(place.out, execution.configured_owners.values(), execution.policy, record.interval_s)
    record.labels = _labels(pipeline)
    pipeline.enter("done")
    states = process_states(pipeline.supervisor.processes)
    summary = write_summary(place.out, record, states, exported, latency)
    write_report(place.out)
    return summary


def _labels(pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    """Return what each version foresaw that spoke; what was promoted meanwhile is read from the registry."""
    out = pipeline.run_folder.out
    known = pipeline.record.labels or {}
    spoke = {str(each) for each in load_table(out, "predictions")["model_version"].drop_nulls().unique()}
    settings = settings_of(out) if spoke - known.keys() else None
    found = {each: label_of(settings, int(each)) for each in spoke - known.keys()} if settings else {}
    return {**known, **{each: asdict(label) for each, label in found.items() if label is not None}}


def refusals(checks: Iterable[StrategyCheck]) -> list[str]:
    """Return a note on each file of a strategy that was not loaded when it was read to be followed last.

    Returns
    -------
    list[str]
        Sentences.
    """
    last = {each.file: each for each in checks if each.loads}
    return [
        f"The strategy in {each.file} is not loaded: {each.problems.rstrip('.')}."
        for each in last.values()
        if not each.passed
    ]


def print_summary(console: Console, pipeline: Pipeline, summary: dict[str, Any]) -> None:
    """Say what happened and where the rest stands."""
    console.print()
    console.print(Text.assemble(("Tradestream  ", "bold"), (summary["title"], "bright_black")))
    for label, value in headlines(summary):
        say(console, label, value)
    for note in summary["notes"]:
        console.print(Text(note, "yellow"), soft_wrap=True)
    out = pipeline.run_folder.out
    for label, name in (("Report", "report.html"), ("Summary", "summary.json"), ("Tables", "*.parquet")):
        say(console, label, Text(str(out / name), "cyan"))


def lost_share(summary: dict[str, Any]) -> float:
    """Return which share of all trades was set aside somewhere."""
    lost = summary["lost_trades"]
    trades = summary["counts"]["trades"] + lost.get("trades", 0)
    return sum(lost.values()) / trades if trades else 0.0


def headlines(summary: dict[str, Any]) -> list[tuple[str, str | Text]]:
    """Return the headline figures as label and value."""
    counts, pnl, accuracy = summary["counts"], summary["pnl"], summary["accuracy"]
    model = summary["model"]
    lines: list[tuple[str, str | Text]] = [
        (label, "  ".join(counted(counts[f"{noun}s"], noun) for noun in nouns))
        for label, nouns in (("Market", ("trade", "candle")), ("Decided", ("prediction", "signal", "fill")))
    ]
    if lost := sum(summary["lost_trades"].values()):
        share = percent(lost_share(summary))
        lines.insert(1, ("Lost", Text(f"{counted(lost, 'trade')} ({share})", "bold red")))
    lines.append(("Model", f"{model_named(**model)} ({model['kind']})" if model else "none"))
    if accuracy["accuracy"] is not None:
        share, base = percent(accuracy["accuracy"], 1), percent(accuracy["base_rate"], 1)
        lines.append(("Accuracy", f"{share} of {count(accuracy['judged'])}, base rate {base}"))
    for currency, sums in pnl["currencies"].items():
        gained = signed(sums["pnl_quote"], currency)
        began = money(float(sums["initial_balance_quote"]), currency=currency)
        share = percent(sums["return_pct"] / 100, sign=True)
        lines.append(("P&L", Text.assemble(gained, f" ({share} of {began})")))
        fees = money(sums["fees_quote"], currency=currency)
        lines.append(("Drawdown", f"{percent(sums['max_drawdown_pct'] / 100)}, fees {fees}"))
    restarts = sum(service["restarts"] for service in summary["services"].values())
    dead, conflicts = (sum(summary[name].values()) for name in ("dead_letters", "conflicts"))
    health = ((restarts, "restart"), (dead, "dead letter"), (conflicts, "conflicting message"))
    lines.append(("Health", ", ".join(counted(number, noun) for number, noun in health)))
    lines.append(("Took", duration(summary["wall_seconds"])))
    return lines
