"""The files of one pair as one series of trades: in the order of time, each trade once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from contracts.errors import BadInputError
from contracts.trade_frame import TRADE_COLUMNS, TradeFrame
from contracts.trade_ids import starts_again
from contracts.units import US_PER_MS, US_PER_SECOND
from exchanges.recorded.bad_row import BadRow
from exchanges.recorded.order import DISORDER_US
from exchanges.recorded.recording import Recording

#: The row numbers of files without ids are so far apart that they are ids of one series.
FILE_IDS = 10**12
_MINUTE_US = 60 * US_PER_SECOND
_Content = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """Trades of a series and where they stand.

    Attributes
    ----------
    file, row
        In which file, after how many of its rows.
    frame
        The trades.
    """

    file: int
    row: int
    frame: TradeFrame


@dataclass
class Repeated:
    """Rows of a file that an earlier one has too.

    Attributes
    ----------
    rows
        How many were left out.
    first_us, last_us
        When the first and the last of them traded.
    """

    rows: int = 0
    first_us: int = 0
    last_us: int = 0

    def add(self, frame: TradeFrame, again: Sequence[bool]) -> None:
        """Note which rows of a frame were left out."""
        times = [time_us for time_us, is_repeat in zip(frame.timestamps_us, again, strict=True) if is_repeat]
        self.first_us = self.first_us if self.rows else times[0]
        self.rows, self.last_us = self.rows + len(times), times[-1]


@dataclass
class Seen:
    """What was read of a series so far.

    Attributes
    ----------
    last_id, newest_us
        The highest id and the newest time; before the first trade -1 and 0.
    recent
        How many trades of the last minute say the same: time, price and quantity.
    """

    last_id: int = -1
    newest_us: int = 0
    recent: Counter[_Content] = field(default_factory=Counter)

    def add(self, frame: TradeFrame) -> None:
        """Note a frame."""
        self.last_id = max(frame.trade_ids[-1], self.last_id)
        self.newest_us = max(self.newest_us, *frame.timestamps_us)
        since_us = self.newest_us - DISORDER_US
        if frame.timestamps_us[0] > since_us:
            self.recent.update(_contents(frame))
        else:
            self.recent = Counter(content for content in _contents(frame) if content[0] >= since_us)


class Series:
    """The files of one pair.

    Files may overlap, as whole and incremental downloads do: what an earlier one has is left out of the later one, by
    id, or without ids by time. Rows without ids are numbered on.

    Parameters
    ----------
    recordings
        Of one pair and exchange; they are put in the order of their first trades.

    Attributes
    ----------
    recordings
        In that order.
    repeated
        What was left out, by the number of the file.

    Raises
    ------
    BadInputError
        If some have trade ids and others have not, or a file is named twice.
    """

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.recordings = tuple(sorted(recordings, key=lambda recording: recording.first_ms))
        self.repeated: dict[int, Repeated] = defaultdict(Repeated)
        with_ids = [recording.path.name for recording in self.recordings if recording.has_ids]
        without = [recording.path.name for recording in self.recordings if not recording.has_ids]
        if with_ids and without:
            expected = f"files of {self.pair} that all have trade ids, as {with_ids[0]} has"
            raise BadInputError("file", expected, f"{without[0]}, which has none")
        resolved = [recording.path.resolve() for recording in self.recordings]
        for path in resolved:
            if resolved.count(path) > 1:
                raise BadInputError("file", "each file once", str(path))
        names = [recording.path.name for recording in self.recordings]
        self._labels = [
            name if names.count(name) == 1 else str(path) for name, path in zip(names, resolved, strict=True)
        ]

    @property
    def pair(self) -> str:
        """Whose trades these are."""
        return self.recordings[0].pair

    @property
    def consecutive_ids(self) -> bool:
        """Whether a hole in the ids means lost trades."""
        return all(recording.consecutive_ids for recording in self.recordings)

    def label(self, file: int) -> str:
        """Tell a file of this series from the others.

        Returns
        -------
        str
            Its name, or its path where names are equal.
        """
        return self._labels[file]

    def seen_before(self, file: int) -> Seen:
        """Return what the files before `file` hold; they are read for it.

        Returns
        -------
        Seen
            As `parts` wants it.
        """
        seen = Seen()
        for part in self.parts(lambda _bad_row: None):
            if part.file >= file:
                break
            seen.add(part.frame)
        return seen

    def parts(
        self,
        on_bad_row: Callable[[BadRow], None],
        *,
        first_file: int = 0,
        seen: Seen | None = None,
        refuse: bool = False,
    ) -> Iterator[Part]:
        """Yield the trades of all files from `first_file` on.

        Parameters
        ----------
        on_bad_row
            Told of every row that is not a trade.
        first_file, seen
            Where to begin, and what was read of the files before.
        refuse
            Whether ids that start again, and files that overlap with other trades, end the reading.

        Yields
        ------
        Part
            In the order of the files.

        Raises
        ------
        BadInputError
            As `Recording.frames`; with `refuse` also naming the file that contradicts the one before it.
        """
        seen = seen or Seen()
        overlap = _Overlap()
        for file in range(first_file, len(self.recordings)):
            before, row = Seen(seen.last_id, seen.newest_us, Counter(seen.recent)), 0
            following = self.recordings[file + 1] if file + 1 < len(self.recordings) else None
            for frame in self.recordings[file].frames(on_bad_row, refuse_restarts=refuse):
                numbered = self._numbered(file, frame)
                again = self._again(numbered, before)
                if any(again):
                    self.repeated[file].add(numbered, again)
                if refuse and not self.recordings[file].has_ids:
                    overlap.note(numbered, again, following)
                for start, part in _kept(numbered, again):
                    seen.add(part)
                    yield Part(file, row + start, part)
                row += len(frame.trade_ids)
            if self.repeated[file].rows and refuse:
                overlap.check(self.recordings[file], self.repeated[file], before.newest_us)

    def _numbered(self, file: int, frame: TradeFrame) -> TradeFrame:
        if file == 0 or self.recordings[file].has_ids:
            return frame
        return frame.model_copy(update={"trade_ids": [file * FILE_IDS + row for row in frame.trade_ids]})

    def _again(self, frame: TradeFrame, before: Seen) -> list[bool]:
        """Say of each row whether an earlier file has it."""
        if self.recordings[0].has_ids:
            rows = zip(frame.trade_ids, frame.timestamps_us, strict=True)
            return [
                trade_id <= before.last_id and not starts_again(trade_id, time_us, before.last_id, before.newest_us)
                for trade_id, time_us in rows
            ]
        again = []
        for content in _contents(frame):
            is_repeat = content[0] < before.newest_us - DISORDER_US or before.recent[content] > 0
            before.recent[content] -= is_repeat
            again.append(is_repeat)
        return again


@dataclass
class _Overlap:
    """Whether rows without ids that two files have for the same minutes are the same rows.

    For each whole minute a sum over its rows, which does not depend on their order.
    """

    minutes: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    again: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def note(self, frame: TradeFrame, again: Sequence[bool], following: Recording | None) -> None:
        """Add up what was left out, and what the next file may have too."""
        rows = zip(frame.timestamps_us, frame.prices, frame.quantities, again, strict=True)
        from_us = None if following is None else following.first_ms * US_PER_MS
        for time_us, price, quantity, is_repeat in rows:
            value = hash((time_us, price, quantity))
            if is_repeat:
                self.again[time_us // _MINUTE_US] += value
            if from_us is not None and time_us >= from_us:
                self.minutes[time_us // _MINUTE_US] += value

    def check(self, recording: Recording, repeated: Repeated, newest_us: int) -> None:
        """Refuse a file whose rows are others than those of the files before it."""
        last_us = min(repeated.last_us, newest_us - DISORDER_US)
        minutes = range(repeated.first_us // _MINUTE_US + 1, last_us // _MINUTE_US)
        for minute in minutes:
            if self.again.get(minute) != self.minutes.get(minute):
                expected = "the trades that the file before it has for the same time (leave one of the files out)"
                field_name = f"{recording.path.name}, {repeated.rows} rows that overlap"
                raise BadInputError(field_name, expected, f"others in the minute {minute * 60_000} ms")
        self.again.clear()


def _kept(frame: TradeFrame, again: Sequence[bool]) -> Iterator[tuple[int, TradeFrame]]:
    """Yield the stretches of a frame that are not left out, with the row at which each begins."""
    if not any(again):
        yield 0, frame
        return
    start = 0
    for is_repeat, stretch in groupby(again):
        end = start + len(list(stretch))
        if not is_repeat:
            columns = {name: getattr(frame, name)[start:end] for name in TRADE_COLUMNS}
            yield start, frame.model_copy(update=columns)
        start = end


def _contents(frame: TradeFrame) -> Iterator[_Content]:
    return zip(frame.timestamps_us, frame.prices, frame.quantities, strict=True)
