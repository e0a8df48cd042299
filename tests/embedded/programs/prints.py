"""Prints what a run prints, on whatever standard output is."""

from rich.console import Console

from embedded.terminal.board import render
from embedded.terminal.encoding import print_in_any_encoding
from embedded.terminal.state import RunState
from embedded.terminal.style import signed
from results.report.wording import MISSING, percent

print_in_any_encoding()
console = Console(width=120)
console.print(render(RunState("demo", ["BTC/USD"], 0, 60_000, 120_000, "live"), console))
console.print("P&L", signed(-38.89), percent(-0.0039, sign=True), MISSING, "Škoda.csv")
