"""Recorded bars as input: files of venues and of other tools, recognised by content, as arrays for features."""

from exchanges.recorded_bars.parts import PartedBars, read_in_parts
from exchanges.recorded_bars.reading import RecordedBars, read_bars

__all__ = ["PartedBars", "RecordedBars", "read_bars", "read_in_parts"]
