"""Tests poll for what they wait for, all in one place: none sleeps, and none has a loop of its own for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from tests.support.workspace import ROOT

TESTS = ROOT / "tests"
HERE = TESTS / "support/waiting.py"
#: What a supervisor starts in tests: programs of their own, which find no package of tests.
PROGRAMS = TESTS / "embedded/programs"
FILES = [path for path in sorted(TESTS.rglob("*.py")) if path != HERE and PROGRAMS not in path.parents]


def faults_of(source: str) -> Iterator[str]:
    """Say what in a file sleeps, or waits in a loop of its own."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "sleep":
            yield f"line {node.lineno}: sleeps"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in ("wait_until", "wait_async"):
            yield f"line {node.lineno}: defines {node.name}"
        if isinstance(node, ast.While) and "monotonic" in ast.unparse(node):
            yield f"line {node.lineno}: waits in a loop of its own"


def test_all_wait_with_the_one_function_for_it() -> None:
    found = {str(path.relative_to(ROOT)): list(faults_of(path.read_text(encoding="utf-8"))) for path in FILES}
    assert {path: faults for path, faults in found.items() if faults} == {}, f"use {HERE.relative_to(ROOT)}"


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.sleep(1)",
        "async def f():\n    await asyncio.sleep(0)",
        "def wait_until(done): ...",
        "while not done():\n    assert time.monotonic() < deadline",
    ],
)
def test_what_is_not_allowed_is_found(source: str) -> None:
    assert list(faults_of(source))
