"""`tradestream verify` on Apache Kafka: six partitions replayed on one, and against an embedded log."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from tests.kafka.six_services import SixServices


def verify(run: SixServices, settings: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    here = {
        "TRADESTREAM_BROKER_ADDRESS": run.broker_address,
        "TRADESTREAM_ENVIRONMENT": run.environment,
        "TRADESTREAM_DATA_DIR": str(run.folder),
    }
    command = [sys.executable, "-m", "embedded", "verify", *options]
    environment = os.environ | settings | here
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.long
def test_a_replay_of_kafka_has_no_mismatch(
    services: Callable[..., SixServices], undisturbed_run: SixServices, settings_of_a_run: dict[str, str]
) -> None:
    run = services()
    with run.running():
        run.drain()
    for options in ((), ("--against", str(undisturbed_run.folder / "log"))):
        done = verify(run, settings_of_a_run, *options)
        print(done.stdout)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "0 mismatches" in done.stdout
