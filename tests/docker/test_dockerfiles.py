"""The Dockerfiles keep their rules, and every service can be built from them; no engine is needed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from tests.docker.dockerfile import DOCKER, instructions, is_exec_form, last_stage, selection
from tests.support.workspace import ROOT, SERVICES, members

from modeling.kinds import MODELS

DOCKERFILES = sorted(DOCKER.glob("*.Dockerfile"))
BASES = {"python:3.11-slim-bookworm", "debian:bookworm-slim"}
IMAGES = (*SERVICES, "simulator", "study", *(f"train-{kind}" for kind in MODELS))
each_dockerfile = pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)


@each_dockerfile
def test_any_builder_can_build_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "--mount" not in text, "only BuildKit knows --mount"
    assert not re.search(r"^#\s*syntax", text, re.MULTILINE), "a syntax line downloads a frontend"
    stages: set[str] = set()
    for name, argument in instructions(path):
        if name == "FROM":
            base, *alias = argument.split(" AS ")
            assert base in BASES | stages
            stages |= set(alias)
        for source in re.findall(r"--from=(\S+)", argument):
            assert source in stages


@each_dockerfile
def test_it_runs_as_nobody_in_particular(path: Path) -> None:
    image = last_stage(path)
    user, group = image["USER"].split(":")
    assert int(user) >= 10_000 and int(group) >= 10_000
    assert image["VOLUME"] == "/data"
    assert is_exec_form(image["ENTRYPOINT"])
    assert image["HEALTHCHECK"] == "NONE" or is_exec_form(image["HEALTHCHECK"].split(" CMD ")[1])


@each_dockerfile
def test_what_is_installed_is_locked(path: Path) -> None:
    runs = " ".join(argument for name, argument in instructions(path) if name == "RUN")
    assert set(re.findall(r"pip install .*? (uv\S*)", runs)) == {"uv==0.13.8"}
    assert "apt-get" not in runs
    for sync in re.findall(r"uv sync ([^$]*)", runs):
        assert "--frozen" in sync and "--no-dev" in sync
    if path.name != "mlflow.Dockerfile":
        assert "--no-editable" in runs


def test_scripts_replace_themselves_by_python() -> None:
    start = (DOCKER / "start.sh").read_text(encoding="utf-8")
    assert [line for line in start.splitlines() if "python" in line and not line.startswith("#")] == [
        '    exec python -m exchanges.simulator "$@"',
        '  *) exec python -m "$SERVICE" "$@" ;;',
    ]


@pytest.mark.parametrize("image", IMAGES)
def test_every_image_installs_members_that_exist(image: str) -> None:
    projects = {f"tradestream-{member.name}": member.project["project"] for member in members()}
    arguments = selection(image)
    packages = [value for flag, value in pairwise(arguments) if flag == "--package"]
    extras = [value for flag, value in pairwise(arguments) if flag == "--extra"]
    assert packages and set(packages) <= set(projects)
    known = {extra for name in packages for extra in projects[name].get("optional-dependencies", {})}
    assert set(extras) <= known


@pytest.mark.parametrize("service", SERVICES)
def test_who_keeps_a_store_has_its_driver(service: str) -> None:
    project = next(member.project["project"] for member in members() if member.name == service)
    assert ("postgres" in selection(service)) == ("tradestream-featurestore" in project["dependencies"])
    assert f"tradestream-{service}" in selection(service)


def test_an_unknown_image_is_told_the_known_ones() -> None:
    done = subprocess.run(["sh", str(DOCKER / "images.sh"), "nope"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert all(image in done.stderr for image in IMAGES) and "'nope'" in done.stderr


@pytest.mark.parametrize("image", IMAGES)
def test_pytorch_is_only_where_it_is_asked_for(image: str) -> None:
    uv = shutil.which("uv") or str(ROOT / ".tools/bin/uv")
    if not Path(uv).exists():
        pytest.skip("needs uv on the path or in .tools, which the Makefile puts there")
    command = [uv, "export", "--quiet", "--frozen", "--offline", "--no-dev", "--no-hashes", "--no-emit-workspace"]
    done = subprocess.run([*command, *selection(image)], cwd=ROOT, capture_output=True, text=True, check=True)
    names = {re.split(r"[=<> ]", line)[0] for line in done.stdout.splitlines() if line and line[0].isalpha()}
    kind = MODELS.get(image.removeprefix("train-"))
    assert ("torch" in names) == (kind is not None and kind.extra == "torch")
    assert "pytest" not in names and "ruff" not in names


def test_the_context_has_only_what_is_named() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line]
    rules = [line for line in lines if not line.startswith("#")]
    assert rules[0] == "*"
    for rule in rules:
        if rule.startswith("!"):
            assert (ROOT / rule[1:]).exists(), rule
    assert "**/local.env" in rules


def test_mlflow_is_the_version_that_the_services_speak() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    client = next(package["version"] for package in lock["package"] if package["name"] == "mlflow-skinny")
    pinned = (DOCKER / "mlflow.requirements.txt").read_text(encoding="utf-8").splitlines()
    assert f"mlflow=={client}" in pinned
    assert all(line.startswith("#") or "==" in line for line in pinned)


def test_make_builds_them_all() -> None:
    makefile = (ROOT / "make/graph.mk").read_text(encoding="utf-8")
    assert re.search(r"^IMAGES\s*:= \$\(SERVICES\) simulator train study mlflow$", makefile, re.MULTILINE)
    if shutil.which("make") is None:
        pytest.skip("needs make")
    for command in (["build"], ["build-and-push", "registry=example"], ["sbom"]):
        done = subprocess.run(
            ["make", *command, "service=nope"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert all(name in done.stdout for name in (*SERVICES, "simulator", "train", "study", "mlflow", "'nope'"))
