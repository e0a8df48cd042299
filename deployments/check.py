#!/usr/bin/env python3
"""Hold every manifest against Kubernetes' schemas, and against an API server where one answers.

::

    check.py            render overlays and charts, validate them strictly, hold every pod against its namespace and
                        the node; then a server-side dry-run on kubectl's context
    check.py --offline  the first half
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import capacity
import charts
import custom_schemas
import platform_manifests
import pod_rules
import yaml
import yaml_files
from deploy import Target, write_kustomization

HERE = Path(__file__).resolve().parent
#: The oldest Kubernetes that the current Strimzi takes is 1.30; this is what we test with.
KUBERNETES = "1.34"
ENVIRONMENTS = ("dev", "prod")
LAYERS = ("live", "historical", "scheduled", "study", "autoscaling")
#: Everything that is applied, by a name for people: a kustomization, or a file.
KUSTOMIZATIONS = {
    **{f"{env}/{layer}": HERE / env / layer for env in ENVIRONMENTS for layer in LAYERS},
    **{f"kafka {env}": HERE / "platform" / "kafka" / env for env in ENVIRONMENTS},
    **{part: HERE / "platform" / part for part in ("mlflow", "logs", "prometheus", "grafana")},
}
FILES = {
    "namespaces": HERE / "platform" / "namespaces.yaml",
    "monitoring": HERE / "platform" / "monitoring" / "pods.yaml",
}

Manifest = dict[str, Any]


class CheckError(Exception):
    """A manifest that is not as it should be."""


def kubectl() -> str:
    """Return kubectl: the one that came with the packages for tests, or the one on the PATH."""
    beside = Path(sys.executable).with_name("kubectl")
    return str(beside) if beside.exists() else "kubectl"


def render(folder: Path) -> list[Manifest]:
    """Return what kustomize builds of a folder.

    Raises
    ------
    CheckError
        If it does not build.
    """
    done = subprocess.run([kubectl(), "kustomize", str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CheckError(f"{folder}: {done.stderr.strip()}")
    return documents(done.stdout)


def documents(text: str) -> list[Manifest]:
    """Return the manifests of a file."""
    return [each for each in yaml.safe_load_all(text) if each]


def everything() -> Iterator[tuple[str, list[Manifest]]]:
    """Return all that is applied, by a name for people."""
    for name, file in FILES.items():
        yield name, documents(file.read_text(encoding="utf-8"))
    for name, folder in KUSTOMIZATIONS.items():
        yield name, render(folder)
    for variant in ("live", "historical"):
        simulated = Target("trades", "dev", variant, market="simulator")
        yield f"simulated/{variant}", render(write_kustomization(simulated, simulated.image, "dev"))


def is_custom(manifest: Manifest) -> bool:
    """Return whether Kubernetes itself does not know this kind."""
    group = manifest["apiVersion"].partition("/")[0]
    return "." in group and not group.endswith(".k8s.io")


def validate(manifests: list[Manifest]) -> list[str]:
    """Return what is wrong with each, by Kubernetes' schemas; unknown fields are wrong. Custom kinds are left out."""
    return [found for each in manifests if not is_custom(each) and (found := _complaint(json.dumps(each)))]


@cache  # overlays share most of what they hold
def _complaint(text: str) -> str:
    import kubernetes_validate

    manifest = json.loads(text)
    try:
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{title(manifest)}: {'.'.join(map(str, error.path))}: {error.message}"
    return ""


def title(manifest: Manifest) -> str:
    """Return kind and name."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def dry_run(manifests: list[Manifest], kinds: set[str]) -> tuple[int, list[str], list[str]]:
    """Return how many the API server takes, which it does not know, and what is wrong with the others."""
    known = [each for each in manifests if each["kind"] in kinds]
    unknown = sorted({f"{each['apiVersion']} {each['kind']}" for each in manifests if each["kind"] not in kinds})
    if not known:
        return 0, unknown, []
    command = ["kubectl", "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-o", "name", "-f", "-"]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": known})
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return len(done.stdout.splitlines()), unknown, [line for line in done.stderr.splitlines() if line]


def main(arguments: list[str]) -> int:
    """Check and print; the exit code is 1 if something is wrong."""
    parser = argparse.ArgumentParser(prog="check.py", description=__doc__.split("\n")[0])
    parser.add_argument("--offline", action="store_true", help="ask no API server")
    parser.add_argument("--charts", type=Path, help="a folder with the charts, where they cannot be downloaded")
    asked = parser.parse_args(arguments)
    offline = asked.offline
    wrong = 0
    all_manifests = list(everything())
    for name, manifests in all_manifests:
        complaints = validate(manifests)
        wrong += len(complaints)
        custom = sum(map(is_custom, manifests))
        print(
            f"{name:<18} {len(manifests) - custom:>3} by Kubernetes {KUBERNETES}'s schemas, {custom} of other kinds"
        )
        print("".join(f"  {each}\n" for each in complaints), end="")
    wrong += _platform(dict(all_manifests), asked.charts)
    if offline:
        return 1 if wrong else 0
    return 1 if wrong + _on_server(all_manifests) else 0


def _platform(ours: dict[str, list[Manifest]], folder: Path | None) -> int:
    wrong = _say("YAML files without a key twice", yaml_files.all_files(), yaml_files.doubled())
    for env in ENVIRONMENTS:
        source, objects = platform_manifests.of_charts(env, folder)
        everything_there = [
            *(each for name, manifests in ours.items() if belongs(name, env) for each in manifests),
            *(each for manifests in objects.values() for each in manifests),
        ]
        if source == "charts":
            wrong += _say_schemas(env, everything_there)
        pods = list(platform_manifests.pods(everything_there))
        title = f"{env}, {source}"
        wrong += _say(f"{title}: users that are numbers", pods, pod_rules.without_a_number(pods))
        wrong += _say(f"{title}: requests", pods, pod_rules.without_requests(pods))
        refusals = pod_rules.refused(pods, pod_rules.levels(ours["namespaces"]))
        if refusals is None:
            print(f"{title}: pod-security admission is not asked: deployments/admission/build.sh builds it, with Go")
        else:
            wrong += _say(f"{title}: admitted by their namespaces", pods, refusals)
    wrong += _say("parts of dev fit on the node promised", capacity.PARTS, capacity.too_much(ours))
    # No fault of a manifest: where no registry is reached nobody can record one.
    _say(
        "public images with a digest", charts.images(), [f"{each}: make image-digests" for each in charts.unpinned()]
    )
    return wrong


def _say_schemas(env: str, manifests: list[Manifest]) -> int:
    """Hold what charts install against Kubernetes' schemas, and custom resources against what the charts define."""
    defined = custom_schemas.definitions(manifests)
    plain = [each for each in manifests if not is_custom(each) and each["kind"] != "CustomResourceDefinition"]
    wrong = _say(f"{env}, charts: by Kubernetes {KUBERNETES}'s schemas", plain, validate(plain))
    answers = [(each, custom_schemas.complaint(each, defined)) for each in manifests if is_custom(each)]
    known = [(each, said) for each, said in answers if said is not None]
    wrong += _say(f"{env}, charts: by their definitions", known, [said for _, said in known if said])
    unknown = sorted({each["kind"] for each, said in answers if said is None})
    print(f"{env}, charts: nobody here defines {', '.join(unknown)}" if unknown else "", end="\n" if unknown else "")
    return wrong


def belongs(name: str, env: str) -> bool:
    """Return whether an overlay, or what has no environment, is part of `env`."""
    others = [each for each in ENVIRONMENTS if each != env]
    return not any(f"{other}/" in name or name.endswith(f" {other}") for other in others) and (
        env == "dev" or not name.startswith("simulated")
    )


def _say(title: str, things: object, complaints: Iterable[str]) -> int:
    found = list(complaints)
    count = len(list(things))  # type: ignore[call-overload]
    print(f"{title}: {count - len(found) if len(found) < count else 0} of {count}")
    print("".join(f"  {each}\n" for each in found), end="")
    return len(found)


def _on_server(all_manifests: list[tuple[str, list[Manifest]]]) -> int:
    asked = subprocess.run(["kubectl", "api-resources", "--no-headers"], capture_output=True, text=True, check=False)
    if asked.returncode:
        print("no API server answers in kubectl's context: the server-side dry run is skipped")
        return 0
    kinds = {line.split()[-1] for line in asked.stdout.splitlines()}
    wrong = 0
    for name, manifests in all_manifests:
        taken, unknown, complaints = dry_run(manifests, kinds)
        wrong += len(complaints)
        print(f"{name:<18} {taken:>3} taken by the API server" + (f", not known to it: {unknown}" if unknown else ""))
        print("".join(f"  {each}\n" for each in complaints), end="")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
