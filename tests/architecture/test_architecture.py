"""The shape of the project, held by tests: import arrows, pure cores, one card and one test for each service."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
from tests.support.workspace import (
    COMPOSITION_ROOTS,
    JOBS,
    LIBRARIES,
    MEMBERS,
    ROOT,
    SERVICES,
    Member,
    imported_modules,
    imported_names,
    members,
    roots,
)

import contracts.services
import contracts.topics
from contracts.topics import EVERY_SERVICE, TopicSpec

ALL = members()
BY_NAME = {member.name: member for member in ALL}
every_member = pytest.mark.parametrize("member", ALL, ids=lambda member: member.name)
every_service = pytest.mark.parametrize(
    "service", [BY_NAME[name] for name in SERVICES], ids=lambda member: member.name
)

#: Who may import whom among the members.
ALLOWED: dict[str, set[str]] = {
    "contracts": set(),
    "features": {"contracts"},
    "exchanges": {"contracts"},
    "streaming": {"contracts"},
    "featurestore": {"contracts"},
    "modeling": {"contracts", "features"},
    "strategies": {"contracts", "features"},
    "results": {"contracts", "features", "exchanges", "streaming", "featurestore", "modeling"},
    **{service: set(LIBRARIES) for service in (*SERVICES, *JOBS)},
    # It runs their cores, as `test_backtest_runs_cores` holds.
    "backtest": {*LIBRARIES, "candles", "signals", "execution"},
    "embedded": set(LIBRARIES) | set(SERVICES) | set(JOBS),
}
CARD_HEADINGS = (
    "Topics in",
    "Topics out",
    "Key",
    "State",
    "Guarantees",
    "Settings",
    "Failure modes",
    "Troubleshooting",
)
CORE_MAY_IMPORT = {"contracts", "features", "numpy", "numba", "talib"} | set(sys.stdlib_module_names)
#: Pure modules of packages that are not pure as a whole; `test_cores_are_pure` looks at them too.
PURE_MODULES = {
    f"{package}.{name}": ROOT / f"packages/{package}/src/{package}/{name.replace('.', '/')}.py"
    for package, names in {
        "exchanges": ("private.execution", "private.order", "private.refusal"),
        "modeling": ("facts", "labels", "sequence", "stability", "triple_barrier"),
        "strategies": ("exits", "formulas", "parameters", "running", "strategy"),
    }.items()
    for name in names
}
CORE_MUST_NOT_IMPORT = {
    "random",
    "time",
    "os",
    "io",
    "socket",
    "logging",
    "asyncio",
    "subprocess",
    "pathlib",
    "threading",
}
TRAINING_LIBRARIES_ONLY_UNDER = ROOT / "packages/modeling/src/modeling/kinds"


def has_dataframe(service: Member) -> bool:
    """Say whether it has no loop of its own, as a feed has, or what has to ask a venue in turn."""
    entry = contracts.services.service(service.name)
    return entry.input is not None and "keys" not in entry.needs


def test_every_member_is_known() -> None:
    assert sorted(BY_NAME) == sorted(MEMBERS)


@every_member
def test_import_arrows(member: Member) -> None:
    for path in member.files:
        others = (roots(path) & set(MEMBERS)) - {member.name}
        wrong = others - ALLOWED[member.name]
        assert not wrong, f"{path.relative_to(ROOT)} imports {sorted(wrong)}"


def test_backtest_runs_cores() -> None:
    """What it takes of a service is pure: neither an app nor settings come along."""
    for path in BY_NAME["backtest"].files:
        of_services = {name for name in imported_modules(path) if name.split(".")[0] in SERVICES}
        outside = {name for name in of_services if name.split(".")[1:2] != ["core"]}
        assert not outside, f"{path.relative_to(ROOT)} imports {sorted(outside)}"


@every_member
def test_what_is_imported_is_declared(member: Member) -> None:
    declared = set(re.findall(r"'tradestream-([a-z]+)[\['>]", str(member.project["project"])))
    for path in member.files:
        for other in (roots(path) & set(MEMBERS)) - {member.name}:
            assert other in declared, f"{path.relative_to(ROOT)} imports {other}, not declared"


def test_only_streaming_services_and_their_root_know_quixstreams() -> None:
    for name in ("contracts", "exchanges", "featurestore"):
        for path in BY_NAME[name].files:
            assert "quixstreams" not in roots(path), f"{path.relative_to(ROOT)} imports quixstreams"


def _assert_pure(path: Path, own: str) -> None:
    imported = {name.split(".")[0] for name in imported_modules(path) - set(PURE_MODULES)}
    foreign = imported - CORE_MAY_IMPORT - {own}
    assert not foreign, f"{path.relative_to(ROOT)} imports {sorted(foreign)}"
    assert not imported & CORE_MUST_NOT_IMPORT, f"{path.relative_to(ROOT)}: {sorted(imported & CORE_MUST_NOT_IMPORT)}"


def test_what_cores_import_is_pure() -> None:
    for path in (*BY_NAME["features"].files, *PURE_MODULES.values()):
        if path.stem != "columns":  # a command
            _assert_pure(path, path.relative_to(ROOT).parts[1])


@every_member
def test_cores_are_pure(member: Member) -> None:
    for path in (member.source / "core").rglob("*.py"):
        _assert_pure(path, member.name)
        inner = {name for name in imported_modules(path) if name.split(".")[0] == member.name}
        outside = {name for name in inner if not name.startswith(f"{member.name}.core")}
        assert not outside, f"{path.relative_to(ROOT)} reaches out of its core: {sorted(outside)}"


@every_member
def test_what_trains_stands_only_in_the_kinds_of_models(member: Member) -> None:
    for path in member.files:
        if {"torch", "sklearn", "lightgbm"} & roots(path):
            assert TRAINING_LIBRARIES_ONLY_UNDER in path.parents, path


@pytest.mark.parametrize("name", (*SERVICES, *JOBS))
def test_contract_card(name: str) -> None:
    text = (BY_NAME[name].folder / "README.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ +(.+?) *$", text, flags=re.MULTILINE)
    for wanted in CARD_HEADINGS:
        assert any(heading.lower().startswith(wanted.lower()) for heading in headings), f"no heading '{wanted}'"


@every_service
def test_the_rooms_every_service_has(service: Member) -> None:
    for room in ("__main__.py", "settings.py", "core/__init__.py"):
        assert (service.source / room).exists(), room
    lines = (service.source / "__main__.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 40
    if has_dataframe(service):
        assert "def topology(" in (service.source / "app.py").read_text(encoding="utf-8")


@every_service
def test_topology_test_and_makefile_target(service: Member) -> None:
    tests = list((ROOT / "tests" / service.name).glob("test_*topology*.py"))
    assert tests, f"tests/{service.name} has no test_*topology*.py"
    makefile = (ROOT / "make/graph.mk").read_text(encoding="utf-8")
    listed = re.search(r"^SERVICES := (.+)$", makefile, flags=re.MULTILINE)
    assert listed
    assert service.name in listed[1].split()


@every_service
def test_topics_are_those_of_its_entry_in_contracts(service: Member) -> None:
    """What permissions are given for is what the code uses."""
    entry = contracts.services.service(service.name)
    # Training is the Kafka user `predictions`.
    files = service.files + (BY_NAME["training"].files if "models" in entry.needs else [])
    named = {name for path in files for name in imported_names(path, "contracts.topics")}
    used = {spec.name for name in named if isinstance(spec := getattr(contracts.topics, name), TopicSpec)}
    # A Job of the past asks streaming's BackfillEnd, which reads checkpoints and where the topics before it end.
    through_streaming = {"trades-checkpoints", "trades"} if "historical" in entry.variants else set()
    of_every = {spec.name for spec in contracts.topics.TOPICS if EVERY_SERVICE in spec.writers}
    named_too = through_streaming | of_every
    assert used - named_too == {spec.name for spec in (*entry.reads, *entry.writes)} - named_too


@every_service
def test_topologies_never_ask_for_a_broker(service: Member) -> None:
    if not has_dataframe(service):
        return
    app = service.source / "app.py"
    called = {
        node.func.attr
        for node in ast.walk(ast.parse(app.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert not called & {"topic", "dataframe", "run"}


@every_member
def test_modules_import_without_side_effects(member: Member) -> None:
    """No settings instance, print or application at import: module level holds definitions only."""
    for path in member.files:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                raise AssertionError(f"{path.relative_to(ROOT)}:{node.lineno} calls something at import")
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                name = getattr(node.value.func, "id", "")
                assert not name.endswith("Settings"), (
                    f"{path.relative_to(ROOT)}:{node.lineno} makes settings at import"
                )


def test_composition_roots_are_imported_by_nobody() -> None:
    for member in ALL:
        for path in member.files:
            assert not (roots(path) & set(COMPOSITION_ROOTS)) - {member.name}, path


def test_no_machine_path_and_no_secret_in_the_tree() -> None:
    pattern = re.compile(r"(?<![\w.])/(?:root|home/[a-z]+|work)/")
    for folder in ("packages", "services", "tests", "docs", "benchmarks", "deployments", "docker"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".md", ".toml", ".yaml", ".json", ".html"} and path.name != Path(__file__).name:
                found = pattern.search(path.read_text(encoding="utf-8"))
                assert not found, f"{path.relative_to(ROOT)} names a path of one machine: {found[0] if found else ''}"
