"""The simulator as a process: ready file, clean stop, clear complaints."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from loguru import logger
from pydantic import ValidationError
from tests.support.waiting import wait_for

from exchanges.simulator import SimulatorSettings
from exchanges.simulator.__main__ import _usage, main

S = 1_772_445_600_000
COMMAND = [sys.executable, "-m", "exchanges.simulator"]


def environment(**values: str) -> dict[str, str]:
    return {**os.environ, **{f"SIMULATOR_{name.upper()}": value for name, value in values.items()}}


def test_ready_file_then_sigterm(tmp_path: Path) -> None:
    ready = tmp_path / "run" / "ready.json"
    env = environment(ready_file=str(ready), live_from_ms=str(S), pairs="ETH/USD, BTC/USD")
    with subprocess.Popen(COMMAND, env=env, stderr=subprocess.PIPE) as process:
        wait_for(ready.exists, "the ready file", of=process)
        urls = json.loads(ready.read_text())
        assert urls["pid"] == process.pid
        status = httpx.get(f"{urls['control_url']}/sim/status").json()
        assert list(status["trades"]) == ["ETH/USD", "BTC/USD"]
        assert (status["now_ms"], status["running"]) == (S, False)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_bad_setting_is_named() -> None:
    bad = subprocess.run(COMMAND, env=environment(speed="-1"), capture_output=True, text=True, check=False)
    assert bad.returncode == 2
    assert "SIMULATOR_SPEED" in bad.stderr and "-1" in bad.stderr


@pytest.mark.parametrize(
    "keys",
    [
        '[{"key": "K", "secret": "not for eyes", "venue": "coinbase"}]',
        '[{"key": "K", "secret": "not for eyes"',
        '{"key": "K", "secret": "not for eyes"}',
    ],
)
def test_a_key_that_cannot_be_is_named_and_not_shown(keys: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMULATOR_KEYS", keys)
    said: list[str] = []
    sink = logger.add(said.append, format="{message}")
    try:
        assert main() == 2
    finally:
        logger.remove(sink)
    assert "SIMULATOR_KEYS" in said[0] and "was hidden" in said[0]
    assert "not for eyes" not in "".join(said)


@pytest.mark.parametrize(
    "settings",
    [
        {"pairs": "FOO/BAR"},
        {"pairs": ""},
        {"faults": "not json"},
        {"faults": '[{"kind":"meteor"}]'},
        {"port": 70_000},
        {"faults": '[{"kind":"gap","pair":"XRP/USD"}]'},
        {"live_from_ms": S, "live_until_ms": S - 1},
        {"live_from_ms": S, "history_from_ms": S + 1},
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SimulatorSettings(**settings)


def test_without_times_the_market_is_live_now() -> None:
    from exchanges.simulator.venue import Venue

    venue = Venue(SimulatorSettings(pairs="SOL/USD"))
    assert abs(venue.now_us() / 1e6 - time.time()) < 60
    assert venue.visible("SOL/USD") > 1_000


@pytest.mark.parametrize("module", ["exchanges.simulator", "featurestore"])
def test_help_is_no_setting_and_starts_nothing(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0 and done.stdout.startswith(f"usage: python -m {module}") and not done.stderr


def test_every_setting_is_in_the_help_and_an_argument_is_none() -> None:
    said = _usage()
    assert all(f"SIMULATOR_{name.upper()} " in said for name in SimulatorSettings.model_fields)
    assert main(["--speed", "3"]) == 2
