"""One run of the six services over a live market: backfill, live, drained; killed and looked after meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.chaos.live_market import LIVE_FROM_MS, TRAINING_HOURS, LiveMarket
from tests.kafka.six_services import SixServices, Written
from tests.support.waiting import wait_for

from contracts.services import FLOW_NAMES
from contracts.topics import TOPICS
from streaming.clients import create_topics
from streaming.service.checkpoint_mark import CheckpointMark

#: A step is given up only when it hangs, not because the machine is busy.
_GIVE_UP_SECONDS = 600.0
_MARK_SECONDS = 0.0002
#: How long a kill that is aimed at a checkpoint waits for one.
_CHECKPOINT_SECONDS = 1.0


@dataclass(kw_only=True)
class LiveRun(SixServices):
    """The services of one run over `market`.

    Attributes
    ----------
    killed
        Services in the order in which they were killed.
    inside_checkpoint
        Those of them that died while they wrote a checkpoint.
    starting
        Those of them that had not said their first word since they were started.
    everything
        What was on the topics when everything had drained.
    """

    market: LiveMarket
    give_up_seconds: float = _GIVE_UP_SECONDS
    killed: list[str] = field(default_factory=list)
    inside_checkpoint: list[str] = field(default_factory=list)
    starting: list[str] = field(default_factory=list)
    live_since: float = 0.0
    everything: Written = field(init=False)
    _started: dict[str, float] = field(default_factory=dict)
    _logged: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def live(self) -> Iterator[LiveRun]:
        """Backfill, let the market run, and in the block do to it what you like; afterwards everything drains."""
        with self.market.open():
            self.given = {**self.market.settings(), **self.given, "TRADES_VARIANT": "historical"}
            with self.running():
                self.drain(may_restart=True)
                self.go_live()
                yield self
                self.drain(may_restart=True)
                self.everything = self.collect()

    def go_live(self) -> None:
        """Start the feed, and the market once it is heard."""
        self.given = {**self.given, "TRADES_VARIANT": "live"}
        self.start("trades")
        wait_for(lambda: self.market.status()["connections"] > 0, "the feed to connect", self.give_up_seconds)
        self.live_since = self.market.start()

    def start(self, name: str) -> None:
        self._started[name] = time.time()
        self._logged[name] = len(self._log(name))
        super().start(name)

    def kill(self, name: str, in_checkpoint: bool = False) -> None:
        """SIGKILL, inside its next checkpoint if one comes soon and that is asked for; start it again at once."""
        if in_checkpoint:
            until = time.monotonic() + _CHECKPOINT_SECONDS
            wait_for(
                lambda: self._in_checkpoint(name) or time.monotonic() >= until,
                "a checkpoint",
                poll_seconds=_MARK_SECONDS,
            )
        self.processes[name].kill()
        self.processes[name].join()
        self.killed.append(name)
        if self._in_checkpoint(name):
            self.inside_checkpoint.append(name)
        if len(self._log(name)) == self._logged[name]:
            self.starting.append(name)
        self.start(name)

    def _in_checkpoint(self, name: str) -> bool:
        """Whether the process is, or died, inside a checkpoint: its mark is there, and not an earlier one's."""
        file = CheckpointMark.file_of(self.state_dir(name), self.settings.group_for(name), self.settings.instance_id)
        with suppress(FileNotFoundError):
            return file.stat().st_mtime >= self._started[name]
        return False

    def state_dir(self, name: str) -> Path:
        given = self.own.get(name, {}).get("TRADESTREAM_STATE_DIR")
        return Path(given) if given else self.settings.state_dir_for(name)

    @property
    def seconds_live(self) -> float:
        """How long the market has run, in real time."""
        return time.monotonic() - self.live_since

    def watch_until(self, done: Callable[[], bool], what: str) -> None:
        """Start again what ends by itself, until `done`."""
        self._wait(done, what, may_restart=True)

    def watch_for(self, seconds: float) -> None:
        """Start again what ends by itself, for so long."""
        until = time.monotonic() + seconds
        self.watch_until(lambda: time.monotonic() >= until, "time to pass")

    def said(self, text: str) -> dict[str, int]:
        """Return how often each service has said `text`, those that have not left out."""
        counts = {name: self._log(name).count(text) for name in FLOW_NAMES}
        return {name: count for name, count in counts.items() if count}

    def _log(self, name: str) -> str:
        file = self.folder / f"{name}.log"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


def _has_drained(run: LiveRun, name: str) -> bool:
    return run.caught_up(name)


def undisturbed(folder: Path, market: LiveMarket, model: dict[str, str]) -> Written:
    """Return what a run on the embedded log writes to which nothing happens."""
    run = LiveRun(f"embedded://{folder}/log", folder, model, market=market)
    with run.live():
        pass
    return run.everything


def train_model(folder: Path) -> dict[str, str]:
    """Backfill the market's past, train logistic regression on it, and return the settings that name the model."""
    model = {
        "PREDICTIONS_MLFLOW_URI": f"sqlite:///{folder}/mlflow.db",
        "PREDICTIONS_MLFLOW_ARTIFACTS": f"file://{folder}/mlartifacts",
        "PREDICTIONS_TRAIN_UNTIL_MS": str(LIVE_FROM_MS),
        "PREDICTIONS_REQUIRE_GATE": "false",
        "PREDICTIONS_REQUIRE_MOVES": "false",
    }
    market = LiveMarket(folder, 1, 1, history_hours=TRAINING_HOURS)
    run = LiveRun(f"embedded://{folder}/log", folder, {}, market=market)
    create_topics(run.settings, TOPICS)
    with market.open():
        run.given = {**market.settings(), "TRADES_VARIANT": "historical"}
        try:
            for name in ("trades", "candles", "indicators"):
                run.start(name)
            run.watch_until(lambda: run.processes["trades"].exitcode == 0, "history")
            for name in ("candles", "indicators"):
                run.watch_until(partial(_has_drained, run, name), name)
        finally:
            for process in run.processes.values():
                process.terminate()
                process.join()
    environment = {
        **os.environ,
        **model,
        "TRADESTREAM_BROKER_ADDRESS": run.broker_address,
        "TRADESTREAM_DATA_DIR": str(folder),
    }
    with (folder / "train.log").open("ab") as log:
        subprocess.run([sys.executable, "-m", "training"], env=environment, stdout=log, stderr=log, check=True)
    return model
