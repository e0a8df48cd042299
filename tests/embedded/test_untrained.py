"""Why a training gave no model is in the words that it ended with."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded.pipeline import why_untrained
from embedded.process import ManagedProcess, ProcessSpec

_TIME = "2026-03-04 07:04:53.943"
_WHY = "expected at least 600 samples"


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (
            f"{_TIME} INFO     train   x\n{_TIME} ERROR    train        not training: {_WHY}\n",
            f"there is no model: {_WHY}",
        ),
        (f"{_TIME} INFO     train   x\n", "there is no model: there were too few samples"),
        ("", "there is no model: there were too few samples"),
    ],
)
def test_its_own_words(log: str, expected: str, tmp_path: Path) -> None:
    training = ManagedProcess(ProcessSpec("train", ("training",)), tmp_path / "train.log")
    training.log_path.write_text(log, encoding="utf-8")
    assert why_untrained(training) == expected
