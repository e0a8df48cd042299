#!/usr/bin/env python3
"""A backtest, a search or another judge of strategies as a Job: `study.py -- optimise --strategy=mine.py --trials=9`.

What `make optimise where=cluster` runs. Files that are named go along, the bars are the candles in RisingWave, and
what is written comes back. Standard library only, as `deploy.py`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy import (
    ENVIRONMENTS,
    NAMESPACE,
    STUDY,
    DeployError,
    Target,
    conditions,
    image_of,
    kubectl,
    load_into_kind,
    output,
    say,
    status_of,
    wait_for_job,
    write_kustomization,
)

COMMANDS = ("backtest", "optimise", "luck", "walk-forward")
#: Where the pod has the files that go along, and the volume.
FILES, VOLUME = "/study", "/data"
#: A ConfigMap holds a MiB, its names and the rest included.
MOST_BYTES = 1_000_000
#: What is written and read on the volume, by the last part of its name.
_ON_VOLUME = ("--out", "--winner")
#: What only this machine has, and what there is instead.
_ELSEWHERE = {
    "--run": "the candles in the cluster's RisingWave, or bars= or trades= with a small file",
    "--from-store": "the candles in the cluster's RisingWave, which is what it reads by default",
}
READER = "study-results"
READER_TAKES = {"requests": {"cpu": "25m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}}


class Asked:
    """What is asked of the `tradestream` command, in words for the pod.

    Parameters
    ----------
    words
        The command and its options, each as `--name=value`.

    Attributes
    ----------
    arguments
        For the pod.
    files
        Those that go along, by name there.
    out
        Where results are to be on this machine.

    Raises
    ------
    DeployError
        If it is none of `COMMANDS`, or names what the cluster cannot have.
    """

    def __init__(self, words: Sequence[str]) -> None:
        if not words or words[0] not in COMMANDS:
            given = f"was '{words[0]}'" if words else "nothing came"
            raise DeployError(f"expected one of {', '.join(COMMANDS)}, {given}")
        self.command = words[0]
        self.files: dict[str, Path] = {}
        self.out = Path("runs") / self.command
        told = [self._told(word) for word in words[1:]]
        if self.out.exists() and "--replace" not in told:
            raise DeployError(f"out={self.out}: expected a folder that is not there yet, or replace=yes")
        if not any(word.startswith("--out=") for word in told):
            told.append(f"--out={VOLUME}/{self.out.name}")
        if (total := sum(file.stat().st_size for file in self.files.values())) > MOST_BYTES:
            names = ", ".join(map(str, self.files.values()))
            raise DeployError(f"{names}: expected at most {MOST_BYTES:,} bytes to go along, was {total:,}")
        self.arguments = [self.command, *told]

    def _told(self, word: str) -> str:
        name, separator, value = word.partition("=")
        if name in _ELSEWHERE:
            raise DeployError(f"{name.removeprefix('--')}= is of this machine: expected {_ELSEWHERE[name]}")
        if not separator:
            return word
        if name in _ON_VOLUME:
            if name == "--out":
                self.out = Path(value)
            return f"{name}={VOLUME}/{Path(value).name}"
        if Path(value).is_dir():
            raise DeployError(
                f"{name.removeprefix('--')}={value}: a folder stays on this machine: expected an address"
            )
        if Path(value).suffix in (".py", ".toml") and not Path(value).is_file():
            raise DeployError(f"{name.removeprefix('--')}={value}: expected a file, there is none")
        if Path(value).is_file():
            return f"{name}={FILES}/{self._named(Path(value))}"
        return word

    def _named(self, file: Path) -> str:
        """Take a file along under its own name: a strategy's is part of what it is called."""
        if self.files.setdefault(file.name, file) != file:
            raise DeployError(f"expected files of different names, {self.files[file.name]} and {file} have the same")
        return file.name


def write_study(wanted: Target, name: str, tag: str, asked: Asked) -> Path:
    """Write what is applied: the overlay of the environment, with this study's name, arguments and files."""
    folder = write_kustomization(wanted, name, tag)
    files = folder / "files"
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir()
    for there, file in asked.files.items():
        shutil.copyfile(file, files / there)
    content = json.loads((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    content["configMapGenerator"] = [
        {"name": "study", "behavior": "merge", "files": [f"files/{there}" for there in asked.files]}
    ]
    content["patches"] = [
        {
            "target": {"kind": "Job", "name": "study"},
            "options": {"allowNameChange": True},
            "patch": json.dumps(
                [
                    {"op": "replace", "path": "/metadata/name", "value": f"study-{asked.command}"},
                    {"op": "replace", "path": "/spec/template/spec/containers/0/args", "value": asked.arguments},
                ]
            ),
        }
    ]
    (folder / "kustomization.yaml").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return folder


def run_study(wanted: Target, asked: Asked, seconds: int) -> None:
    """Run it, show what it says, and bring what it has written."""
    name, tag = image_of(wanted)
    if wanted.env == "dev" and not wanted.registry:
        load_into_kind(f"{name}:{tag}")
    folder = write_study(wanted, name, tag, asked)
    job = f"job/study-{asked.command}"
    kubectl("delete", job, "--ignore-not-found", "--wait")
    kubectl("apply", "-k", str(folder), "-l", f"app in (tradestream, {wanted.app})")
    shown, deadline = Shown(job), time.monotonic() + seconds
    try:
        while not {"Complete", "Failed"} & set(conditions(status_of(job))) and time.monotonic() < deadline:
            shown.more("--follow")
            time.sleep(1)
        wait_for_job(job, max(1, int(deadline - time.monotonic())))
    finally:
        shown.more()
    bring(job, asked.out)


class Shown:
    """What a Job has said, shown once, whichever of its pods' ends cut it short.

    Parameters
    ----------
    job
        Whose container may not be there yet: then its words for why are shown, each once.
    """

    def __init__(self, job: str) -> None:
        self._job = job
        self._lines = 0
        self._why = ""

    def more(self, *how: str) -> None:
        """Show what was not shown yet, up to where it ends now, or with `--follow` up to the container's end."""
        command = ["kubectl", "-n", NAMESPACE, "logs", *how, self._job]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            for number, line in enumerate(process.stdout or ()):
                if number >= self._lines:
                    print(line, end="", flush=True)
                    self._lines += 1
            why = (process.stderr.read() if process.stderr else "").strip()
        if why and why != self._why:
            say(why)
        self._why = why


def bring(job: str, out: Path) -> None:
    """Copy a folder from the volume, by a pod as the Job's that waits meanwhile.

    Parameters
    ----------
    job
        Whose results.
    out
        Where to; on the volume it has the same name.
    """
    template = json.loads(output("kubectl", "-n", NAMESPACE, "get", job, "-o", "json"))["spec"]["template"]
    kubectl("delete", f"pod/{READER}", "--ignore-not-found", "--wait")
    subprocess.run(
        ["kubectl", "-n", NAMESPACE, "apply", "-f", "-"], input=json.dumps(reader(template)), text=True, check=True
    )
    try:
        kubectl("wait", "--for=condition=Ready", f"pod/{READER}", "--timeout=120s")
        command = ["kubectl", "-n", NAMESPACE, "exec", READER, "--", "tar", "-cf", "-", "-C", VOLUME, out.name]
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(out, ignore_errors=True)
        with subprocess.Popen(command, stdout=subprocess.PIPE) as copying:
            with tarfile.open(fileobj=copying.stdout, mode="r|") as archive:
                archive.extractall(out.parent, filter="data")
            if copying.wait():
                raise DeployError(f"{out.name} could not be read from the volume, see above")
    finally:
        kubectl("delete", f"pod/{READER}", "--ignore-not-found", "--wait=false")
    say(f"{out}: {', '.join(sorted(each.name for each in out.iterdir()))}")


def reader(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pod with a Job's volumes and rights that does nothing but wait."""
    spec = json.loads(json.dumps(template["spec"]))
    (container,) = spec["containers"]
    container.update(command=["sleep", "600"], args=[], resources=READER_TAKES)
    labels = template["metadata"]["labels"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": READER, "labels": {name: labels[name] for name in ("app", "variant")}},
        "spec": spec,
    }


def _require_cluster() -> None:
    """Without a cluster nothing is built for it."""
    try:
        output("kubectl", "config", "current-context")
    except DeployError as error:
        raise DeployError(f"{error}\nthere is no cluster: make doctor, make cluster, or where=here") from error


def main(arguments: list[str]) -> int:
    """Run a study and return the exit code: 2 for wrong arguments, a missing tool, or a failure."""
    parser = argparse.ArgumentParser(prog="study.py", description=__doc__.split("\n")[0])
    parser.add_argument("--env", choices=ENVIRONMENTS, default="dev")
    parser.add_argument("--registry", default="")
    parser.add_argument("--tag", default="")
    parser.add_argument("--timeout", type=int, default=3600, help="seconds that the Job may take")
    parser.add_argument("--only-check", action="store_true", help="before an image is built: are the words right")
    parser.add_argument("words", nargs="+", help="the command and its options, behind --")
    told = parser.parse_args(arguments)
    try:
        asked = Asked(told.words)
        _require_cluster()
        if not told.only_check:
            target = Target(STUDY, told.env, STUDY, registry=told.registry, tag=told.tag)
            run_study(target, asked, told.timeout)
    except DeployError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
