"""A table of a command shows every number and every name whole, whatever the width."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from embedded.model_list import _COLUMNS
from embedded.terminal.rows import print_rows
from verify.compare import Comparison
from verify.report import show_counts

NAME = "gradient_boosting_of_somebody_whose_names_are_long"
ROWS = [
    {
        "version": 1_234_567_890_123,
        "aliases": ["champion", "challenger-of-next-week"],
        "kind": NAME,
        "feature_set": "core",
        "predicts_from": "2026-03-04T00:00:00Z",
        "gate": "passed",
    }
]


def printed(width: int, *, terminal: bool) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    print_rows(console, ROWS, _COLUMNS)
    assert console.width == width
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [30, 60, 80, 200])
def test_nothing_is_cut_off_on_a_terminal(width: int) -> None:
    text = printed(width, terminal=True)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    shown = "".join(sorted(text.replace(" ", "")))
    for word in (NAME, "1,234,567,890,123", "2026-03-04T00:00:00Z"):
        assert all(shown.count(letter) >= word.count(letter) for letter in word)


@pytest.mark.parametrize("width", [30, 80])
def test_a_pipe_gets_whole_lines(width: int) -> None:
    text = printed(width, terminal=False)
    assert all(word in text for word in (NAME, "1,234,567,890,123", "2026-03-04T00:00:00Z"))


def test_counts_of_verify_are_whole_in_a_narrow_place() -> None:
    console = Console(file=io.StringIO(), width=40)
    rows = [Comparison("technical_indicators", 12_345_678, 12_345_678, 12_345_678)]
    show_counts(console, rows, ("published", "replayed"))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert text.count("12,345,678") == 3 and "technical_indicators" in text
