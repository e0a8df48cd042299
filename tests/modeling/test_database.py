"""MLflow's database is there whole or not at all, whoever is killed or comes first."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from modeling.database import ensure_database
from modeling.registry import ModelRegistry

_CREATE = "import sys; from modeling.database import ensure_database; ensure_database(sys.argv[1])"


def _creating(uri: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _CREATE, uri], stderr=subprocess.DEVNULL)


def test_killed_at_any_moment_of_its_creation(tmp_path: Path) -> None:
    draw = random.Random(11)
    for number in range(4):
        folder = tmp_path / str(number)
        folder.mkdir()
        uri = f"sqlite:///{folder}/mlflow.db"
        process = _creating(uri)
        while not any(folder.iterdir()):
            assert process.poll() is None
            time.sleep(0.001)
        time.sleep(draw.uniform(0.0, 0.5))  # not to wait for something: the moment of the kill is the point
        process.send_signal(signal.SIGKILL)
        process.wait()
        ensure_database(uri)
        assert ModelRegistry(uri).version_of("direction", "champion") is None


def test_two_create_it_at_once(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    processes = [_creating(uri) for _ in range(2)]
    assert [process.wait(120) for process in processes] == [0, 0]
    assert ModelRegistry(uri).version_of("direction", "champion") is None
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]
