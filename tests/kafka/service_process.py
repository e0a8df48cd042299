"""One service in a process of its own, started from a server that has imported everything once.

A fork of that server is ready in milliseconds where a new interpreter needs seconds; from there on it is the service
as `python -m <name>` runs it.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
import time
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess

from contracts.services import FLOW_NAMES

_PRELOADED = (
    *(f"{name}.app" for name in FLOW_NAMES),
    "predictions.serve",
    "mlflow.onnx",
    "onnxruntime",
    "streaming.kafka.client",
)
#: Variable -> by how many seconds a service's wall clock is off.
CLOCK_OFFSET = "TESTED_CLOCK_OFFSET_SECONDS"
_SERVER = multiprocessing.get_context("forkserver")


def prepare_server(modules: Sequence[str] = _PRELOADED) -> None:
    """Say what the server imports; it starts with the first service."""
    os.environ["OMP_NUM_THREADS"] = "1"
    _SERVER.set_forkserver_preload([__name__, *modules])


def start(name: str, environment: Mapping[str, str], log: str) -> ForkServerProcess:
    """Start service `name`; what it says is added to the file `log`."""
    process = _SERVER.Process(target=become, args=(name, dict(environment), log), name=name, daemon=True)
    process.start()
    return process


def become(name: str, environment: dict[str, str], log: str) -> None:
    """Be the service until it ends."""
    os.environ.update(environment)
    os.chdir(environment["TRADESTREAM_DATA_DIR"])
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.argv = [name]
    _set_clock_off(float(environment.get(CLOCK_OFFSET, "0")))
    main = importlib.import_module(f"{name}.__main__").main
    raise SystemExit(main(["serve"]) if name == "predictions" else main())


def _set_clock_off(offset_seconds: float) -> None:
    """Let every Python program in this process read a wall clock that is wrong by so much."""
    if offset_seconds:
        seconds, nanoseconds = time.time, time.time_ns
        time.time = lambda: seconds() + offset_seconds
        time.time_ns = lambda: nanoseconds() + round(offset_seconds * 1_000_000_000)
