"""Trades from files that venues offer into the files that history writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from contracts.counted import counted
from contracts.end_of_history import EndOfHistory
from contracts.errors import BadInputError
from contracts.message import Message
from embedded.data_fetch import BAD_ROWS_FILE
from exchanges.recorded import BadRow, Recording, Series, open_recording
from history.durable import write_durably
from history.pair_folder import COVERAGE_FILE, PairFolder
from history.tree import HistoryTree

#: Beside the days: the files that the numbers of trades without ids are of.
IMPORTED_FILE = "imported.json"
#: So many trades are held before they become a file.
_BATCH_TRADES = 200_000


@dataclass
class Imported:
    """What became of a pair.

    Attributes
    ----------
    exchange, pair
        Whose.
    read, trades
        That the files hold, and that were not stored before.
    bad_rows
        Rows that are no trades, with the file each is of.
    silent_days
        Days between the first and the last without a trade.
    """

    exchange: str
    pair: str
    read: int = 0
    trades: int = 0
    bad_rows: list[tuple[str, BadRow]] = field(default_factory=list)
    silent_days: list[date] = field(default_factory=list)

    @property
    def lines(self) -> Iterator[str]:
        """What a person is told."""
        yield f"{self.pair}: {counted(self.trades, 'new trade')} of {self.read:,}"
        if self.bad_rows:
            name, first = self.bad_rows[0]
            rows = counted(len(self.bad_rows), "row is no trade", "rows are no trades")
            yield f"{self.pair}: {rows}, set aside; the first, line {first.line_number} of {name}: {first.reason}"
        if self.silent_days:
            days = counted(len(self.silent_days), "day")
            yield f"{self.pair}: no trade on {days} in between, the first {self.silent_days[0].isoformat()}"


def series_of(files: Sequence[Path], exchange: str | None, pair: str | None) -> list[Series]:
    """Open files, those of one pair as one series.

    Parameters
    ----------
    files
        Of any kind that `exchanges.recorded` reads.
    exchange, pair
        Whose they are, where they do not say it.

    Returns
    -------
    list[Series]
        By venue and pair.

    Raises
    ------
    BadInputError
        If a file holds no trades, or does not say whose.
    """
    found: dict[tuple[str, str], list[Recording]] = {}
    for file in files:
        recording = open_recording(file, pair, exchange)
        found.setdefault((recording.exchange, recording.pair), []).append(recording)
    return [Series(found[key]) for key in sorted(found)]


def take(tree: HistoryTree, series: Series) -> Imported:
    """Store what the files have and the folder has not; killed at any time, the same again goes on.

    Parameters
    ----------
    tree
        Of the files.
    series
        Of one pair.

    Returns
    -------
    Imported
        What was new, and what was not right.

    Raises
    ------
    BadInputError
        If the files' trades have no ids and others of the pair are stored already: which are the same cannot be told.
    """
    first = series.recordings[0]
    folder = tree.pair(first.exchange, first.pair)
    told = Imported(first.exchange, first.pair)
    if first.has_ids:
        require_ids(folder.path)
    else:
        _require_same(folder.path, series)
    held: list[Message] = []
    newest_us, last_id, rows = 0, 0, 0
    for part in series.parts(lambda row: told.bad_rows.append((_name(series), row)), refuse=True):
        held.append(part.frame)
        rows += len(part.frame.trade_ids)
        newest_us, last_id = max(newest_us, *part.frame.timestamps_us), max(last_id, part.frame.trade_ids[-1])
        if rows >= _BATCH_TRADES:
            told.trades += folder.add(held)
            told.read, rows, held = told.read + rows, 0, []
    if newest_us:  # every trade up to here is there, as far as the files say
        end = EndOfHistory(
            exchange=told.exchange, pair=told.pair, venue_time_us=newest_us, last_trade_id=last_id, final=True
        )
        told.trades += folder.add([*held, end])
        told.read += rows
    _set_aside(folder.path, told)
    told.silent_days = list(_silent_days(folder))
    return told


def _name(series: Series) -> str:
    return ", ".join(recording.path.name for recording in series.recordings)


def require_ids(path: Path) -> None:
    """Refuse trades with ids beside such that were numbered here.

    Parameters
    ----------
    path
        Folder of a pair.

    Raises
    ------
    BadInputError
        If what is stored there came from files without ids.
    """
    if (path / IMPORTED_FILE).exists():
        raise BadInputError("files", f"files without trade ids, as those stored in {path}", "trades with ids")


def _require_same(path: Path, series: Series) -> None:
    """Rows are numbered file by file, so the same trade has the same number only among the same files, or more."""
    record = path / IMPORTED_FILE
    files = [{"name": each.path.name, "first_ms": each.first_ms} for each in series.recordings]
    if record.exists():
        before = json.loads(record.read_bytes())
        if files[: len(before)] != before:
            names = ", ".join(str(each["name"]) for each in before)
            expected = f"first the files that were taken before ({names}), then later ones"
            raise BadInputError("files", expected, _name(series))
    elif (path / COVERAGE_FILE).exists():
        expected = f"a --folder without trades of {series.pair}: rows without ids cannot be told from those stored"
        raise BadInputError("files", expected, str(path))
    path.mkdir(parents=True, exist_ok=True)
    write_durably(record, (json.dumps(files, indent=1) + "\n").encode())


def _set_aside(path: Path, told: Imported) -> None:
    """Write down the rows that are no trades, in place of those of the last time."""
    if told.bad_rows:
        lines = (
            json.dumps({"file": name, "line": row.line_number, "text": row.text, "reason": row.reason})
            for name, row in told.bad_rows
        )
        path.mkdir(parents=True, exist_ok=True)
        write_durably(path / BAD_ROWS_FILE, ("\n".join(lines) + "\n").encode())


def _silent_days(folder: PairFolder) -> Iterator[date]:
    days = sorted(date.fromisoformat(each.name.removeprefix("date=")) for each in folder.path.glob("date=*"))
    for before, after in pairwise(days):
        yield from (before + timedelta(days=number) for number in range(1, (after - before).days))
