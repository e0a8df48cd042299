"""Sizes of functions and files, the largest first: `make sizes`. A report, with the house limits beside it."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.support.workspace import ROOT, members

FUNCTION_LIMIT = 50
FILE_LIMIT = 300


def function_sizes(path: Path) -> list[tuple[int, str]]:
    """Return (lines, place) of every function in a file."""
    return [
        ((node.end_lineno or node.lineno) - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def main() -> None:
    """Print the ten largest of each and the shares over the limits."""
    files = [path for member in members() for path in member.files]
    functions = sorted((size for path in files for size in function_sizes(path)), reverse=True)
    lengths = sorted(
        ((len(path.read_text(encoding="utf-8").splitlines()), str(path.relative_to(ROOT))) for path in files),
        reverse=True,
    )
    for title, rows, limit in (("functions", functions, FUNCTION_LIMIT), ("files", lengths, FILE_LIMIT)):
        over = sum(lines > limit for lines, _ in rows)
        print(f"{len(rows)} {title}, median {rows[len(rows) // 2][0]} lines, {over} over {limit}")
        print("\n".join(f"{lines:6d}  {place}" for lines, place in rows[:10]))


if __name__ == "__main__":
    main()
