"""The end of a run: tables, summary and report from the log, and a few words in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from embedded.export.latency import stage_latencies
from embedded.export.write import export
from embedded.pipeline import Pipeline
from embedded.report.page import write_report
from embedded.report.wording import count, duration, money, percent
from embedded.services import ENVIRONMENT
from embedded.summary import write_summary
from embedded.terminal.board import signed


def write_results(pipeline: Pipeline) -> dict[str, Any]:
    """Write Parquet files, `summary.json` and `report.html`, and return the summary.

    The services must have stopped: only then the log is whole.
    """
    place, record = pipeline.workplace, pipeline.record
    pipeline.enter("report")
    exported = export(place.log, place.out, ENVIRONMENT)
    latency = stage_latencies(place.log, record.live_from_ms or 0, ENVIRONMENT) if record.live_feed else {}
    if pipeline.kill_switch.missed:
        record.notes.append(f"Never in the middle of work, so not killed: {', '.join(pipeline.kill_switch.missed)}.")
    record.kills = pipeline.kill_switch.done
    for service, reason in exported.first_dead_letters.items():
        letters = exported.dead_letters[service]
        record.notes.append(f"{service} set aside {letters} that cannot be used, and went on. The first: {reason}.")
    if conflicts := sum(exported.conflicts.values()):
        record.notes.append(f"{conflicts} message ids came with different values; see conflicts in summary.json.")
    pipeline.enter("done")
    summary = write_summary(place.out, record, pipeline.supervisor.processes, exported, latency)
    write_report(place.out)
    return summary


def print_summary(console: Console, pipeline: Pipeline, summary: dict[str, Any]) -> None:
    """Say what happened and where the rest stands."""
    console.print()
    console.print(Text.assemble(("Tradestream  ", "bold"), (summary["title"], "bright_black")))
    console.print(summary_table(summary))
    for note in summary["notes"]:
        console.print(Text(note, "yellow"), soft_wrap=True)
    out = pipeline.workplace.out
    console.print(Text.assemble("Report    ", (str(out / "report.html"), "cyan")), soft_wrap=True)
    console.print(Text.assemble("Summary   ", (str(out / "summary.json"), "cyan")), soft_wrap=True)
    console.print(Text.assemble("Tables    ", (str(out / "*.parquet"), "cyan")), soft_wrap=True)


def summary_table(summary: dict[str, Any]) -> Table:
    """Return the headline figures as a table of label and value."""
    table = Table.grid(padding=(0, 3))
    table.add_column(style="bright_black")
    table.add_column()
    counts, pnl, accuracy = summary["counts"], summary["pnl"], summary["accuracy"]
    model = summary["model"]
    for label, names in (("Market", ("trades", "candles")), ("Decided", ("predictions", "signals", "fills"))):
        table.add_row(label, "  ".join(f"{count(counts[name])} {name}" for name in names))
    table.add_row("Model", f"{model['name']} v{model['version']} ({model['kind']})" if model else "none")
    if accuracy["accuracy"] is not None:
        base = percent(accuracy["base_rate"], 1)
        table.add_row(
            "Accuracy", f"{percent(accuracy['accuracy'], 1)} of {count(accuracy['judged'])}, base rate {base}"
        )
    if pnl.get("accounts"):
        gain = Text.assemble(signed(pnl["pnl_quote"]), f" ({percent(pnl['return_pct'] / 100, sign=True)})")
        table.add_row("P&L", gain)
        table.add_row("Drawdown", f"{percent(pnl['max_drawdown_pct'] / 100)}, fees {money(pnl['fees_quote'])}")
    restarts = sum(service["restarts"] for service in summary["services"].values())
    dead, conflicts = (sum(summary[name].values()) for name in ("dead_letters", "conflicts"))
    table.add_row("Health", f"{restarts} restarts, {dead} dead letters, {conflicts} conflicting messages")
    table.add_row("Took", duration(summary["wall_seconds"]))
    return table
