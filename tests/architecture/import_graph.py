"""Which module of the product imports which, from the syntax trees: `python -m tests.architecture.import_graph`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from tests.support.workspace import members

Graph = Mapping[str, set[str]]


@cache
def import_graph() -> Graph:
    """Return each module of the product with those of it that it imports: at run time, inside functions too."""
    files = {_module_name(member.source, path): path for member in members() for path in member.files}
    return {name: set(_imported(name, path, files)) - {name} for name, path in files.items()}


def _module_name(source: Path, path: Path) -> str:
    parts = path.relative_to(source.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(module: str, path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    for node in _statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            assert node.level == 0, f"{module}: expected an absolute import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in known else str(node.module) for name in names]
        yield from (name for name in names if name in known)


def _statements(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that run: all but those for the type checker."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield from (found for branch in node.orelse for found in _statements(branch))
        else:
            yield from _statements(node)


def components(graph: Graph) -> list[list[str]]:
    """Return the strongly connected components: modules that reach each other stand together."""
    reached = {name: _reachable(graph, name) for name in graph}
    found = {tuple(sorted({name} | {other for other in reached[name] if name in reached[other]})) for name in graph}
    return [list(component) for component in sorted(found)]


def _reachable(graph: Graph, start: str) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph[waiting.pop()] - reached
        reached |= new
        waiting += new
    return reached


def circles(graph: Graph) -> list[list[str]]:
    """Return the modules that import each other."""
    return [component for component in components(graph) if len(component) > 1]


def floors(graph: Graph, package: str) -> dict[str, int]:
    """Return on which floor each module of `package` stands: one above the highest that it imports, the lowest on 1.

    Modules that import each other share a floor.
    """
    home = {name: tuple(component) for component in components(graph) for name in component}
    mine = {home[name] for name in graph if name.partition(".")[0] == package}
    below = {
        component: {home[other] for name in component for other in graph[name]} & mine - {component}
        for component in mine
    }
    floor: dict[tuple[str, ...], int] = {}
    for component in TopologicalSorter(below).static_order():
        floor[component] = 1 + max((floor[lower] for lower in below[component]), default=0)
    return {name: floor[component] for component in mine for name in component}


def main() -> None:
    """Print the circles, and how many floors each member has."""
    graph = import_graph()
    for circle in circles(graph):
        print("circle:", ", ".join(circle))
    print(f"{len(circles(graph))} circles")
    for member in members():
        print(f"{member.name}: {max(floors(graph, member.name).values())} floors")


if __name__ == "__main__":
    main()
