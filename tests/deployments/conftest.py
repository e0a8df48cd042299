"""The manifests as they are applied, rendered once."""

from __future__ import annotations

from typing import Any

import check
import pytest

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
