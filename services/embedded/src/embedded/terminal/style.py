"""Colours and tables of the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from results.report.wording import money

UP, DOWN, ACCENT, MUTED = "green", "red", "cyan", "bright_black"
NONE = Text("–", MUTED)
#: Columns of texts; the others are numbers, aligned at their right.
_TEXTS = ("Pair", "Account", "Model", "Trading", "Process", "State", "Time", "Side")


def signed(value: float, currency: str = "") -> Text:
    """Return an amount in the colour of its sign."""
    return Text(money(value, sign=True, currency=currency), UP if value > 0 else DOWN if value < 0 else "")


def table(columns: Sequence[str], rows: Sequence[Sequence[str | Text]], left_out: Sequence[str] = ()) -> Table:
    """Return rows under the names of their columns, without those that are `left_out`."""
    drawn = Table(box=box.SIMPLE_HEAD, expand=False, pad_edge=False, header_style=MUTED, border_style=MUTED)
    kept = [place for place, name in enumerate(columns) if name not in left_out]
    for name in (columns[place] for place in kept):
        drawn.add_column(name, justify="left" if name in _TEXTS else "right", no_wrap=True)
    for row in rows:
        drawn.add_row(*(row[place] for place in kept))
    return drawn
