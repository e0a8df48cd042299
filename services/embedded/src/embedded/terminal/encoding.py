"""What is printed on a terminal or into a file whose encoding lacks some of our characters."""

from __future__ import annotations

import codecs
import sys
from io import TextIOWrapper

#: In place of what an encoding lacks; a question mark for the rest (names of files, words of a venue).
_PLAIN = {"−": "-", "–": "-", "—": "-", "·": "-", "…": "...", "✓": "+", "●": "*", "○": "o", "→": ">", "×": "x"}
_HANDLER = "tradestream.plain"


def print_in_any_encoding() -> None:
    """Let standard output and error write plain characters where their encoding lacks ours, instead of failing."""
    codecs.register_error(_HANDLER, _in_plain_characters)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)


def _in_plain_characters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(each, "?") for each in error.object[error.start : error.end]), error.end
