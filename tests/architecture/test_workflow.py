"""The workflows of a public forge run what is run here, with the versions that the project asks for."""

from __future__ import annotations

import os
import tomllib
from typing import Any

import pytest
import yaml
from tests.support.workspace import ROOT

#: What each runs.
RUNS = {"ci.yml": ".ci/run", "nightly.yml": "make test-long"}


def _steps(name: str) -> list[dict[str, Any]]:
    workflow = yaml.safe_load((ROOT / ".github/workflows" / name).read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    return list(job["steps"])


def test_each_is_known() -> None:
    assert {file.name for file in (ROOT / ".github/workflows").iterdir()} == set(RUNS)


@pytest.mark.parametrize(("name", "command"), RUNS.items())
def test_it_calls_one_command_and_nothing_else(name: str, command: str) -> None:
    assert [step["run"] for step in _steps(name) if "run" in step] == [command]
    if not command.startswith("make "):
        assert os.access(ROOT / command, os.X_OK)


@pytest.mark.parametrize("name", RUNS)
def test_it_has_the_oldest_python_and_the_java_that_the_project_takes(name: str) -> None:
    given = {step["uses"].partition("@")[0]: step.get("with", {}) for step in _steps(name) if "uses" in step}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={given['actions/setup-python']['python-version']}"
    assert f"Java {given['actions/setup-java']['java-version']}" in (ROOT / "docs/how-to/kafka.md").read_text(
        encoding="utf-8"
    )
