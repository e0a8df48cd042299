"""Waits that say what they wait for: time gone and left, and when they fail which pod, why, and what to do.

Standard library only.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

#: How often a wait says that it still waits.
EVERY_SECONDS = 15.0
#: By the reason that Kubernetes gives: what a person does about it.
ADVICE = {
    "Unschedulable": "the node is full: `make doctor`; install fewer parts, or give Docker more cores and memory",
    "ImagePullBackOff": "the image cannot be pulled: is the registry reached, does the tag exist?",
    "ErrImagePull": "the image cannot be pulled: is the registry reached, does the tag exist?",
    "ErrImageNeverPull": "the image is not on the node: `make build service=...`, then `make deploy service=...`",
    "CreateContainerConfigError": "a Secret or ConfigMap is missing, or the image's user is a name: see the event",
    "CrashLoopBackOff": "it ends again and again: its last words are below",
    "OOMKilled": "it needs more memory than its limit",
    "FailedCreate": "admission refuses the pod: see the event",
}


def watched(title: str, command: Sequence[str], *, namespace: str, minutes: float) -> int:
    """Run a command that waits for pods, and say every 15 s how it stands.

    Parameters
    ----------
    title
        What is waited for, for people.
    namespace
        Where its pods are.
    minutes
        How long it may take; the command itself keeps to it.

    Returns
    -------
    int
        The command's exit code; if it is not 0, `explain` has been printed.
    """
    started, done = time.monotonic(), threading.Event()

    def report() -> None:
        while not done.wait(EVERY_SECONDS):
            gone = time.monotonic() - started
            ready, all_of_them, last = _standing(namespace)
            pods = f"{ready} of {all_of_them} pods ready" if all_of_them else "no pods yet"
            left = max(0.0, minutes * 60 - gone)
            print(f"   {title}: {gone:.0f} s, at most {left:.0f} s more; {pods}{last}", flush=True)

    reporter = threading.Thread(target=report, daemon=True)
    reporter.start()
    try:
        code = subprocess.run(command, check=False).returncode
    finally:
        done.set()
        reporter.join()
    print(f"   {title}: {'done' if not code else 'FAILED'} after {time.monotonic() - started:.0f} s", flush=True)
    if code:
        print(explain(namespace), file=sys.stderr)
    return code


def explain(namespace: str) -> str:
    """Return which pods of a namespace are not ready, why, their events and what to do next."""
    said = []
    for pod in _items(namespace, "pods"):
        reason, detail = trouble(pod)
        if reason:
            name = pod["metadata"]["name"]
            said.append(f"{namespace}/{name}: {reason}{': ' + detail if detail else ''}")
            said.append(f"   next: {ADVICE.get(reason, f'kubectl -n {namespace} describe pod {name}')}")
            if reason in ("CrashLoopBackOff", "Error", "OOMKilled"):
                said += [f"   | {line}" for line in _last_words(namespace, name)]
    warnings = [each for each in _items(namespace, "events") if each.get("type") == "Warning"]
    warnings.sort(key=lambda each: str(each.get("lastTimestamp") or each.get("eventTime") or ""))
    said += [f"   event: {each['involvedObject']['name']}: {each.get('message', '')}" for each in warnings[-5:]]
    return "\n".join(said) or f"every pod of {namespace} is ready: the command itself failed, see above"


def trouble(pod: dict[str, Any]) -> tuple[str, str]:
    """Return why a pod is not ready, and details; empty when it is, or has ended well."""
    status = pod.get("status", {})
    if status.get("phase") == "Succeeded":
        return "", ""
    conditions = {each["type"]: each for each in status.get("conditions", [])}
    if conditions.get("Ready", {}).get("status") == "True":
        return "", ""
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return scheduled.get("reason", "Unschedulable"), scheduled.get("message", "")
    for container in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
        for state in (container.get("state", {}), container.get("lastState", {})):
            for kind in ("waiting", "terminated"):
                found = state.get(kind, {})
                if found.get("reason") not in (None, "Completed", "PodInitializing", "ContainerCreating"):
                    return found["reason"], found.get("message", "")
    return "NotReady", conditions.get("Ready", {}).get("message", "")


def _standing(namespace: str) -> tuple[int, int, str]:
    pods = _items(namespace, "pods")
    reasons = [(pod["metadata"]["name"], *trouble(pod)) for pod in pods]
    waiting = [(name, reason) for name, reason, _ in reasons if reason]
    last = f"; {waiting[0][0]}: {waiting[0][1]}" if waiting else ""
    return len(pods) - len(waiting), len(pods), last


def _items(namespace: str, kind: str) -> list[dict[str, Any]]:
    command = ["kubectl", "-n", namespace, "get", kind, "-o", "json", "--request-timeout=5s"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return list(json.loads(done.stdout)["items"]) if not done.returncode else []


def _last_words(namespace: str, pod: str) -> list[str]:
    for previous in (["--previous"], []):
        command = ["kubectl", "-n", namespace, "logs", pod, "--all-containers", "--tail=10", *previous]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not done.returncode and done.stdout:
            return done.stdout.splitlines()
    return []


def main(words: list[str]) -> int:
    """Run `NAMESPACE SECONDS COMMAND...`, watched."""
    namespace, seconds, *command = words
    title = " ".join(word for word in command if word not in ("kubectl", "-n", namespace) and word[:2] != "--")
    return watched(title, command, namespace=namespace, minutes=float(seconds) / 60)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
