"""All that runs, as pods: of our overlays, of the charts or the facts of them, and what operators make."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chart_facts
import charts
import yaml

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """A pod that something would make.

    Parameters
    ----------
    where
        For people: namespace, kind and name.
    replicas
        How many of it.
    template
        Kubernetes' PodTemplateSpec.
    hook
        It runs once, while helm installs.
    """

    where: str
    namespace: str
    replicas: int
    template: dict[str, Any]
    hook: bool = False

    @property
    def spec(self) -> dict[str, Any]:
        """What runs in it."""
        return dict(self.template["spec"])


def of_charts(env: str, folder: Path | None = None) -> tuple[str, dict[str, list[Manifest]]]:
    """Return how the releases of an environment were had, and what each would install.

    Parameters
    ----------
    env
        dev or prod.
    folder
        Where the charts lie, if they are not to be downloaded.

    Returns
    -------
    source
        "charts", or "facts, not charts" with the reason.
    objects
        By release.
    """
    try:
        rendered = {
            release: _documents(charts.template(release, env, folder), chart["namespace"])
            for release, chart in charts.charts().items()
        }
    except OSError:
        reason = "no helm here"
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip().splitlines()[-1][:100]
    else:
        return "charts", rendered
    known = {release: chart_facts.objects(release, chart_facts.values(release, env)) for release in charts.charts()}
    return f"facts, not charts ({reason})", known


def pods(manifests: Iterable[Manifest]) -> Iterator[Pod]:
    """Return the pods of manifests, those that operators make of custom resources included."""
    for manifest in manifests:
        kind, spec = manifest.get("kind"), manifest.get("spec") or {}
        name, namespace = manifest.get("metadata", {}).get("name", ""), _namespace(manifest)
        where = f"{namespace} {kind}/{name}"
        if kind == "CronJob":
            template = spec["jobTemplate"]["spec"]["template"]
        elif kind in ("Deployment", "StatefulSet", "DaemonSet", "Job"):
            template = spec["template"]
        elif kind in _MADE_BY_OPERATORS:
            yield from (Pod(f"{where} {part}", namespace, count, pod) for part, count, pod in _operators(kind, spec))
            continue
        else:
            continue
        hook = "helm.sh/hook" in (manifest["metadata"].get("annotations") or {})
        yield Pod(where, namespace, int(spec.get("replicas", 1)), template, hook)


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]  # its types are the slow one's
    """Kubernetes' YAML, in which a lone `=` is a word."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: node.value)


def _documents(text: str, namespace: str) -> list[Manifest]:
    found = [each for each in yaml.load_all(text, Loader=_Loader) if each]  # a safe loader
    return [{**each, "metadata": {"namespace": namespace, **each["metadata"]}} for each in found]


def _namespace(manifest: Manifest) -> str:
    return str(manifest.get("metadata", {}).get("namespace", "default"))


_MADE_BY_OPERATORS = ("KafkaNodePool", "Kafka", "Prometheus", "Alertmanager")


def _operators(kind: str, spec: dict[str, Any]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    if kind == "KafkaNodePool":
        yield "broker", spec["replicas"], _template("kafka", spec.get("resources", {}))
    elif kind == "Kafka":
        entity = spec.get("entityOperator", {})
        for part in ("topicOperator", "userOperator"):
            if part in entity:
                yield part, 1, _template(part, entity[part].get("resources", {}))
        if "kafkaExporter" in spec:
            yield "exporter", 1, _template("exporter", spec["kafkaExporter"].get("resources", {}))
    else:
        context = {"securityContext": spec.get("securityContext", {})}
        template = _template(kind.lower(), spec.get("resources", {}))
        template["spec"] |= context
        yield "pod", int(spec.get("replicas", 1)), template


def _template(name: str, resources: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {}, "spec": {"containers": [{"name": name, "resources": resources}]}}
