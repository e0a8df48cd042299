"""A new service and its topic: its own folder, one entry each in contracts, and nothing else is written by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.deployments.made_up_service import ENTRIES, add_to
from tests.support.workspace import ROOT

#: Of a checkout, what is no part of the project.
LEFT_OUT = (".git", ".venv", ".tools", ".*_cache", ".hypothesis", "__pycache__", "runs", "data", "dist")
#: What `make graph` runs, without what installs.
WRITERS = (
    ("-m", "deployments.graph"),
    ("-m", "contracts.schemas", "packages/contracts/schemas"),
    ("deployments/platform/kafka/resources.py", "deployments/platform/kafka"),
    ("deployments/platform/grafana/source/write.py",),
    ("-m", "docs.writers"),
    ("deployments/capacity.py",),
)
#: The tests that hold for every service and topic.
LAWS = (
    "tests/architecture/test_architecture.py",
    "tests/contracts/test_messages.py",
    "tests/deployments/test_graph.py",
    "tests/deployments/test_deployment_topics.py",
    "tests/deployments/test_deployment_manifests.py",
    "tests/deployments/test_least_privilege.py",
    "tests/docker/test_compose.py",
    "tests/docs/test_written_pages.py",
    "tests/echoes",
)
#: Asked of Python in the copy: each part of the product knows it.
KNOWS = """
from pathlib import Path
from contracts.services import INPUTS, up_to
from contracts.topics import ECHOES, TOPICS, TRADES
from embedded.process_states import process_states
from embedded.services import Services
from embedded.terminal.state import INPUTS as SHOWN
from results.run_folder import RunFolder
from streaming.kafka.grants import describe_grants, grants_of
from verify.stages import OUTPUTS
assert ECHOES in TOPICS
assert "echoes" in [spec.name for spec in Services(RunFolder(Path("run")), (), "logistic", 7, {}).flow()]
assert SHOWN["echoes"] is TRADES and "echoes" in process_states({})["services"]
assert OUTPUTS["echoes"] == (ECHOES,) and up_to("echoes") == ("echoes",)
allowed = describe_grants(grants_of("echoes", "dev"))
assert "READ on topic trades-dev" in allowed and "WRITE on topic echoes-dev" in allowed, allowed
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project with the service in it and everything written that is not written by hand."""
    copy = tmp_path_factory.mktemp("copy") / "tree"
    left_out = shutil.ignore_patterns(*LEFT_OUT)
    shutil.copytree(ROOT, copy, ignore=left_out, symlinks=True)
    add_to(copy)
    for writer in WRITERS:
        run(copy, *writer)
    return copy


def run(copy: Path, *arguments: str) -> str:
    """Run Python in the copy, with the copy's members instead of the installed ones."""
    sources = [copy, *copy.glob("packages/*/src"), *copy.glob("services/*/src")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sources)), "PYTHONDONTWRITEBYTECODE": "1"}
    for name in [name for name in environment if name.startswith("PYTEST_")]:
        del environment[name]
    done = subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_part_of_the_product_knows_it(tree: Path) -> None:
    run(tree, "-c", KNOWS)


def test_what_is_deployed_knows_it(tree: Path) -> None:
    def text(path: str) -> str:
        return (tree / path).read_text(encoding="utf-8")

    assert "name: echoes-live" in text("deployments/base/live/echoes.yaml")
    assert "name: echoes-dev" in text("deployments/platform/kafka/dev/topics.yaml")
    assert "name: echoes-prod" in text("deployments/platform/kafka/prod/users.yaml")
    assert "image: tradestream/echoes" in text("docker/compose.yaml")
    assert "|echoes" in text("deployments/platform/prometheus/kubernetes/alerts.yaml")
    image = subprocess.run(["sh", "docker/images.sh", "echoes"], cwd=tree, capture_output=True, text=True, check=True)
    assert image.stdout.strip() == "--package tradestream-echoes"
    if shutil.which("make"):
        told = subprocess.run(["make", "help"], cwd=tree, capture_output=True, text=True, check=True)
        assert "echoes" in told.stdout.split("Services:")[1].split()
    run(tree, "deployments/deploy.py", "known", "--service", "echoes")


@pytest.mark.long
def test_the_laws_hold_for_it(tree: Path) -> None:
    run(tree, "-m", "pytest", "-x", *LAWS)


def test_few_files_that_were_there_are_touched_by_hand() -> None:
    assert sorted(path for path in ENTRIES if not path.startswith("tests/")) == [
        "packages/contracts/src/contracts/services.py",
        "packages/contracts/src/contracts/topics.py",
    ]
