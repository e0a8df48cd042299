"""What public charts would install, from recorded facts and our values, where the charts cannot be downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import charts
import yaml

FACTS = Path(__file__).resolve().parent / "platform" / "chart_facts.yaml"
#: Kinds whose pods an operator makes; their template stands where the operator would put it.
_BY_OPERATOR = ("Prometheus", "Alertmanager")

Manifest = dict[str, Any]


class FactsError(Exception):
    """Facts of another version than the one that is installed."""


@cache
def facts() -> dict[str, Any]:
    """Return all that is recorded, by release."""
    return dict(yaml.safe_load(FACTS.read_text(encoding="utf-8")))


def values(release: str, env: str) -> dict[str, Any]:
    """Return our values of a release, merged as helm does."""
    merged: dict[str, Any] = {}
    for file in charts.values_files(release, env):
        merged = merge(merged, yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    return merged


def merge(below: Any, above: Any) -> Any:
    """Return `above` over `below`: mappings key by key, anything else whole."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        return {**below, **{key: merge(below.get(key), value) for key, value in above.items()}}
    return above


def objects(release: str, given: Mapping[str, Any]) -> list[Manifest]:
    """Return what a release would consist of.

    Parameters
    ----------
    release
        As `versions.json` names it.
    given
        Our values of it.

    Raises
    ------
    FactsError
        If the facts are those of another version of the chart.
    """
    known = facts()[release]
    version = charts.charts()[release]["version"]
    if known["version"] != version:
        raise FactsError(
            f"{release}: chart_facts.yaml is of chart {known['version']}, versions.json installs {version}: "
            "render it, and record what has changed"
        )
    namespace = charts.charts()[release]["namespace"]
    return [
        _manifest(resolved(each["manifest"], given), namespace)
        for each in known["objects"]
        if "if" not in each or at(given, each["if"], each.get("default", False))
    ]


def resolved(fact: Any, given: Mapping[str, Any]) -> Any:
    """Return a fact with what our values say in the places that they decide."""
    if isinstance(fact, Mapping):
        if "of" in fact:
            return merge(fact["default"], at(given, fact["of"], fact["default"]))
        return {key: resolved(value, given) for key, value in fact.items()}
    return [resolved(each, given) for each in fact] if isinstance(fact, list) else fact


def at(given: Mapping[str, Any], path: str, default: Any) -> Any:
    """Return what stands at a path such as `standalone.resources`, or the default."""
    found: Any = given
    for step in path.split("."):
        if not isinstance(found, Mapping) or step not in found:
            return default
        found = found[step]
    return found


def _manifest(made: Manifest, namespace: str) -> Manifest:
    metadata = {"namespace": namespace, **made["metadata"]}
    if "pod" not in made:
        return {**made, "metadata": metadata}
    template = {"metadata": {"labels": {"app": metadata["name"]}}, "spec": made["pod"]}
    spec: dict[str, Any] = {"template": template}
    if "claims" in made:
        spec |= {"volumeClaimTemplates": made["claims"], "persistentVolumeClaimRetentionPolicy": made["retention"]}
    kind = "StatefulSet" if made["kind"] in _BY_OPERATOR else made["kind"]
    return {"kind": kind, "metadata": metadata, "spec": spec}
