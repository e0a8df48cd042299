"""Commands replace only what they wrote themselves; a file of somebody else is refused, not overwritten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from contracts.errors import BadInputError
from results.run_folder import MARKER

#: In the metadata of each Parquet file we write.
TABLE_MARK = {"written_by": "tradestream"}
#: In the head of each page we write.
PAGE_MARK = '<meta name="generator" content="tradestream">'
_HEAD_BYTES = 2_000


def require_own(field: str, path: Path, wrote: Callable[[Path], bool]) -> None:
    """Refuse to replace a file that is not ours.

    Parameters
    ----------
    field
        Where the path was given.
    path
        What would be replaced.
    wrote
        Tells whether a file that exists is ours.

    Raises
    ------
    BadInputError
        If there is something that we did not write.
    """
    if path.exists() and not wrote(path):
        expected = "a place where nothing is, or what this command wrote there (nothing was touched)"
        raise BadInputError(field, expected, f"{path}, a file of somebody else's")


def is_our_table(path: Path) -> bool:
    """Return whether `path` is a Parquet file of ours: of a run's folder, or marked."""
    if (path.parent / MARKER).exists():
        return True
    try:
        found = pl.read_parquet_metadata(path)
    except (pl.exceptions.PolarsError, OSError):
        return False
    return all(found.get(name) == value for name, value in TABLE_MARK.items())


def is_our_page(path: Path) -> bool:
    """Return whether `path` is a page of ours.

    Returns
    -------
    bool
        False of what cannot be read.
    """
    try:
        with path.open("rb") as file:
            return PAGE_MARK.encode() in file.read(_HEAD_BYTES)
    except OSError:
        return False
