#!/usr/bin/env python3
"""Whether this machine can have the cluster, before anything is made: `make doctor`; `make cluster` begins with it.

::

    doctor.py [PART...]     tools with their versions, Docker, cores, memory, disk, ports; what to do about each
    doctor.py --force ...   too small is said, and is no error

Standard library only.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node import PROMISED, Asked, beyond, recorded

ROOT = Path(__file__).resolve().parents[1]
#: Everything that `make cluster` may call, with how it says its version.
TOOLS = {
    "docker": ("version", "--format", "{{.Client.Version}}"),
    "kind": ("version",),
    "kubectl": ("version", "--client", "-o", "json"),
    "helm": ("version", "--short"),
    "openssl": ("version",),
    "make": ("--version",),
    "python3": ("--version",),
    "curl": ("--version",),
}
#: How a tool is had; what is not here comes with the system's packages.
HOW = {
    "docker": "https://docs.docker.com/engine/install/",
    **dict.fromkeys(("kind", "kubectl", "helm"), "mise install"),
}
#: What the cluster itself takes, whatever its parts; each part's install script says what it needs beside that.
ALWAYS = frozenset({"docker", "kind", "kubectl", "python3"})
DISK_GB = 40
#: Open on this machine while the cluster is: the broker. The others are opened by `make port-forward`.
BROKER_PORT = 31092
FORWARDED = (8182, 4567, 5000, 3000, 9090, 9093)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `ok`, `warning` or `wrong`, what was found, what to do."""

    level: str
    what: str
    found: str
    todo: str = ""

    def __str__(self) -> str:
        return f"{self.level:<8} {self.what:<14} {self.found}" + (f"\n{'':<24}-> {self.todo}" if self.todo else "")


def needed(parts: Sequence[str]) -> set[str]:
    """Return the tools that parts take: those of the cluster, and those that their install scripts name.

    Parameters
    ----------
    parts
        As `make cluster parts=` names them.
    """
    scripts = (ROOT / "deployments/platform" / part / "install.sh" for part in parts)
    lines = (line for each in scripts for line in each.read_text(encoding="utf-8").splitlines())
    return {tool for line in lines if line.startswith("need ") for tool in line.split()[1:]} | ALWAYS


def tools(parts: Sequence[str]) -> Iterator[Finding]:
    """Return every tool that the parts need, all that are missing at once."""
    wanted = needed(parts)
    for tool, words in TOOLS.items():
        if tool not in wanted:
            continue
        if shutil.which(tool) is None:
            yield Finding("wrong", tool, "is not on the PATH", HOW.get(tool, f"apt-get install {tool}"))
            continue
        said = _output(tool, *words)
        yield Finding("ok", tool, _version(said) if said else "is there, and does not say its version")


def engine() -> Iterator[Finding]:
    """Return how Docker is: whether it answers, how it stores images."""
    info = _docker()
    if not info:
        yield Finding("wrong", "Docker", "its engine does not answer", "start it; `docker info` says why it does not")
        return
    containerd = "io.containerd.snapshotter" in json.dumps(info.get("DriverStatus"))
    store = "containerd's store" if containerd else info.get("Driver")
    yield Finding("ok", "Docker", f"engine {info.get('ServerVersion')}, images in {store}")
    place = Path(str(info.get("DockerRootDir")))
    free = shutil.disk_usage(place if place.exists() else ROOT).free // 10**9
    enough = free >= DISK_GB
    yield Finding(
        "ok" if enough else "warning",
        "disk",
        f"{free} GB free of {DISK_GB} that images and volumes take",
        "" if enough else "docker system prune, or a larger disk",
    )


def room(parts: Sequence[str], force: bool) -> Iterator[Finding]:
    """Return whether the parts fit on the node that Docker can give, and who would stay pending.

    Parameters
    ----------
    parts
        As `make cluster parts=` names them; the services are always counted.
    force
        Too small is a warning.
    """
    info = _docker()
    if not info:
        return
    node = Asked(int(info["NCPU"]) * 1000, int(info["MemTotal"]) >> 20)
    yield fits({**recorded()}, parts, node, force)


def fits(asked: dict[str, Asked], parts: Sequence[str], node: Asked, force: bool) -> Finding:
    """Return whether parts fit on a node."""
    chosen = {part: each for part, each in asked.items() if part in (*parts, "kind", "services")}
    total = Asked(sum(each.cpu_m for each in chosen.values()), sum(each.memory_mi for each in chosen.values()))
    found = f"{node}; asked for: {total}, by {', '.join(chosen)}"
    pending = beyond(chosen, node)
    if not pending:
        return Finding("ok", "node", found)
    small = f"{', '.join(pending)} will stay pending: {PROMISED} are enough for everything"
    return Finding("warning" if force else "wrong", "node", f"{found}; {small}", "parts=... for fewer, or force=1")


def ports(there_already: bool) -> Iterator[Finding]:
    """Return which ports are taken; the broker's is the cluster's own where one is there already."""
    if not there_already:
        taken = _taken(BROKER_PORT)
        yield Finding(
            "wrong" if taken else "ok",
            f"port {BROKER_PORT}",
            "somebody has it" if taken else "free, for the broker",
            f"ss -ltnp 'sport = {BROKER_PORT}' says who" if taken else "",
        )
    busy = [str(port) for port in FORWARDED if _taken(port)]
    if busy:
        yield Finding("warning", "ports", f"taken: {', '.join(busy)}", "`make port-forward` cannot have them")


def examine(parts: Sequence[str], force: bool) -> Iterator[Finding]:
    """Return all findings; what a missing tool would tell is left out."""
    found = list(tools(parts))
    yield from found
    if "docker" not in {each.what for each in found if each.level == "wrong"}:
        yield from engine()
        yield from room(parts, force)
    there = "tradestream" in _output("kind", "get", "clusters").split() if shutil.which("kind") else False
    yield from ports(there)


def main(arguments: list[str]) -> int:
    """Print every finding; 2 if something is wrong."""
    known = [part for part in recorded() if part not in ("kind", "services")]
    parser = argparse.ArgumentParser(prog="doctor.py", description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", default=[], metavar="PART", help=f"of {', '.join(known)}; all by default")
    parser.add_argument("--force", action="store_true", help="too small is no error")
    asked = parser.parse_args(arguments)
    found = []
    for each in examine([] if asked.parts == ["none"] else asked.parts or known, asked.force):
        print(each, flush=True)
        found.append(each)
    wrong = [each.what for each in found if each.level == "wrong"]
    print(f"wrong: {', '.join(wrong)}" if wrong else "this machine can have it")
    return 2 if wrong else 0


def _docker() -> dict[str, Any] | None:
    said = _output("docker", "info", "--format", "{{json .}}")
    try:
        info = json.loads(said) if said else None
    except ValueError:
        return None
    return info if isinstance(info, dict) and info.get("NCPU") else None


def _version(said: str) -> str:
    line = said.strip().splitlines()[0] if not said.lstrip().startswith("{") else ""
    return line or str(json.loads(said)["clientVersion"]["gitVersion"])


def _taken(port: int) -> bool:
    with socket.socket() as asked:
        asked.settimeout(1)
        return asked.connect_ex(("127.0.0.1", port)) == 0


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
