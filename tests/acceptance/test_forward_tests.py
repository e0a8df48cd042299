"""Forward tests in a live market: begun, killed, changed and stopped, and then replayed and backtested."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.test_simulated_run import begun, reaches, stop
from tests.support.processes import Running
from tests.support.runs import tradestream
from tests.support.waiting import wait_for

OWN = """from strategies import Strategy, above, between, close, mean

class Own(Strategy):
    bars: int = between(2, 30, default=3)

    def target(self):
        return above(close, mean(close, self.bars))
"""


def said(*arguments: Any) -> str:
    done = tradestream(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def bars_of(place: Path) -> dict[str, int]:
    return {each["name"]: each["bars"] for each in json.loads(said("forward-test", "list", "--run", place, "--json"))}


def goes_on(place: Path, name: str, bars: int, run: Running) -> None:
    begin = bars_of(place).get(name, 0)
    wait_for(lambda: bars_of(place).get(name, 0) >= begin + bars, f"{name} goes on", 120, of=run, poll_seconds=1)


def killed(run: Running, service: str) -> None:
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(run.pid)], capture_output=True, text=True, check=True
    )
    (line,) = [each for each in listed.stdout.splitlines() if each.endswith(f"-m {service}")]
    os.kill(int(line.split()[0]), signal.SIGKILL)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_they_survive_kills_and_a_replay_and_a_backtest_find_nothing_other(tmp_path: Path) -> None:
    own, place = tmp_path / "own.py", tmp_path / "run"
    own.write_text(OWN, encoding="utf-8")
    with begun(tmp_path) as run:
        reaches(tmp_path, "live", run)
        for strategy, name in ((own, "own"), ("prediction", "model"), ("sma_cross", "cross")):
            said("forward-test", "start", strategy, "--pairs", "BTC/USD", "--name", name, "--run", place)
        own.unlink()  # it travels with the test
        goes_on(place, "own", 20, run)
        killed(run, "signals")
        killed(run, "execution")
        said(
            "strategy", "set", "--account", "own", "--pair", "BTC/USD", "--parameters", '{"bars": 9}', "--run", place
        )
        said("forward-test", "stop", "cross", "--run", place)
        goes_on(place, "model", 20, run)
        killed(run, "signals")
        said("strategy", "off", "--account", "model", "--pair", "BTC/USD", "--sell", "--run", place)
        goes_on(place, "own", 20, run)
        compared = json.loads(said("forward-test", "compare", "own", "model", "--run", place, "--json"))
        assert {each["account"]: each["differences"] for each in compared["accounts"]} == {
            "own": 0,
            "model": 0,
            "paper": None,
        }
        assert stop(tmp_path, run)["dead_letters"] == {}
    assert "0 mismatches" in said("verify", "--run", place)
    held = said("backtest", "--of", place)
    assert held.splitlines()[-1].strip() == "0 differences", held
