"""The settings class of a service, found by its name."""

from __future__ import annotations

import importlib

from streaming.settings import ServiceSettings


def settings_of(service: str) -> type[ServiceSettings]:
    """Return `<Service>Settings` of `<service>.settings`."""
    found: type[ServiceSettings] = getattr(
        importlib.import_module(f"{service}.settings"), f"{service.capitalize()}Settings"
    )
    return found
