"""Whether a broker of the local scripts runs: it is known by its arguments, which a process has from its exec on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.workspace import ROOT

SCRIPTS = ROOT / "deployments/local/kafka"
ASK = "import sys; from pathlib import Path; from brokers import Node; print(Node(1, 9092, Path(sys.argv[1])).{})"
#: For a moment a program without the path of the broker's settings among its arguments; then one that has it.
LATER = "import os, time; time.sleep(0.3); os.execvp('sh', ['sh', '-c', 'sleep 30; :', os.environ['SETTINGS']])"


def asked(folder: Path, what: str) -> str:
    command = [sys.executable, "-c", ASK.format(what), str(folder)]
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def process(folder: Path, *command: str, **environment: str) -> Iterator[int]:
    with subprocess.Popen(command, env=os.environ | environment) as started:
        (folder / "pid").write_text(str(started.pid), encoding="utf-8")
        yield started.pid
        started.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="a process is looked at as Linux shows it")
def test_a_broker_that_is_just_beginning_runs(tmp_path: Path) -> None:
    with process(tmp_path, sys.executable, "-c", LATER, SETTINGS=asked(tmp_path, "settings")) as pid:
        assert asked(tmp_path, "pid()") == str(pid)


def test_another_program_under_its_id_is_none(tmp_path: Path) -> None:
    with process(tmp_path, "sleep", "30"):
        assert asked(tmp_path, "pid()") == "None"
    assert asked(tmp_path, "pid()") == "None"
