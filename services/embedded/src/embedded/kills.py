"""Kill services on purpose, to show that nothing comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loguru import logger

from contracts.errors import BadInputError
from contracts.services import FLOW_NAMES, INPUTS, up_to
from contracts.topics import TRADES
from embedded.process import ManagedProcess
from embedded.services import group_of
from embedded.supervisor import Supervisor
from results.run_log import RunLog

PHASES = ("backfill", "live")
_AT_LEAST_RECORDS = 10
_TRAINING_S = 2.0
_APART_S = 1.5


@dataclass(frozen=True)
class Kill:
    """SIGKILL to one service, once, in one phase."""

    service: str
    phase: str

    @classmethod
    def parse(cls, text: str) -> Kill:
        """Read ``candles@live``.

        Raises
        ------
        BadInputError
            If it names no service or phase of ours.
        """
        service, _, phase = text.partition("@")
        if service not in FLOW_NAMES or phase not in PHASES:
            expected = f"SERVICE@PHASE with a service of {', '.join(FLOW_NAMES)} and a phase of {', '.join(PHASES)}"
            raise BadInputError("--kill", expected, text)
        return cls(service, phase)

    @property
    def process(self) -> str:
        """Name of the process that is the service in that phase."""
        if self.phase == "live":
            return self.service
        return {"trades": "trades-historical", "predictions": "train"}.get(self.service, self.service)


class KillSwitch:
    """Carries the kills out, each as soon as its service is in the middle of work.

    In the middle means: a service with input has committed some of this phase's records; the trades service has
    written some; training has run for two seconds; services behind the model have no input during backfill and are
    killed once trades flow. They are killed one at a time, the next when the one before is running again.

    Parameters
    ----------
    kills
        What to kill.
    phase
        Asks which phase it is.
    """

    def __init__(self, kills: list[Kill], supervisor: Supervisor, log: RunLog, phase: Callable[[], str]) -> None:
        self._waiting = list(kills)
        self._supervisor = supervisor
        self._log = log
        self._phase = phase
        self._counted_from: dict[Kill, int] = {}
        self._killed: set[int | None] = set()
        self.done: list[dict[str, Any]] = []
        if kills:
            supervisor.on_tick.append(self._look)

    @property
    def missed(self) -> list[str]:
        """Kills whose moment never came."""
        return [f"{kill.service}@{kill.phase}" for kill in self._waiting]

    def _look(self) -> None:
        phase = self._phase()
        if not self._all_well():
            return
        for kill in [each for each in self._waiting if each.phase == ("backfill" if phase == "train" else phase)]:
            process = self._supervisor.processes.get(kill.process)
            if process is not None and process.running and self._in_the_middle(kill, process):
                logger.warning("killing {} (pid {}) on request", kill.process, process.pid)
                self.done.append({"service": kill.service, "phase": kill.phase, "pid": process.pid})
                process.kill()
                self._waiting.remove(kill)
                # Another one of the same service is for the process that comes next, once that has worked too.
                self._killed.add(process.pid)
                self._counted_from.pop(kill, None)
                return

    def _all_well(self) -> bool:
        """Whether every process runs or is done, and has for a moment."""
        processes = self._supervisor.processes.values()
        return all(
            process.finished or (self._runs(process) and self._supervisor.seconds_alive(process) >= _APART_S)
            for process in processes
        )

    def _runs(self, process: ManagedProcess) -> bool:
        """Whether it does; one that was killed is taken for running until somebody has looked."""
        return process.running and process.pid not in self._killed

    def _in_the_middle(self, kill: Kill, process: ManagedProcess) -> bool:
        if kill.process == "train":
            return self._supervisor.seconds_alive(process) >= _TRAINING_S
        if kill.service == "trades" or (kill.phase == "backfill" and "predictions" in up_to(kill.service)):
            progress = self._log.count(TRADES)
        else:
            progress = self._log.consumed(group_of(kill.service), INPUTS[kill.service])
        return progress - self._counted_from.setdefault(kill, progress) >= _AT_LEAST_RECORDS
