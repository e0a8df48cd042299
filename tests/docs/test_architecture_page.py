"""The architecture page: a map on one screen, and a trade's way through files and functions that exist."""

from __future__ import annotations

import ast
import re

import pytest
from docs.writers import code_map
from tests.architecture.test_architecture import ALLOWED
from tests.support.workspace import COMPOSITION_ROOTS, LIBRARIES, MEMBERS, ROOT, members

from contracts.services import up_to
from contracts.topics import TOPICS

PAGE = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
MAP = PAGE.partition("```text\n")[2].partition("```")[0].splitlines()
#: The files a trade passes, and what is named of each.
WAY = re.findall(r"^\| `((?:packages|services)/[^`]+\.py)` \| (.+) \|$", PAGE, re.MULTILINE)


def test_the_map_fits_on_one_screen() -> None:
    assert len(MAP) <= 66
    assert max(map(len, MAP)) <= code_map.WIDTH


def test_the_map_names_every_member_and_every_folder_in_it() -> None:
    """That all it names exists follows from its being read off the folders (test_written_pages)."""
    named = {line.split()[0] for line in MAP if line.startswith("  ") and line.split()[0].endswith("/")}
    for member in members():
        assert f"{member.name}/" in named
        for inner in member.source.glob("*/__init__.py"):
            assert f"{inner.parent.name}/" in named or inner.parent.name == "core", inner


def test_the_arrows_are_those_that_tests_enforce() -> None:
    whole = {
        "no other": set(),
        "all packages": set(LIBRARIES),
        "all packages, all services": set(MEMBERS) - set(COMPOSITION_ROOTS),
    }
    drawn = {
        name: whole.get(allowed) or set.union(*(whole.get(each, {each}) for each in allowed.split(", ")))
        for names, _, allowed in (line.strip().partition(" <- ") for line in MAP if " <- " in line)
        for name in names.split(", ")
    }
    assert drawn == ALLOWED


def test_a_trade_passes_every_service_that_trading_needs() -> None:
    passed = {path.split("/")[1] for path, _ in WAY}
    assert passed >= {"exchanges", "trades", *up_to("execution")}


@pytest.mark.parametrize(("path", "told"), WAY, ids=[path.split("/src/")[1] for path, _ in WAY])
def test_a_file_of_the_way_exists_and_has_what_is_named(path: str, told: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    defined = {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
    named = set(re.findall(r"`([^`]+)`", told)) - {spec.name for spec in TOPICS}
    assert named, "name the function"
    assert named <= defined
