"""The manifests as they are applied, rendered once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deployments"))
sys.path.insert(0, str(ROOT / "deployments" / "platform" / "kafka"))

import check  # noqa: E402 - these are programs of deployments/, no package

Manifest = dict[str, Any]


@pytest.fixture(scope="session")
def rendered() -> dict[str, list[Manifest]]:
    """Every overlay, by name: `dev/live`, `prod/historical`, `mlflow`, ..."""
    return dict(check.everything())


@pytest.fixture(scope="session")
def services(rendered: dict[str, list[Manifest]]) -> list[tuple[str, Manifest]]:
    """What the overlays of our own services hold, each with its overlay's name."""
    ours = [name for name in rendered if name.startswith(("dev/", "prod/", "simulated/"))]
    return [(name, manifest) for name in ours for manifest in rendered[name]]
