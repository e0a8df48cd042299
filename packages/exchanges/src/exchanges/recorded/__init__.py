"""Recorded trades as input: files of several venues and shapes, read exactly, as trade frames."""

from exchanges.recorded.bad_row import BadRow
from exchanges.recorded.formats import FORMATS
from exchanges.recorded.recording import Recording, open_recording
from exchanges.recorded.series import Series
from exchanges.recorded.steps import Steps

__all__ = ["FORMATS", "BadRow", "Recording", "Series", "Steps", "open_recording"]
