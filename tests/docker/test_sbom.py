"""What `make sbom` writes is CycloneDX by its schema, and is what the lock file says; no engine is needed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from tests.docker.dockerfile import DOCKER
from tests.support.workspace import ROOT, SERVICES

MODELS = {"train": "lstm"}  # the one with PyTorch


@pytest.fixture(scope="module")
def locked() -> dict[str, set[str]]:
    """Return the versions of each package in the lock file; markers may allow several."""
    found: dict[str, set[str]] = {}
    for package in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]:
        found.setdefault(package["name"], set()).add(package.get("version", ""))
    return found


def written(image: str, folder: Path) -> str:
    """Return what docker/sbom.sh writes for an image."""
    uv = shutil.which("uv") or str(ROOT / ".tools/bin/uv")
    if not Path(uv).exists():
        pytest.skip("needs uv on the path or in .tools, which the Makefile puts there")
    command = [str(DOCKER / "sbom.sh"), image, MODELS.get(image, "logistic"), str(folder)]
    subprocess.run(command, env=os.environ | {"UV": uv}, capture_output=True, text=True, check=True)
    return (folder / f"{image}.cdx.json").read_text(encoding="utf-8")


def of_pypi(sbom: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is not ours."""
    return [each for each in sbom["components"] if not each["name"].startswith("tradestream-")]


@pytest.mark.parametrize("image", [*SERVICES, "simulator", "train", "study"])
def test_it_is_valid_and_is_what_is_locked(image: str, tmp_path: Path, locked: dict[str, set[str]]) -> None:
    text = written(image, tmp_path)
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(text) is None
    sbom = json.loads(text)
    for each in of_pypi(sbom):
        assert each["version"] in locked[each["name"]]
        assert each["purl"].startswith(f"pkg:pypi/{each['name']}@")
        hashes = [value["alg"] for place in each["externalReferences"] for value in place.get("hashes", [])]
        assert set(hashes) == {"SHA-256"}, each["name"]
    names = {each["name"] for each in [*sbom["components"], sbom["metadata"]["component"]]}
    member = {"simulator": "exchanges", "train": "training", "study": "embedded"}.get(image, image)
    assert f"tradestream-{member}" in names and "tradestream-contracts" in names
    assert ("torch" in names) == (image == "train")
    assert not names & {"pytest", "ruff", "bandit"}


def test_it_says_who_needs_what(tmp_path: Path) -> None:
    sbom = json.loads(written("candles", tmp_path))
    names = {each["bom-ref"]: each["name"] for each in [*sbom["components"], sbom["metadata"]["component"]]}
    needs = {names[each["ref"]]: {names[ref] for ref in each.get("dependsOn", [])} for each in sbom["dependencies"]}
    assert {"tradestream-contracts", "tradestream-streaming"} <= needs["tradestream-candles"]
    assert "confluent-kafka" in needs["quixstreams"]


def test_what_is_no_cyclonedx_is_found(tmp_path: Path) -> None:
    text = re.sub(r'"type": "library"', '"type": "libary"', written("signals", tmp_path), count=1)
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(text) is not None
