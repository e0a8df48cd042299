"""Programs in processes of their own, forked from a server that has imported everything once.

A fork of that server is ready in milliseconds where a new interpreter needs seconds; from there on it is the program
as `python -m <name>` runs it.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import TracebackType
from typing import Self

from contracts.services import FLOW_NAMES

_PRELOADED = (
    *(f"{name}.app" for name in FLOW_NAMES),
    "exchanges.simulator.server",
    "predictions.serve",
    "mlflow.onnx",
    "onnxruntime",
    "streaming.kafka.client",
)
#: Variable -> by how many seconds a service's wall clock is off.
CLOCK_OFFSET = "TESTED_CLOCK_OFFSET_SECONDS"
_SERVER = multiprocessing.get_context("forkserver")
_prepared = False


class Forked:
    """A forked program: what `subprocess.Popen` tells of one that is a child."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        assert process.pid is not None
        self.pid = process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, that of a signal below zero; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code when it has ended.

        Raises
        ------
        subprocess.TimeoutExpired
            If it still runs after `timeout` seconds.
        """
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.wait()


def prepare_server(modules: Sequence[str] = _PRELOADED) -> None:
    """Say what the server imports; it starts with the first program."""
    global _prepared
    _prepared = True
    os.environ["OMP_NUM_THREADS"] = "1"
    _SERVER.set_forkserver_preload([__name__, *modules])


def start(name: str, environment: Mapping[str, str], log: str) -> ForkServerProcess:
    """Start service `name`; what it says is added to the file `log`."""
    process = _SERVER.Process(target=become, args=(name, dict(environment), log), name=name, daemon=True)
    process.start()
    return process


def fork(module: str, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> Forked:
    """Start `python -m module` in `folder`, with that environment alone; what it says is added to the file `log`."""
    if not _prepared:
        prepare_server()
    log.touch()  # whoever waits for its words may read it at once
    told = (module, list(arguments), dict(environment), str(folder), str(log))
    process = _SERVER.Process(target=run_module, args=told, name=module, daemon=True)
    process.start()
    return Forked(process)


def run_module(module: str, arguments: list[str], environment: dict[str, str], folder: str, log: str) -> None:
    """Be the program until it ends."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    _write_to(log)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def become(name: str, environment: dict[str, str], log: str) -> None:
    """Be the service until it ends."""
    _set_clock_off(float(environment.get(CLOCK_OFFSET, "0")))
    run_module(name, [], os.environ | environment, environment["TRADESTREAM_DATA_DIR"], log)


def _write_to(log: str) -> None:
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)


def _set_clock_off(offset_seconds: float) -> None:
    """Let every Python program in this process read a wall clock that is wrong by so much."""
    if offset_seconds:
        seconds, nanoseconds = time.time, time.time_ns
        time.time = lambda: seconds() + offset_seconds
        time.time_ns = lambda: nanoseconds() + round(offset_seconds * 1_000_000_000)
