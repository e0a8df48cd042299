"""The file of settings that a service has in a cluster, if it has one."""

from __future__ import annotations

from pathlib import Path

from contracts.services import ServiceSpec

_FOLDER = Path(__file__).resolve().parents[1] / "base/services/settings"


def has_settings(service: ServiceSpec) -> bool:
    """Whether there is `settings/<service>.env`."""
    return (_FOLDER / f"{service.name}.env").exists()
