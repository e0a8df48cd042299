"""One contestant in a process of its own: `python -m benchmarks.contestant <JSON>` runs it and prints its times."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.stopwatch import Stopwatch

ROOT = Path(__file__).parents[1]
_GIVE_UP_SECONDS = 600


@dataclass(frozen=True)
class Task:
    """What a contestant is told.

    Parameters
    ----------
    who
        Module of `benchmarks` with a function `run(task)`.
    messages
        How many to read from `source`, which holds as many.
    group
        Consumer group and folder of state, new for every run.
    job
        It is run as a job over history is, and not as a live service.
    settings
        What else it is told.
    """

    who: str
    broker_address: str
    environment: str
    source: str
    target: str
    messages: int
    group: str
    folder: str
    job: bool = False
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What a contestant says of itself."""

    seconds: float
    cpu_seconds: float
    cpu_parts: list[float]
    state_bytes: int = 0


def run(task: Task) -> Result:
    """Run `task` on one core of its own process and return what it measured.

    Raises
    ------
    RuntimeError
        If it fails; its last words say why.
    """
    command = [sys.executable, "-m", "benchmarks.contestant", json.dumps(asdict(task))]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_GIVE_UP_SECONDS, check=False, env=environment()
    )
    if done.returncode != 0:
        raise RuntimeError(f"{task.who} ended with {done.returncode}: {(done.stdout + done.stderr)[-2_000:]}")
    return Result(**json.loads(done.stdout.splitlines()[-1]))


def environment(**settings: str) -> dict[str, str]:
    """Return the environment of a process that finds this package wherever it is started."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, **settings}


def report(watch: Stopwatch, state_bytes: int = 0) -> Result:
    """Return a stopwatch's times as a result."""
    return Result(watch.seconds, watch.cpu_seconds, watch.cpu_parts, state_bytes)


def main(argument: str) -> int:
    task = Task(**json.loads(argument))
    # One core's worth: the client library's threads share it with the interpreter.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    Path(task.folder).mkdir(parents=True, exist_ok=True)
    result = importlib.import_module(f"benchmarks.{task.who}").run(task)
    print(json.dumps(asdict(result)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
