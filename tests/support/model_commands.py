"""Training and serving as processes over an embedded log."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from contracts.feature_row import FeatureRow
from contracts.topics import TECHNICAL_INDICATORS
from streaming.producer import open_producer
from streaming.settings import ServiceSettings

DEADLINE_SECONDS = 90


def settings_of(folder: Path) -> ServiceSettings:
    """Return the settings that find the log in `folder`."""
    return ServiceSettings(broker_address=f"embedded://{folder}/log", data_dir=folder)


def environment_of(folder: Path, **values: object) -> dict[str, str]:
    """Return the environment of a process that finds the log in `folder`."""
    return {
        **os.environ,
        "TRADESTREAM_BROKER_ADDRESS": f"embedded://{folder}/log",
        "TRADESTREAM_DATA_DIR": str(folder),
        "TRADESTREAM_COMMIT_INTERVAL_SECONDS": "0.2",
        **{name: str(value) for name, value in values.items()},
    }


def write_rows(folder: Path, rows: list[FeatureRow]) -> None:
    """Write feature rows to the log in `folder`."""
    with open_producer(settings_of(folder), "test") as producer:
        for row in rows:
            producer.produce(TECHNICAL_INDICATORS, row)


def train(folder: Path, **values: object) -> subprocess.CompletedProcess[str]:
    """Run the training service over the log in `folder`."""
    return run("training", folder=folder, **values)


def run(*module: str, folder: Path, **values: object) -> subprocess.CompletedProcess[str]:
    """Run a module to its end, in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", *module],
        env=environment_of(folder, **values),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
