"""The services as a cluster or a laptop runs them: one process each, `python -m <service>`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.contestant import environment
from contracts.account import Account
from contracts.services import INPUTS
from contracts.topics import TOPICS, TopicSpec
from streaming.broker_address import is_embedded
from streaming.clients import create_topics, lag
from streaming.settings import ServiceSettings

_GIVE_UP_SECONDS = 300.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.2
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass
class Processes:
    """Services and helpers of one run over one log.

    Parameters
    ----------
    pairs
        What the one account trades.
    """

    settings: ServiceSettings
    pairs: Sequence[str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Of data, state and what the processes say."""
        return self.settings.data_dir

    def told(self) -> dict[str, str]:
        """Return what every service is told; the store is on where a laptop has it, off where RisingWave reads."""
        account = Account(name="bench", pairs=tuple(self.pairs), minimum_confidence=0.5)
        told = {
            "TRADESTREAM_BROKER_ADDRESS": self.settings.broker_address,
            "TRADESTREAM_DATA_DIR": str(self.folder),
            "TRADESTREAM_ACCOUNTS": f"[{account.model_dump_json()}]",
            "OMP_NUM_THREADS": "1",
        }
        return told if is_embedded(self.settings.broker_address) else {**told, "TRADESTREAM_STORE_URL": "off"}

    def start(self, name: str, *command: str, **settings: str) -> None:
        """Start `python -m <command>`, by default the service `name`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", *(command or (name,))],
                stdout=log,
                stderr=log,
                env=environment(**self.told(), **settings),
                cwd=self.folder,
            )

    def start_services(self) -> None:
        """Register a logistic model, create the topics and start the services behind `trades`."""
        # Here, because it brings MLflow: seconds, and most of what imports this module does without.
        from tests.support.trained_model import register_logistic

        register_logistic(self.folder)
        create_topics(self.settings, TOPICS)
        for name in reversed(INPUTS):
            self.start(name)

    def stop(self, name: str) -> None:
        """Ask a process to end, and see that it does."""
        process = self.running.pop(name)
        process.terminate()
        code = process.wait(_STOP_SECONDS)
        assert code == 0, f"{name} ended with {code}: {self.last_words(name)}"

    def join(self, name: str) -> None:
        """Take leave of a process that has ended by itself."""
        code = self.running.pop(name).wait()
        assert code == 0, f"{name} ended with {code}: {self.last_words(name)}"

    def require_all(self) -> None:
        """Fail if a process has ended."""
        for name, process in self.running.items():
            assert not process.poll(), f"{name} ended with {process.returncode}: {self.last_words(name)}"

    def drain(self) -> None:
        """Return when every service has committed all of its input, in flow order."""
        for name, spec in INPUTS.items():
            group = self.settings.group_for(name)
            self.wait_for(partial(self._caught_up, group, spec), f"{name} to drain")

    def _caught_up(self, group: str, spec: TopicSpec) -> bool:
        return lag(self.settings, group, spec) == 0

    def wait_for(self, done: Callable[[], bool], what: str) -> None:
        """Return when `done` says so; fail if a process ends or time runs out before."""
        deadline = time.monotonic() + _GIVE_UP_SECONDS
        while not done():
            self.require_all()
            assert time.monotonic() < deadline, f"waited {_GIVE_UP_SECONDS:g} s for {what}"
            time.sleep(_POLL_SECONDS)

    def last_words(self, name: str) -> str:
        """Return the end of what a process said."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")[-2_000:]

    def cpu_seconds(self) -> dict[str, float]:
        """Return the CPU time that each process has used."""
        return {name: cpu_seconds(process.pid) for name, process in self.running.items()}


@contextmanager
def services(settings: ServiceSettings, pairs: Sequence[str]) -> Iterator[Processes]:
    """Run the services in the block; nothing of them is left behind it."""
    run = Processes(settings, pairs)
    try:
        run.start_services()
        yield run
        for name in list(run.running):
            run.stop(name)
    finally:
        for process in run.running.values():
            process.kill()
            process.wait()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def resident_mib(pid: int) -> float:
    """Return the memory a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def open_files(pid: int) -> int:
    """Return how many file descriptors a process has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def broker_pids(settings: ServiceSettings) -> list[int]:
    """Return the process of the throwaway broker, none on the embedded log."""
    return [int(file.read_text()) for file in settings.data_dir.parent.glob("kafka/broker-*/pid")]
