"""Public docstrings say what they have to, and the check notices one that does not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests.architecture.docstrings import Module, findings, of_class, of_function

SAID = """Return the mean of `values`.

Parameters
----------
values, weights
    Shape (n,).
axis : int
    Which one.

Returns
-------
float
    In quote currency.

Raises
------
ValueError
    If there are none.
"""
FUNCTION = """
def mean(values: list[float], weights: list[float], *, axis: int, _unused: int) -> float:
    if not values:
        raise ValueError("none")
    return sum(values)
"""
CLASS = '''
class Window:
    """A window; `end_ms` is exclusive."""

    start_ms: int  # event time
    end_ms: int
    interval_s: int = Field(description="length in seconds")
    quality: str
    """how much of it is known"""
    pair: str

    def length_ms(self) -> int:
        """Return how long it is.

        Returns
        -------
        int
            Milliseconds.
        """

    def _checked(self) -> bool: ...


class Other(Window):
    def length_ms(self) -> int: ...
'''


def missing_of(text: str) -> set[str]:
    (function,) = ast.parse(FUNCTION).body
    assert isinstance(function, ast.FunctionDef)
    return {finding.missing for finding in of_function("", function, text) if not finding.said}


def test_public_docstrings_say_what_they_have_to() -> None:
    assert [f"{each.place}: {each.missing}" for each in findings() if not each.said] == []


def test_public_code_was_found() -> None:
    kinds = [finding.kind for finding in findings()]
    assert {"raises", "parameters", "returns"} == set(kinds)
    assert len(kinds) > 200


def test_a_whole_docstring_misses_nothing() -> None:
    assert missing_of(SAID) == set()


@pytest.mark.parametrize(
    ("gone", "missing"),
    [
        ("Raises\n------", "Raises"),
        ("Returns\n-------", "Returns"),
        ("axis : int\n    Which one.", "Parameters: axis"),
    ],
)
def test_what_is_not_said_is_missed(gone: str, missing: str) -> None:
    assert missing in missing_of(SAID.replace(gone, "", 1))


def test_fields_are_told_by_comments_prose_and_sections_and_methods_by_what_they_override(tmp_path: Path) -> None:
    path = tmp_path / "windows.py"
    path.write_text(CLASS, encoding="utf-8")
    module = Module("windows", path)
    window, other = module.tree.body
    assert isinstance(window, ast.ClassDef) and isinstance(other, ast.ClassDef)
    missing = [finding.missing for finding in of_class("", module, window) if not finding.said]
    assert missing == ["Parameters: pair"]
    # `Other` stands in no member, so what it derives from is not found: its method has to speak for itself.
    assert [finding.missing for finding in of_class("", module, other) if not finding.said] == ["Returns"]
