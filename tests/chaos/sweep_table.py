"""What a sweep prints: a line as soon as a run is compared, and a table in the end."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from tests.chaos.comparing import Verdict

#: Names of the columns, by `Verdict`'s.
_COLUMNS = {
    "lost": "lost",
    "extra": "extra",
    "two_values": "two values",
    "wrong_unmarked": "wrong, unmarked",
    "wrong_in_the_end": "wrong at last",
    "revised": "revised",
    "twice": "came twice",
    "compared": "compared",
}


@dataclass(frozen=True)
class Row:
    """One run: what was found, or in `note` why nothing was."""

    log: str
    fault: str
    verdict: Verdict | None
    seconds: float
    note: str
    skipped: bool = False

    @property
    def good(self) -> bool:
        """Whether it is no reason to fail."""
        return self.skipped or (self.verdict is not None and self.verdict.good)

    @property
    def word(self) -> str:
        if self.skipped:
            return "skipped"
        return "same" if self.good else "DIFFERS" if self.verdict else "FAILED"


def print_row(row: Row) -> None:
    """Print a run's findings, its note included."""
    counts = row.verdict.counts() if row.verdict else {}
    numbers = ", ".join(f"{name} {counts[key]:,}" for key, name in _COLUMNS.items() if key in counts)
    print(f"{row.log} {row.fault}: {row.word} in {row.seconds:.0f} s; {numbers}\n  {row.note}", flush=True)


def print_table(rows: list[Row], seed: int) -> None:
    """Print all runs, one a line."""
    table = Table(title=f"seed {seed}")
    table.add_column("log")
    table.add_column("fault")
    for name in ("", *_COLUMNS.values(), "seconds"):
        table.add_column(name, justify="right")
    for row in rows:
        counts = row.verdict.counts() if row.verdict else {}
        numbers = [f"{counts[key]:,}" if key in counts else "-" for key in _COLUMNS]
        table.add_row(row.log, row.fault, row.word, *numbers, f"{row.seconds:.0f}")
    Console(width=170).print(table)
