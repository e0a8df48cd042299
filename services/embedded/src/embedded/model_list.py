"""What `tradestream models list` shows."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from contracts.timestamps import iso_utc_ms
from embedded.model_place import Place, registry_of, say_what_takes_long
from embedded.terminal.rows import print_json, print_rows
from modeling.database_address import database_file
from modeling.registered import RegisteredVersion

_COLUMNS = {
    "version": "Version",
    "aliases": "Alias",
    "kind": "Kind",
    "feature_set": "Set",
    "predicts_from": "Predicts from",
    "gate": "Gate",
}


def list_models(place: Place, console: Console, *, as_json: bool) -> None:
    """Print all versions."""
    settings = place.settings()
    registry = registry_of(settings)
    if database_file(settings.tracking_uri) is None:  # a file is read without MLflow
        say_what_takes_long()
    versions = registry.versions(settings.model_name)
    rows = [_listed(each) for each in versions]
    if as_json:
        print_json(rows)
    elif rows:
        print_rows(console, rows, _COLUMNS)
    else:
        console.print(f"no version of {settings.model_name} at {settings.tracking_uri}", soft_wrap=True)


def _listed(version: RegisteredVersion) -> dict[str, Any]:
    tags = version.tags
    return {
        "version": version.version,
        "aliases": list(version.aliases),
        "kind": tags.get("kind"),
        "feature_set": (tags.get("feature_set") or "").partition(":")[0],
        "predicts_from": iso_utc_ms(int(tags["trained_to_ms"])) if "trained_to_ms" in tags else None,
        "validation_log_loss": tags.get("validation_log_loss"),
        "gate": tags.get("gate"),
        "sha256": tags.get("sha256"),
    }
