"""Training and serving as processes over an embedded log."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.processes import place, run

from contracts.feature_row import FeatureRow
from contracts.topics import TECHNICAL_INDICATORS
from streaming.producer import open_producer
from streaming.settings import ServiceSettings


def settings_of(folder: Path) -> ServiceSettings:
    """Return the settings that find the log in `folder`."""
    return ServiceSettings(broker_address=f"embedded://{folder}/log", data_dir=folder)


def write_rows(folder: Path, rows: list[FeatureRow]) -> None:
    """Write feature rows to the log in `folder`."""
    with open_producer(settings_of(folder), "test") as producer:
        for row in rows:
            producer.produce(TECHNICAL_INDICATORS, row)


def train(folder: Path, **values: object) -> subprocess.CompletedProcess[str]:
    """Run the training service over the log in `folder`; a first model need not pass the gate."""
    first = {"PREDICTIONS_REQUIRE_GATE": "false", "PREDICTIONS_REQUIRE_MOVES": "false"}
    return run("training", folder=folder, **place(settings_of(folder)) | first | values)
