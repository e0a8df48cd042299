"""The folder of a run: what lies where, and that we never wipe a folder that is not ours."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import BadInputError, TradestreamError

MARKER = ".tradestream-run"
#: What lies deepest in the folder, a topic's file with what SQLite puts beside it, has some 130 bytes more.
_LONGEST_BYTES = 360
_MARKER_TEXT = "Written by tradestream: this folder's results are replaced by the next run into it.\n"


class FolderInUseError(TradestreamError):
    """Another run is at work in the folder we were told to write."""


class FolderNotOursError(TradestreamError):
    """A folder we were told to write holds something that we did not put there."""


@dataclass(frozen=True)
class RunFolder:
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
        """Return a file that processes tell each other things with.

        Returns
        -------
        Path
            Absolute; it need not exist.
        """
        return self.work.resolve() / name

    def create(self) -> None:
        """Make the folders, marked as ours from the first moment on."""
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / MARKER).write_text(_MARKER_TEXT, encoding="utf-8")
        self.logs.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def owned(self, *, afresh: bool) -> Iterator[None]:
        """Be the only run in the folder while the block runs.

        Parameters
        ----------
        afresh
            Remove an earlier run; otherwise go on in it.

        Raises
        ------
        BadInputError
            If its path is too long for what is to lie in it.
        FolderNotOursError
            If the folder holds something and no earlier run of ours made it.
        FolderInUseError
            If another run is at work in it.
        """
        self._require_short()
        require_ours(self.out)
        self.create()
        with (self.out / MARKER).open("rb") as marker:
            try:
                fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with the process, however it ends
            except BlockingIOError:
                raise FolderInUseError(
                    f"{self.out}: another run of tradestream is using this folder. Nothing was touched; "
                    "wait for it, stop it, or choose another folder."
                ) from None
            if afresh:
                self._wipe()
            yield

    def _require_short(self) -> None:
        path = str(self.out.resolve())
        if len(path.encode()) > _LONGEST_BYTES:
            expected = f"a path of at most {_LONGEST_BYTES} bytes (SQLite opens no file whose path has over 512)"
            raise BadInputError("folder", expected, f"{len(path.encode())} bytes, {path}")

    def _wipe(self) -> None:
        """Remove an earlier run; the mark stays, so whoever is killed half-way leaves a folder that is ours."""
        for found in self.out.iterdir():
            if found.is_dir() and not found.is_symlink():
                shutil.rmtree(found)
            elif found.name != MARKER:
                found.unlink()
        self.create()

    def remove_work(self, keeping: str) -> None:
        """Remove log, state and models; what stays are the results, and files of `work` whose names begin so."""
        for found in self.work.iterdir():
            if found.is_dir():
                shutil.rmtree(found, ignore_errors=True)
            elif not found.name.startswith(keeping):
                found.unlink()


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
