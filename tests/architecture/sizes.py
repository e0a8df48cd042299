"""Sizes of functions and files, the largest first: `make sizes`. A report, with the house limits beside it.

Docstrings do not count: a function is not harder to read for saying what it takes.
"""

from __future__ import annotations

import ast
from pathlib import Path

from tests.support.workspace import ROOT, members

FUNCTION_LIMIT = 50
FILE_LIMIT = 300
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def function_sizes(path: Path) -> list[tuple[int, str]]:
    """Return (lines, place) of every function in a file."""
    return [
        (_lines(node) - docstring_lines(node), f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def file_size(text: str) -> int:
    """Return how many lines a file has."""
    return len(text.splitlines()) - docstring_lines(ast.parse(text))


def docstring_lines(node: ast.AST) -> int:
    """Return how many lines the docstrings in `node` have, its own and those inside it."""
    bodies = [each.body for each in ast.walk(node) if isinstance(each, DOCUMENTED) and ast.get_docstring(each)]
    return sum(_lines(body[0]) for body in bodies)


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def main() -> None:
    """Print the ten largest of each and the shares over the limits."""
    files = [path for member in members() for path in member.files]
    functions = sorted((size for path in files for size in function_sizes(path)), reverse=True)
    lengths = sorted(
        ((file_size(path.read_text(encoding="utf-8")), str(path.relative_to(ROOT))) for path in files), reverse=True
    )
    for title, rows, limit in (("functions", functions, FUNCTION_LIMIT), ("files", lengths, FILE_LIMIT)):
        over = sum(lines > limit for lines, _ in rows)
        print(f"{len(rows)} {title}, median {rows[len(rows) // 2][0]} lines, {over} over {limit}")
        print("\n".join(f"{lines:6d}  {place}" for lines, place in rows[:10]))


if __name__ == "__main__":
    main()
