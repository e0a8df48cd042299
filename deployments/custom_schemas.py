"""Custom resources against the definitions that charts bring with them, strictly: an unknown field is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import jsonschema

Manifest = dict[str, Any]
#: By API version and kind.
Schemas = dict[tuple[str, str], dict[str, Any]]


def definitions(manifests: Iterable[Manifest]) -> Schemas:
    """Return the schema of each kind that these CustomResourceDefinitions define, made strict."""
    found: Schemas = {}
    for each in manifests:
        if each.get("kind") == "CustomResourceDefinition":
            spec = each["spec"]
            for version in spec["versions"]:
                key = f"{spec['group']}/{version['name']}", spec["names"]["kind"]
                found[key] = strict(version["schema"]["openAPIV3Schema"])
    return found


def strict(schema: Any) -> Any:
    """Return a schema that takes no field which it does not name, as the API server prunes and kubectl refuses."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {key: strict(value) for key, value in schema.items()}
    closed = "properties" in schema and "additionalProperties" not in schema
    if (
        closed
        and not schema.get("x-kubernetes-preserve-unknown-fields")
        and isinstance(schema["properties"], Mapping)
    ):
        made["additionalProperties"] = False
        if "apiVersion" in schema["properties"] or "kind" in schema["properties"]:
            made["properties"] = {"metadata": {}, "apiVersion": {}, "kind": {}, **made["properties"]}
    return made


def complaint(manifest: Manifest, schemas: Schemas) -> str | None:
    """Return what is wrong with a custom resource, empty if nothing is, None if nobody here defines its kind."""
    schema = schemas.get((manifest["apiVersion"], manifest["kind"]))
    if schema is None:
        return None
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(manifest))
    if error is None:
        return ""
    return (
        f"{manifest['kind']}/{manifest['metadata']['name']}: {'.'.join(map(str, error.path))}: {error.message[:200]}"
    )
