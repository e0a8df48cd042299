"""Progress is readable by a machine, whole at every moment, and honest about the time left."""

from __future__ import annotations

import json
from pathlib import Path

from modeling.progress import Progress


class _Clock:
    def __init__(self) -> None:
        self.now_seconds = 100.0

    def __call__(self) -> float:
        return self.now_seconds


def test_progress_file(tmp_path: Path) -> None:
    clock, path = _Clock(), tmp_path / "run" / "progress.json"
    progress = Progress(path, clock)
    progress.stage("reading")
    assert json.loads(path.read_text()) == {
        "stage": "reading",
        "epoch": None,
        "epochs": None,
        "seconds_left": None,
        "validation_log_loss": None,
    }
    progress.stage("training")
    clock.now_seconds += 50  # libraries load: no epoch took that long
    progress.epoch(0, 10, 0.69)
    assert json.loads(path.read_text())["seconds_left"] is None
    clock.now_seconds += 4
    progress.epoch(2, 10, 0.68)
    assert json.loads(path.read_text()) == {
        "stage": "training",
        "epoch": 2,
        "epochs": 10,
        "seconds_left": 16.0,
        "validation_log_loss": 0.68,
    }
    progress.stage("done")
    assert json.loads(path.read_text())["stage"] == "done"
    assert [entry.name for entry in path.parent.iterdir()] == ["progress.json"]


def test_without_a_file_nothing_is_written(tmp_path: Path) -> None:
    progress = Progress(None)
    progress.stage("training")
    progress.epoch(1, 2, 0.5)
    assert not list(tmp_path.iterdir())
