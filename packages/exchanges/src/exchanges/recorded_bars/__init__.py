"""Recorded bars as input: files of venues and of other tools, recognised by content, as arrays for features."""

from exchanges.recorded_bars.reading import RecordedBars, read_bars

__all__ = ["RecordedBars", "read_bars"]
