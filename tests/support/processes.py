"""Services as processes: `python -m`, told where its log and its files are."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.workspace import ROOT

from streaming.settings import ServiceSettings

#: No whole run takes longer, even where the machine is busy with others.
RUN_SECONDS = 600.0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(module: str, folder: Path, *arguments: str, **variables: Any) -> subprocess.Popen[bytes]:
    """Start `python -m module` in `folder`; what it says is added to `module.log` there."""
    with (folder / f"{module}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=_environment(variables),
            cwd=folder,
            stdout=log,
            stderr=log,
        )


def run(module: str, *arguments: object, folder: Path = ROOT, **variables: Any) -> subprocess.CompletedProcess[str]:
    """Run `python -m module` in `folder` to its end."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        env=_environment(variables),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )


def start_service(name: str, settings: ServiceSettings, **variables: Any) -> subprocess.Popen[bytes]:
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
