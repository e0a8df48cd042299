"""Services as processes: `python -m`, told where its log and its files are."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol, Self

from tests.support.fork_server import fork
from tests.support.workspace import ROOT

from contracts.services import SERVICE_NAMES
from streaming.settings import ServiceSettings
from streaming.telemetry.stacks import STACKS_SIGNAL

#: What starts too often for an interpreter of its own each time; every demo starts them as people do.
FORKED = {*SERVICE_NAMES, "exchanges.simulator"}
#: No whole run takes longer, even where the machine is busy with others.
RUN_SECONDS = 600.0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Running(Protocol):
    """A program that was started."""

    pid: int

    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, number: int, /) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: Any) -> None: ...


def start(module: str, folder: Path, *arguments: str, **variables: Any) -> Running:
    """Start `python -m module` in `folder`; what it says is added to `module.log` there."""
    environment, said = _environment(variables), folder / f"{module}.log"
    if module in FORKED:
        return fork(module, arguments, environment, folder, said)
    with said.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=log,
        )


def run(module: str, *arguments: object, folder: Path = ROOT, **variables: Any) -> subprocess.CompletedProcess[str]:
    """Run `python -m module` in `folder` to its end.

    Raises
    ------
    TimeoutError
        If that takes longer than `RUN_SECONDS`: with what it has said, and where it and all its children stood.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with subprocess.Popen(
        command, env=_environment(variables), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            out, err = process.communicate(timeout=RUN_SECONDS)
        except subprocess.TimeoutExpired:
            stood = _where_all_stand(process.pid)
            process.kill()
            out, err = process.communicate()
            words = f"{command} did not end in {RUN_SECONDS:.0f} s.\n{out[-4_000:]}\n{err[-4_000:]}\n{stood}"
            raise TimeoutError(words) from None
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _where_all_stand(pid: int) -> str:
    """Return the last words of a process's children, their stacks included: those of ours write them when asked."""
    import psutil  # what members that are tested alone do not bring

    told = []
    children = psutil.Process(pid).children(recursive=True)
    for child in children:
        child.send_signal(STACKS_SIGNAL)
    gone, _ = psutil.wait_procs(children, timeout=2)  # what is none of ours ends with it
    for child in children:
        if child not in gone:
            log = Path(f"/proc/{child.pid}/fd/2").resolve()
            words = log.read_text(errors="replace")[-3_000:] if log.is_file() else "no log"
            told.append(f"--- {' '.join(child.cmdline()[-3:])} (pid {child.pid}): {words}")
    return "\n".join(told)


def start_service(name: str, settings: ServiceSettings, **variables: Any) -> Running:
    """Start a service on the log and in the folder that `settings` name."""
    return start(name, settings.data_dir, **place(settings) | variables)


def place(settings: ServiceSettings) -> dict[str, str]:
    """Return the variables that lead a process to the log and the folder that `settings` name."""
    return {
        "TRADESTREAM_BROKER_ADDRESS": settings.broker_address,
        "TRADESTREAM_ENVIRONMENT": settings.environment,
        "TRADESTREAM_DATA_DIR": str(settings.data_dir),
    }


def _environment(variables: dict[str, Any]) -> dict[str, str]:
    return os.environ | {name: str(value) for name, value in variables.items()}
