"""A board for a person at a terminal, lines for everybody else."""

from __future__ import annotations

from rich.console import Console

from embedded.terminal.board import Board
from embedded.terminal.plain import PlainLines


def choose_view(console: Console) -> Board | PlainLines:
    """Return the view that suits `console`."""
    return Board(console) if console.is_terminal else PlainLines(console)
