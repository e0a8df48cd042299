"""Results of an earlier run are not replaced unasked: a person is asked, a script says so beforehand."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import typer

from contracts.errors import BadInputError
from results.run_folder import require_ours
from results.summary import FILE_NAME


def require_replaceable(out: Path, *, replace: bool) -> None:
    """Return if `out` holds no results, or they may be replaced.

    Parameters
    ----------
    out
        Folder that a run is about to write.
    replace
        Whether that was allowed beforehand.

    Raises
    ------
    BadInputError
        If they may not be replaced: nobody could be asked, or the answer was no.
    FolderNotOursError
        If the folder holds something that no run of ours made.
    """
    require_ours(out)
    if replace or not (out / FILE_NAME).is_file():
        return
    what = f"{out} with {_words(out / FILE_NAME)}"
    asked = sys.stdin.isatty() and sys.stdout.isatty()
    if not asked or not typer.confirm(f"{what}. Replace it?"):
        raise BadInputError("--out", "a folder without results, or --replace (in make: replace=yes)", what)


def _words(summary: Path) -> str:
    try:
        found = json.loads(summary.read_text(encoding="utf-8"))
        return f"the {found['title']} of {found['finished_at']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "results of an earlier run"
