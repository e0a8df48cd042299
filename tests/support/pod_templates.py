"""The pods that manifests describe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def pods(manifests: Iterable[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """Return (owner, labels, spec) of each pod template."""
    for manifest in manifests:
        spec = manifest.get("spec", {})
        template = spec.get("template") or spec.get("jobTemplate", {}).get("spec", {}).get("template")
        if template and "containers" in template.get("spec", {}):
            yield manifest, template["metadata"]["labels"], template["spec"]
