"""What files of trades hold, read once before anything starts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from contracts.counted import counted
from contracts.errors import BadInputError
from contracts.units import US_PER_MS
from exchanges.recorded import BadRow, Recording, Series, Steps, open_recording
from results.report.wording import count, percent, utc


@dataclass(frozen=True)
class Recorded:
    """What a file holds: whose trades, and the first and last event time of its pair."""

    exchange: str
    pair: str
    first_ms: int
    last_ms: int


@dataclass(frozen=True)
class RecordedInput:
    """What all files hold, in their order, and what a reader must know of it, in whole sentences."""

    files: list[Recorded]
    notes: list[str]


def look_into(paths: Sequence[Path], pair: str | None = None, steps: Steps | None = None) -> RecordedInput:
    """Return what `paths` hold.

    Raises
    ------
    BadInputError
        If one is missing, not recorded trades, not in the order of time, empty, or contradicts another.
    """
    steps = steps or Steps()
    recordings = [open_recording(path, pair=pair, steps=steps) for path in paths]
    steps.rounded = 0  # what the first rows were looked at for does not count
    by_pair: dict[tuple[str, str], list[Recording]] = {}
    for recording in recordings:
        by_pair.setdefault((recording.exchange, recording.pair), []).append(recording)
    notes = [note for recording in recordings for note in recording.notes]
    spans = {}
    for key, those in by_pair.items():
        found = _Found(Series(those))
        spans[key] = found.read()
        notes += found.notes()
    if steps.rounded:
        numbers = counted(steps.rounded, "price or quantity was", "prices and quantities were")
        notes.append(f"{numbers} rounded to the steps {steps.price} and {steps.quantity}.")
    return RecordedInput([Recorded(*key, *spans[key]) for key in map(_key, recordings)], notes)


def _key(recording: Recording) -> tuple[str, str]:
    return recording.exchange, recording.pair


@dataclass
class _Found:
    """What was found in the files of one pair."""

    series: Series
    trades: int = 0
    without_side: int = 0
    bad: list[BadRow] = field(default_factory=list)

    def read(self) -> tuple[int, int]:
        """Read all trades and return the first and the last time, milliseconds."""
        first_us = last_us = None
        for part in self.series.parts(self.bad.append, refuse=True):
            frame = part.frame
            self.trades += len(frame.trade_ids)
            self.without_side += frame.sides.count("unknown")
            first_us = min(frame.timestamps_us) if first_us is None else min(first_us, *frame.timestamps_us)
            last_us = max(last_us or 0, *frame.timestamps_us)
        if first_us is None or last_us is None:
            raise BadInputError(self._names(), "at least one trade", "none")
        return first_us // US_PER_MS, last_us // US_PER_MS

    def notes(self) -> Iterator[str]:
        """Yield what a reader must know."""
        if self.bad:
            rows = self.trades + len(self.bad)
            share = percent(len(self.bad) / rows)
            first = f"line {self.bad[0].line_number}: {self.bad[0].reason}"
            lost = f"{count(len(self.bad))} of {counted(rows, 'trade is', 'trades are')} lost ({share})"
            floats = any("a float of" in bad.reason for bad in self.bad)
            advice = " steps=PRICE,QUANTITY rounds floats that carry noise." if floats else ""
            yield f"{self._names()}: {lost}. The first, {first}.{advice}"
        for file, repeated in self.series.repeated.items():
            if repeated.rows:
                when = f"{utc(repeated.first_us / US_PER_MS)} to {utc(repeated.last_us / US_PER_MS)}"
                name = self.series.label(file)
                yield f"{name}: {counted(repeated.rows, 'trade')}, {when}, in an earlier file too: each counts once."
        if self.without_side:
            which = "its trades" if self.without_side == self.trades else counted(self.without_side, "trade")
            so = "taker_buy_volume and the features made of it are null"
            yield f"{self._names()} does not say who took in {which}: {so}."

    def _names(self) -> str:
        return _listed(recording.path.name for recording in self.series.recordings)


def _listed(names: Iterable[str]) -> str:
    several = list(dict.fromkeys(names))
    return ", ".join(several) if len(several) < 4 else f"{several[0]} and {counted(len(several) - 1, 'more file')}"
