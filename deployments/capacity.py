#!/usr/bin/env python3
"""What each part of a dev cluster asks for: `capacity.py` writes it down for `make doctor`, which renders nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import platform_manifests
import pod_rules
from node import PROMISED, REQUESTS, Asked, beyond

Manifest = dict[str, Any]
#: What kind's control plane asks for: kube-apiserver 250m, controller manager 200m, scheduler 100m, etcd 100m,
#: CoreDNS twice 100m, kindnet 100m.
KIND = Asked(950, 290)
#: By part, as `make cluster parts=` names them: releases of charts, and overlays of ours.
PARTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "metrics-server": (("metrics-server",), ()),
    "kafka": (("strimzi",), ("kafka dev",)),
    "kafka-ui": (("kafka-ui",), ()),
    "risingwave": (("risingwave",), ()),
    "mlflow": ((), ("mlflow",)),
    "monitoring": (("prometheus", "grafana"), ("logs",)),
    # What may run at once: the live services, one schedule's pod of each, and the simulated market.
    "services": ((), ("dev/live", "dev/scheduled", "simulator")),
}


def asked(ours: Mapping[str, list[Manifest]]) -> dict[str, Asked]:
    """Return what each part asks for, the control plane first.

    Parameters
    ----------
    ours
        Our overlays, rendered.
    """
    _, releases = platform_manifests.of_charts("dev")
    overlays = {**ours, "simulator": [e for e in ours["simulated/live"] if e["metadata"]["name"] == "simulator-live"]}
    found = {"kind": KIND}
    for part, (charts, names) in PARTS.items():
        manifests = [each for chart in charts for each in releases[chart]]
        manifests += [each for name in names for each in overlays[name]]
        found[part] = Asked(*pod_rules.requests(platform_manifests.pods(manifests)))
    return found


def too_much(ours: Mapping[str, list[Manifest]]) -> Iterator[str]:
    """Return which parts would stay pending on the node that the documentation promises."""
    found = asked(ours)
    total = Asked(sum(each.cpu_m for each in found.values()), sum(each.memory_mi for each in found.values()))
    print(f"  all parts of dev ask for {total.cpu_m} millicores, {total.memory_mi} MiB")
    for part in beyond(found, PROMISED):
        yield f"{part} stays pending: all parts ask for {total}, the node has {PROMISED}"


def text(ours: Mapping[str, list[Manifest]]) -> str:
    """Return the file that `make doctor` reads."""
    rows = ",\n".join(f'  "{part}": [{each.cpu_m}, {each.memory_mi}]' for part, each in asked(ours).items())
    return "{\n" + rows + "\n}\n"


def main() -> int:
    """Write the file anew."""
    import check

    written = text(dict(check.everything()))
    REQUESTS.write_text(written, encoding="utf-8")
    print(json.dumps(json.loads(written)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
