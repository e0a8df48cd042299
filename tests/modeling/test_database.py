"""MLflow's database is there whole or not at all, whoever is killed or comes first."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.waiting import let_pass, wait_for

from modeling.database import ensure_database
from modeling.registry import ModelRegistry

_CREATE = "import sys; from modeling.database import ensure_database; ensure_database(sys.argv[1])"


def _creating(uri: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _CREATE, uri], stderr=subprocess.DEVNULL)


@pytest.mark.long
def test_killed_at_any_moment_of_its_creation(tmp_path: Path) -> None:
    draw = random.Random(11)
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        uri = f"sqlite:///{folder}/mlflow.db"
        process = _creating(uri)
        wait_for(lambda: any(folder.iterdir()), "its creation to begin", of=process, poll_seconds=0.001)  # noqa: B023
        let_pass(draw.uniform(0.0, 0.5))
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


def test_a_folder_whatever_its_name(tmp_path: Path) -> None:
    """What MLflow would read as the end of a path, as an escape or as a fragment: nothing appears anywhere else."""
    folder = tmp_path / '100 % of what? #1: it\'s "$x" & ü'
    uri = f"sqlite:///{folder}/mlflow.db"
    assert not ModelRegistry.exists(uri)
    ensure_database(uri)
    assert ModelRegistry.exists(uri) and ModelRegistry(uri).version_of("direction", "champion") is None
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert [path.name for path in folder.iterdir()] == ["mlflow.db"]
