"""Keeps processes alive: starts them, restarts what dies, stops all of them, leaves none behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from loguru import logger

from embedded.errors import ProcessFailedError, StopRequestedError
from embedded.process import ManagedProcess, ProcessSpec
from embedded.restart_policy import RestartPolicy
from embedded.terminal.hang_up import leave_terminal
from streaming.exit_codes import EXIT_BAD_SETTINGS, EXIT_WOULD_LOSE

_TICK_S = 0.05
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: What a process says that got no memory, whichever library says it.
_OUT_OF_MEMORY = re.compile(r"cannot allocate memory|failed to map segment|MemoryError|bad_alloc", re.IGNORECASE)
_MEASURE_EVERY_S = 1.0
#: uv passes on to its child what a whole group of processes was sent: one Ctrl-C comes twice.
_SAME_REQUEST_S = 0.3
#: A disk with less than this is full: what failed may have removed what it had half written.
_FULL_DISK_BYTES = 1 << 20


class Supervisor:
    """Runs processes until their work is done or something asks it to stop.

    There are no threads: whoever waits, waits through `wait_until`, which looks after the processes meanwhile.
    (Linux kills a child when the *thread* that started it ends, so one thread starts all of them.)

    Parameters
    ----------
    log_folder
        Each process appends to ``<name>.log`` in it.
    policy
        When to restart and when to give up.
    grace_s
        How long a process may take to end after SIGTERM.
    monotonic
        Clock for waiting and backoff.
    progress_of
        How far a process has come with its work, another value for every step. One that fails and comes no further is
        hopeless however long it lives each time; None: by how long it lived alone.
    """

    def __init__(
        self,
        log_folder: Path,
        policy: RestartPolicy | None = None,
        grace_s: float = 20.0,
        monotonic: Callable[[], float] = time.monotonic,
        progress_of: Callable[[ProcessSpec], object] | None = None,
    ) -> None:
        self.log_folder = log_folder
        self.processes: dict[str, ManagedProcess] = {}
        self.on_tick: list[Callable[[], None]] = []
        self._policy = policy or RestartPolicy()
        self._grace_s = grace_s
        self._monotonic = monotonic
        self._progress_of = progress_of
        self._stop_requested = False
        self._asked_at_s: float | None = None
        self._measured_at_s = 0.0
        log_folder.mkdir(parents=True, exist_ok=True)

    def start(self, spec: ProcessSpec) -> ManagedProcess:
        """Start a process and look after it from now on.

        A job may be started again under the same name once it has finished.

        Returns
        -------
        ManagedProcess
            It is also in `processes`.
        """
        process = ManagedProcess(spec, self.log_folder / f"{spec.name}.log")
        self.processes[spec.name] = process
        process.start(self._monotonic())
        logger.debug("started {} as pid {}", spec.name, process.pid)
        return process

    def wait_until(self, condition: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Look after the processes until `condition` holds; return False if that takes longer than `timeout_s`.

        Returns
        -------
        bool
            Whether `condition` holds.

        Raises
        ------
        StopRequestedError
            After Ctrl-C or SIGTERM.
        ProcessFailedError
            If a process cannot be kept alive.
        """
        deadline = None if timeout_s is None else self._monotonic() + timeout_s
        while True:
            self.tick()
            if condition():
                return True
            if deadline is not None and self._monotonic() >= deadline:
                return False
            time.sleep(_TICK_S)

    def wait_for_job(self, name: str) -> int:
        """Wait until job `name` has done its work and return its exit code.

        Returns
        -------
        int
            0, or one of the codes that are final for the job.
        """
        process = self.processes[name]
        self.wait_until(lambda: process.finished)
        return process.exit_code or 0

    def heed_stop(self) -> None:
        """Say that the request to stop is being met: waiting works again, and the next request is a new one."""
        self._stop_requested = False

    def seconds_alive(self, process: ManagedProcess) -> float:
        """Return how long ago the process was started last.

        Returns
        -------
        float
            Wall seconds.
        """
        return self._monotonic() - process.started_at_s

    def tick(self) -> None:
        """Look once after every process.

        Raises
        ------
        StopRequestedError
            After Ctrl-C or SIGTERM.
        ProcessFailedError
            If a process cannot be kept alive.
        """
        if self._stop_requested:
            raise StopRequestedError
        now_s = self._monotonic()
        for process in self.processes.values():
            self._look_after(process, now_s)
        if now_s - self._measured_at_s >= _MEASURE_EVERY_S:
            self._measured_at_s = now_s
            for process in self.processes.values():
                process.measure()
        for observer in self.on_tick:
            observer()

    def _look_after(self, process: ManagedProcess, now_s: float) -> None:
        if process.restart_at_s is not None:
            if now_s >= process.restart_at_s:
                process.start(now_s)
                process.restarts += 1
            return
        if process.exit_code is not None or process.pid is None:
            return
        code = process.poll()
        if code is not None:
            process.exit_code = code
            self._after_exit(process, code, now_s)

    def _after_exit(self, process: ManagedProcess, code: int, now_s: float) -> None:
        spec = process.spec
        if spec.kind == "job" and (code == 0 or code in spec.final_codes):
            return
        if code == EXIT_BAD_SETTINGS:
            problem = "a setting is wrong, so it was not started again"
            raise self._failure(process, problem, bad_setting=True)
        if code == EXIT_WOULD_LOSE:
            raise self._failure(process, "state or input would be lost, so it was not started again")
        if not spec.restartable:
            problem = f"ended ({describe_exit(code)}) and cannot go on where it was"
            raise self._failure(process, problem)
        if self._disk_is_full():
            raise self._failure(process, f"ended ({describe_exit(code)})")
        process.failures_in_a_row = self._policy.failures_in_a_row(
            process.failures_in_a_row, now_s - process.started_at_s, got_on=self._got_on(process)
        )
        if self._policy.gives_up(process.failures_in_a_row):
            problem = f"failed {process.failures_in_a_row} times in a row (last: {describe_exit(code)})"
            raise self._failure(process, problem)
        delay_s = self._policy.delay_s(process.failures_in_a_row)
        process.restart_at_s = now_s + delay_s
        logger.warning("{} ended ({}); starting it again in {:.1f} s", spec.name, describe_exit(code), delay_s)

    def _got_on(self, process: ManagedProcess) -> bool:
        """Return whether a process that failed did some work since it failed before."""
        if self._progress_of is None:
            return True
        before, process.progress_at_failure = process.progress_at_failure, self._progress_of(process.spec)
        return process.progress_at_failure != before

    def _disk_is_full(self) -> bool:
        disk = os.statvfs(self.log_folder)
        no_files_left = disk.f_files > 0 and disk.f_favail == 0
        return shutil.disk_usage(self.log_folder).free < _FULL_DISK_BYTES or no_files_left

    def _failure(self, process: ManagedProcess, problem: str, *, bad_setting: bool = False) -> ProcessFailedError:
        # On a full disk a process cannot even write into its log why it ended.
        if self._disk_is_full():
            problem += f": no space left in {self.log_folder}; free some space and run it again"
        lines = process.last_lines()
        if any(_OUT_OF_MEMORY.search(line) for line in process.last_lines(100)):
            problem += ": it got no memory; give this machine or container more, or run less beside it"
        return ProcessFailedError(process.spec.name, problem, process.log_path, lines, bad_setting=bad_setting)

    def stop(self, names: list[str] | None = None) -> None:
        """Stop `names` (all: in the order they were started), SIGTERM first, SIGKILL after the grace.

        They are stopped one after another, so a service has published what it holds before its reader stops.
        """
        stopping = [self.processes[name] for name in names] if names is not None else list(self.processes.values())
        for process in stopping:
            process.restart_at_s = None
            process.measure()
            process.ask_to_stop()
            if process.wait(self._grace_s) is None and process.running:
                logger.warning("{} did not stop within {:.0f} s; killed", process.spec.name, self._grace_s)
                process.kill()
                process.wait(self._grace_s)
            if process.exit_code is None:
                process.exit_code = process.poll()

    def kill_all(self) -> None:
        """SIGKILL whatever still runs."""
        for process in self.processes.values():
            process.restart_at_s = None
            process.kill()
        for process in self.processes.values():
            process.wait(self._grace_s)

    @contextmanager
    def running(self) -> Iterator[Supervisor]:
        """Handle signals meanwhile, and leave no process behind however the block ends.

        Yields
        ------
        Supervisor
            Itself.
        """
        # A hang-up is ignored where somebody saw to that (nohup); otherwise the terminal has gone, and it is a stop.
        asked = [name for name in _STOPS if signal.getsignal(name) is not signal.SIG_IGN]
        earlier = {name: signal.signal(name, self._request_stop) for name in asked}
        try:
            yield self
        finally:
            try:
                self.stop()
            finally:
                self.kill_all()
                for name, handler in earlier.items():
                    signal.signal(name, handler)

    def _request_stop(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            leave_terminal()
            self._stop_requested = True
            return
        now_s = self._monotonic()
        if self._asked_at_s is not None and now_s - self._asked_at_s < _SAME_REQUEST_S:
            return
        if self._stop_requested:  # a second time: the person does not want to wait
            raise KeyboardInterrupt
        self._stop_requested, self._asked_at_s = True, now_s


def describe_exit(code: int) -> str:
    """Return an exit code in words.

    Examples
    --------
    >>> describe_exit(-9), describe_exit(1)
    ('killed by SIGKILL', 'exit code 1')
    """
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
