"""The folder of a run: what lies where, and that we never wipe a folder that is not ours."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import FolderNotOursError

MARKER = ".tradestream-run"
_MARKER_TEXT = "Written by tradestream: this folder's results are replaced by the next run into it.\n"


@dataclass(frozen=True)
class Workplace:
    """Where a run keeps its results and its works.

    Parameters
    ----------
    out
        Folder of the results.
    """

    out: Path

    @property
    def work(self) -> Path:
        """Log, state and process logs: nothing of it is a result."""
        return self.out / "work"

    @property
    def log(self) -> Path:
        """The embedded log."""
        return self.work / "log"

    @property
    def logs(self) -> Path:
        """What the processes say."""
        return self.work / "logs"

    @property
    def broker_address(self) -> str:
        """Address of the embedded log."""
        return f"embedded://{self.log.resolve()}"

    def file(self, name: str) -> Path:
        """Return a file that processes tell each other things with."""
        return self.work.resolve() / name

    def create(self) -> None:
        """Make the folders and mark them as ours."""
        for folder in (self.out, self.work, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        (self.out / MARKER).write_text(_MARKER_TEXT, encoding="utf-8")

    def wipe(self) -> None:
        """Start afresh: remove an earlier run.

        Raises
        ------
        FolderNotOursError
            If the folder holds something and no earlier run of ours made it.
        """
        require_ours(self.out)
        if self.out.exists():
            shutil.rmtree(self.out)
        self.create()

    def resume(self) -> None:
        """Go on in the folder, or begin it.

        Raises
        ------
        FolderNotOursError
            If the folder holds something and no earlier run of ours made it.
        """
        require_ours(self.out)
        self.create()

    def remove_work(self) -> None:
        """Remove everything that is not a result."""
        shutil.rmtree(self.work, ignore_errors=True)


def require_ours(folder: Path) -> None:
    """Refuse a folder with foreign content.

    Raises
    ------
    FolderNotOursError
        Naming it, and the way out.
    """
    if folder.exists() and not folder.is_dir():
        raise FolderNotOursError(f"{folder}: expected a folder, was a file")
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise FolderNotOursError(
            f"{folder}: expected an empty folder or one of an earlier run, was a folder with other files in it. "
            "Nothing was touched; choose another folder."
        )
