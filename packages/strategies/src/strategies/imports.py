"""What a strategy's file may say: it imports strategies, and reaches for no clock, chance, file or network.

It is a check that catches mistakes, not a cage for a file that means harm.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module

from contracts.errors import BadInputError
from contracts.nearest import did_you_mean

#: Modules that compute and know nothing of the world.
ALLOWED = ("__future__", "collections.abc", "math", "strategies", "typing")
#: What would let a file reach for what it may not import, or differ from process to process.
_FORBIDDEN = (
    *("__builtins__", "__import__", "breakpoint", "compile", "delattr", "eval", "exec", "getattr", "globals", "hash"),
    *("id", "input", "locals", "open", "setattr", "vars"),
    # They would end the process that asks, without a word.
    *("BaseException", "KeyboardInterrupt", "SystemExit", "exit", "quit"),
)


def require_allowed(tree: ast.AST, path: str) -> None:
    """Refuse what a strategy's file may not say.

    Parameters
    ----------
    tree
        The file.
    path
        Its name, for complaints.

    Raises
    ------
    BadInputError
        With the line of the first such thing.
    """
    for node in ast.walk(tree):
        for name, hint in _foreign(node):
            expected = f"imports from {', '.join(ALLOWED[1:])} only{hint}"
            raise BadInputError(f"{path}:{_line(node)}", expected, name)
        wrong = _reached_for(node)
        if wrong is not None:
            expected = "parameters, formulas and arithmetic only, so that the same bars give the same targets"
            raise BadInputError(f"{path}:{_line(node)}", expected, wrong)


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 0))


def _foreign(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield what an import takes that it may not, and what was perhaps meant: a module, or a name it has not."""
    if isinstance(node, ast.Import):
        # A whole module would bring along what it imports itself.
        yield from ((alias.name, did_you_mean(alias.name, ALLOWED)) for alias in node.names if alias.name != "math")
    elif isinstance(node, ast.ImportFrom):
        name = "." * node.level + (node.module or "")
        if name not in ALLOWED:
            yield name, did_you_mean(name, ALLOWED)
        elif name not in ("__future__", "math"):
            public = (*import_module(name).__all__, "*")
            unknown = [alias.name for alias in node.names if alias.name not in public]
            yield from ((f"{name}.{each}", did_you_mean(each, public)) for each in unknown)


def _reached_for(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name) and node.id in _FORBIDDEN:
        return node.id
    if isinstance(node, ast.Attribute) and node.attr.startswith("__"):
        return node.attr
    if isinstance(node, ast.Global | ast.Nonlocal):
        return f"{type(node).__name__.lower()} {', '.join(node.names)}"
    return None
