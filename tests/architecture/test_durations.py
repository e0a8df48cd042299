"""The table that decides which file goes first names files that are there, and all that take long."""

from __future__ import annotations

import json

from tests.conftest import DURATIONS
from tests.support.workspace import ROOT


def test_each_file_of_the_table_is_there_the_longest_first() -> None:
    seconds: dict[str, float] = json.loads(DURATIONS.read_text(encoding="utf-8"))
    assert [file for file in seconds if not (ROOT / file).is_file()] == [], "make test durations=yes writes it anew"
    assert list(seconds.values()) == sorted(seconds.values(), reverse=True)
