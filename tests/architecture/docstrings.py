"""What the public docstrings say: `python -m tests.architecture.docstrings` prints the shares, and what is missing.

Public is what another member of the workspace imports, and of a class its public methods. Asked by numpydoc: what a
`raise` in the body raises, each of three or more parameters (of fields a comment counts), and what comes back.
A method that overrides another may leave that to it; a property's summary says what it is.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.support.workspace import ROOT, members

MANY_PARAMETERS = 3
NOTHING_COMES_BACK = {"None", "NoReturn", "Never", "", "Iterator[None]", "AsyncIterator[None]"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Finding:
    """One thing that a public docstring has to say, and whether it does."""

    kind: str
    place: str
    said: bool
    missing: str


@dataclass(frozen=True)
class Module:
    """A file of a member, parsed."""

    name: str
    path: Path

    @functools.cached_property
    def lines(self) -> list[str]:
        """Its text."""
        return self.path.read_text(encoding="utf-8").splitlines()

    @functools.cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse("\n".join(self.lines))

    @functools.cached_property
    def imported(self) -> dict[str, tuple[str, str]]:
        """The module and the name there of every name that an import brings in."""
        return {
            alias.asname or alias.name: (node.module, alias.name)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }


@functools.cache
def modules() -> dict[str, Module]:
    """Return every module of the workspace by its dotted name."""
    found = {}
    for member in members():
        for path in member.files:
            parts = path.relative_to(member.source.parent).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = Module(name, path)
    return found


def _used(module: Module) -> Iterator[tuple[str, str]]:
    """Yield the module and the name of all that `module` takes from other modules."""
    aliases = {name: ".".join(origin) for name, origin in module.imported.items() if ".".join(origin) in modules()}
    yield from module.imported.values()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            yield aliases[node.value.id], node.attr


def _definition(module: str, name: str) -> tuple[Module, Function | ast.ClassDef] | None:
    """Return where `name` is defined, behind what passes it on."""
    if module not in modules():
        return None
    place = modules()[module]
    for node in place.tree.body:
        if isinstance(node, Function | ast.ClassDef) and node.name == name:
            return place, node
    return _definition(*place.imported[name]) if name in place.imported else None


def public() -> dict[tuple[str, str], tuple[Module, Function | ast.ClassDef]]:
    """Return what one member defines and another one imports."""
    found = {}
    for user in modules().values():
        for module, name in _used(user):
            place = _definition(module, name)
            if place and place[0].name.split(".")[0] != user.name.split(".")[0]:
                found[place[0].name, name] = place
    return dict(sorted(found.items()))


def _bases(module: Module, node: ast.ClassDef) -> Iterator[tuple[Module, ast.ClassDef]]:
    """Yield a class and those of the workspace that it derives from."""
    yield module, node
    for base in node.bases:
        name = ast.unparse(base).split("[")[0]
        found = _definition(module.name, name)
        if found and isinstance(found[1], ast.ClassDef):
            yield from _bases(found[0], found[1])


def _raises(node: ast.AST) -> bool:
    """Return whether a `raise` stands in a body, functions inside it left out."""
    return any(
        isinstance(child, ast.Raise) or (not isinstance(child, Function | ast.ClassDef) and _raises(child))
        for child in ast.iter_child_nodes(node)
    )


def _section(text: str, *titles: str) -> str | None:
    """Return the body of a numpydoc section, or None without one."""
    found = re.search(rf"^(?:{'|'.join(titles)})\n-+\n(.*?)(?=^\S[^\n]*\n-+\n|\Z)", text, re.DOTALL | re.MULTILINE)
    return found[1] if found and found[1].strip() else None


def _described(text: str) -> set[str]:
    """Return the names that the sections of parameters describe."""
    body = _section(text, "Parameters") or ""
    fields = _section(text, "Attributes") or ""
    heads = re.findall(r"^(\S[^:\n]*?)(?: *:.*)?\n(?= +\S)", body + "\n" + fields, re.MULTILINE)
    return {name.strip(" *") for head in heads for name in head.split(",")}


def _parameters(function: Function) -> list[str]:
    """Return the names of what a function takes, `self` and `cls` left out."""
    own = function.args
    all_of_them = [*own.posonlyargs, *own.args, own.vararg, *own.kwonlyargs, own.kwarg]
    names = [argument.arg for argument in all_of_them if argument and not argument.arg.startswith("_")]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def _decorators(function: Function) -> set[str]:
    return {ast.unparse(decorator).split("(")[0].split(".")[-1] for decorator in function.decorator_list}


def of_function(place: str, function: Function, text: str) -> Iterator[Finding]:
    """Yield what the docstring `text` of a function has to say."""
    names = _parameters(function)
    if len(names) >= MANY_PARAMETERS:
        yield _parameters_said(place, names, _described(text))
    if _raises(function):
        yield Finding("raises", place, _section(text, "Raises") is not None, "Raises")
    returned = ast.unparse(function.returns) if function.returns else ""
    if returned not in NOTHING_COMES_BACK and not _decorators(function) & {"property", "cached_property"}:
        yield Finding("returns", place, _section(text, "Returns", "Yields") is not None, "Returns")


def _parameters_said(place: str, names: Iterable[str], said: set[str]) -> Finding:
    missing = [name for name in names if name not in said]
    return Finding("parameters", place, not missing, f"Parameters: {', '.join(missing)}")


def _commented(module: Module, node: ast.ClassDef) -> tuple[list[str], set[str]]:
    """Return a class's fields, and those with a description, a comment or their name within the docstring's prose."""
    fields = [
        field
        for field in node.body
        if isinstance(field, ast.AnnAssign) and "ClassVar" not in ast.unparse(field.annotation)
    ]
    names = {field: ast.unparse(field.target) for field in fields}
    told_below = {field for field, below in pairwise(node.body) if isinstance(below, ast.Expr)}
    said = {
        name
        for field, name in names.items()
        if module.lines[field.lineno - 2].strip().startswith("#")
        or "  # " in "".join(module.lines[field.lineno - 1 : field.end_lineno])
        or field in told_below
        or any(isinstance(child, ast.Constant) and " " in str(child.value) for child in ast.walk(field))
    }
    in_prose = set(re.findall(r"`(\w+)`", ast.get_docstring(node) or ""))
    return [name for name in names.values() if not name.startswith("_")], said | in_prose


def of_class(place: str, module: Module, node: ast.ClassDef) -> Iterator[Finding]:
    """Yield what the docstrings of a class and its public methods have to say."""
    family = list(_bases(module, node))
    methods = {
        child.name: child
        for child in node.body
        if isinstance(child, Function)
        if "overload" not in _decorators(child)
    }
    text = ast.get_docstring(node) or ""
    for name, method in methods.items():
        if name.startswith("_") and name not in ("__init__", "__call__"):
            continue
        documented = [text] if name in ("__init__", "__call__") else []
        documented += [
            ast.get_docstring(child) or ""
            for _, base in family
            for child in base.body
            if isinstance(child, Function) and child.name == name
        ]
        yield from of_function(f"{place}.{name}", method, "\n".join(documented))
    fields, commented = _commented(module, node)
    if "__init__" not in methods and len(fields) >= MANY_PARAMETERS:
        yield _parameters_said(place, fields, _described(text) | commented)
    if "__post_init__" in methods and _raises(methods["__post_init__"]):
        yield Finding("raises", place, _section(text, "Raises") is not None, "Raises")


def findings() -> list[Finding]:
    """Return what every public docstring has to say."""
    found: list[Finding] = []
    for module, node in public().values():
        place = f"{module.path.relative_to(ROOT)}:{node.lineno} {node.name}"
        if isinstance(node, ast.ClassDef):
            found += of_class(place, module, node)
        else:
            found += of_function(place, node, ast.get_docstring(node) or "")
    return found


def main() -> int:
    """Print the shares and what is missing; return 1 if anything is."""
    found = findings()
    for finding in found:
        if not finding.said:
            print(f"{finding.place}: {finding.missing}")
    print(f"{len(public())} public functions and classes; of what their docstrings have to say:")
    for kind in ("raises", "parameters", "returns"):
        of_kind = [finding for finding in found if finding.kind == kind]
        print(f"  {kind:<10} {sum(finding.said for finding in of_kind):>5} of {len(of_kind)}")
    return int(any(not finding.said for finding in found))


if __name__ == "__main__":
    sys.exit(main())
