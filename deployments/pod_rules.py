"""What every pod must be, whoever wrote its manifest: a user that is a number, admitted, with requests that fit."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from platform_manifests import Pod

HERE = Path(__file__).resolve().parent
#: Kubernetes' pod-security library as a program: deployments/admission/build.sh.
ADMISSION = HERE.parent / ".tools" / "bin" / "pod-admission"
_UNITS = {"": 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "k": 10**3, "M": 10**6, "G": 10**9}


def containers(pod: Pod) -> list[dict[str, Any]]:
    """Return all containers of a pod, those that run first included."""
    return [*(pod.spec.get("initContainers") or []), *pod.spec["containers"]]


def without_a_number(pods: Iterable[Pod]) -> Iterator[str]:
    """Return who must not be root and has no number: Kubernetes refuses to start an image whose user is a name."""
    for pod in pods:
        above = pod.spec.get("securityContext") or {}
        for container in containers(pod):
            context = {**above, **(container.get("securityContext") or {})}
            if context.get("runAsNonRoot") and not isinstance(context.get("runAsUser"), int):
                yield f"{pod.where} {container['name']}: runAsNonRoot without a runAsUser"


def levels(namespaces: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return what each namespace enforces."""
    label = "pod-security.kubernetes.io/enforce"
    known = [each["metadata"] for each in namespaces]
    return {each["name"]: each.get("labels", {}).get(label, "privileged") for each in known}


def refused(pods: Iterable[Pod], enforced: Mapping[str, str]) -> list[str] | None:
    """Return whom the namespaces would refuse, by Kubernetes' own library; None where its program is not built."""
    if not ADMISSION.exists():
        return None
    lines = [
        json.dumps({"where": pod.where, "level": enforced.get(pod.namespace, "privileged"), "pod": pod.template})
        for pod in pods
    ]
    done = subprocess.run([str(ADMISSION)], input="\n".join(lines), capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        return [f"pod-admission: {done.stderr.strip()}"]
    return [line.replace("\t", ": ") for line in done.stdout.splitlines()]


def without_requests(pods: Iterable[Pod]) -> Iterator[str]:
    """Return who asks for nothing: it counts in no sum, and is the first to be starved. Hooks come and go."""
    for pod in (each for each in pods if not each.hook):
        for container in pod.spec["containers"]:
            asked = (container.get("resources") or {}).get("requests") or {}
            if not {"cpu", "memory"} <= asked.keys():
                yield f"{pod.where} {container['name']}: no request of cpu and memory"


def requests(pods: Iterable[Pod]) -> tuple[int, int]:
    """Return millicores and mebibytes that pods ask for together.

    A pod's containers run side by side; those that run first count only where one of them asks for more.
    """
    cpu = memory = 0
    for pod in pods:
        beside = [_asked(each) for each in pod.spec["containers"]]
        first = [_asked(each) for each in pod.spec.get("initContainers") or []] or [(0, 0)]
        cpu += pod.replicas * max(sum(c for c, _ in beside), *(c for c, _ in first))
        memory += pod.replicas * max(sum(m for _, m in beside), *(m for _, m in first))
    return cpu, memory


def _asked(container: Mapping[str, Any]) -> tuple[int, int]:
    asked = (container.get("resources") or {}).get("requests") or {}
    return millicores(asked.get("cpu", 0)), mebibytes(asked.get("memory", 0))


def millicores(quantity: object) -> int:
    """Return `250m`, `"1"` or `0.5` in millicores."""
    text = str(quantity)
    return int(text[:-1]) if text.endswith("m") else round(float(text) * 1000)


def mebibytes(quantity: object) -> int:
    """Return `1Gi`, `512Mi` or `1000M` in mebibytes, rounded down."""
    found = re.fullmatch(r"([\d.]+)([A-Za-z]*)", str(quantity))
    if not found or found[2] not in _UNITS:
        raise ValueError(f"expected a quantity of memory such as 512Mi, was '{quantity}'")
    return int(float(found[1]) * _UNITS[found[2]]) >> 20
