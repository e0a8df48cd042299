"""What people read of a run: tables, statistics, the report, the gallery of features."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from results.run import Run

__all__ = ["load"]


def load(folder: str | Path = "runs/demo") -> Run:
    """Return the results of a run: its tables as frames, its summary and its settings.

    Parameters
    ----------
    folder
        As `make demo`, `make replay` and a stopped `make run` leave it, or `tradestream export` writes it.

    Returns
    -------
    Run
        A table is read when it is asked for.

    Raises
    ------
    BadInputError
        If no run has left its results there.
    """
    from results.run import Run  # commands that only look for a folder do without Polars

    return Run.of(Path(folder))
