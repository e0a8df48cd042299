"""The workflow of a public forge runs what `.ci/run` runs, with the versions that the project asks for."""

from __future__ import annotations

import os
import tomllib
from typing import Any

import yaml
from tests.support.workspace import ROOT


def _steps() -> list[dict[str, Any]]:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    return list(job["steps"])


def test_it_calls_the_script_and_nothing_else() -> None:
    assert [step["run"] for step in _steps() if "run" in step] == [".ci/run"]
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_it_has_the_oldest_python_and_the_java_that_the_project_takes() -> None:
    given = {step["uses"].partition("@")[0]: step.get("with", {}) for step in _steps() if "uses" in step}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={given['actions/setup-python']['python-version']}"
    assert f"Java {given['actions/setup-java']['java-version']}" in (ROOT / "docs/how-to/kafka.md").read_text(
        encoding="utf-8"
    )
