"""One supervised operating-system process."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import psutil
from loguru import logger

from contracts.clock import Clock, SystemClock
from contracts.units import US_PER_SECOND
from streaming.telemetry.stacks import STACKS_SIGNAL

_PARENT_DEATH_GUARD = Path(__file__).with_name("parent_death_guard.py")
_ERROR = re.compile(r"\b(?:ERROR|CRITICAL)\b|^settings are wrong")
#: A line of our services' logs, in the one format they have in a run: time, level, service, words.
_TROUBLE = re.compile(r"^(?P<day>\S+) (?P<time>[\d:]+)\S* +(?:WARNING|ERROR|CRITICAL) +\S+ +(?P<words>.+)$")
#: What is tried again is tried within five minutes: a complaint that is older is over.
_TROUBLE_LASTS = timedelta(seconds=330)
_BYTES_PER_MB = 1_000_000
#: A process that is asked where it stands has so long to say it.
_STACKS_S = 1.0
#: A log file and the one before it.
_LOG_BYTES = 20 * _BYTES_PER_MB

Kind = Literal["service", "job"]


@dataclass(frozen=True)
class ProcessSpec:
    """What to start.

    Parameters
    ----------
    name
        Unique among the processes of a run; also the name of its log file.
    command
        Arguments after ``python -m``.
    environment
        Settings, added to the environment of this process.
    kind
        A `service` runs until it is stopped, a `job` until it has done its work.
    service
        The service this process belongs to (`trades` for ``trades-historical``); default its name.
    final_codes
        Exit codes besides 0 with which a job is over and is not started again.
    restartable
        False if a new start could not go on where the old one ended: then its death ends the run.
    folder
        Where it runs, and so which `local.env` it reads; by default where this process does.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    kind: Kind = "service"
    service: str = ""
    final_codes: tuple[int, ...] = ()
    restartable: bool = True
    folder: Path | None = None

    @property
    def belongs_to(self) -> str:
        """The service this process belongs to."""
        return self.service or self.name


@dataclass
class Usage:
    """What a process has used of the machine, over all its starts."""

    cpu_s: float = 0.0
    peak_rss_mb: float = 0.0
    rss_mb: float = 0.0
    cpu_pct: float = 0.0


class ManagedProcess:
    """A process, its log file and its history; `Supervisor` decides what happens to it.

    Parameters
    ----------
    spec
        What to start.
    log_path
        Standard output and error are appended here.
    clock
        By which a complaint is old.
    """

    def __init__(self, spec: ProcessSpec, log_path: Path, clock: Clock | None = None) -> None:
        self.spec = spec
        self._clock = clock or SystemClock()
        self.log_path = log_path
        self.restarts = 0
        self.failures_in_a_row = 0
        self.progress_at_failure: object = None
        self.exit_code: int | None = None
        self.started_at_s = 0.0
        self.restart_at_s: float | None = None
        self.usage = Usage()
        self._popen: subprocess.Popen[bytes] | None = None
        self._probe: psutil.Process | None = None
        self._cpu_of_earlier_starts_s = 0.0

    @property
    def pid(self) -> int | None:
        """Process id of the latest start."""
        return self._popen.pid if self._popen else None

    @property
    def running(self) -> bool:
        """Whether it was alive at the last `poll`."""
        return self._popen is not None and self._popen.returncode is None

    @property
    def finished(self) -> bool:
        """Whether it has ended and will not be started again."""
        return self._popen is not None and not self.running and self.restart_at_s is None

    def start(self, now_s: float) -> None:
        """Start it, tied to this process."""
        command = [
            sys.executable,
            "-I",
            "-S",
            str(_PARENT_DEATH_GUARD),
            str(os.getpid()),
            sys.executable,
            "-P",  # a folder of a user's own may have a trades.py or a features.py
            "-m",
            *self.spec.command,
        ]
        environment = os.environ | dict(self.spec.environment)  # noqa: TID251 - children inherit it
        with self.log_path.open("ab") as log:
            # A process group of its own: Ctrl-C reaches the supervisor only, which stops the others in flow order.
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                process_group=0,
                cwd=self.spec.folder,
            )
        self._cpu_of_earlier_starts_s = self.usage.cpu_s
        self._probe = None
        self.started_at_s, self.restart_at_s, self.exit_code = now_s, None, None

    def poll(self) -> int | None:
        """Return its exit code once it has ended; negative for a signal."""
        return self._popen.poll() if self._popen else None

    def measure(self) -> None:
        """Take note of what it uses now, and keep its log from growing for ever."""
        self._rotate_log()
        if not self.running or self._popen is None:
            self.usage.cpu_pct = self.usage.rss_mb = 0.0
            return
        try:
            self._probe = self._probe or psutil.Process(self._popen.pid)
            with self._probe.oneshot():
                times, memory = self._probe.cpu_times(), self._probe.memory_info()
                self.usage.cpu_pct = self._probe.cpu_percent()
        except psutil.Error:  # it ended between two polls; what was measured before stands
            return
        self.usage.cpu_s = self._cpu_of_earlier_starts_s + times.user + times.system
        self.usage.rss_mb = memory.rss / _BYTES_PER_MB
        self.usage.peak_rss_mb = max(self.usage.peak_rss_mb, self.usage.rss_mb)

    def _rotate_log(self) -> None:
        """Copy a large log to `<name>.log.1` and empty it: the process appends, so it writes on at the start."""
        try:
            if self.log_path.stat().st_size < _LOG_BYTES:
                return
            shutil.copyfile(self.log_path, self.log_path.with_name(self.log_path.name + ".1"))
            os.truncate(self.log_path, 0)
        except OSError as error:  # a full disk: the run goes on, and says so itself when it cannot
            logger.debug("{} is not rotated: {}", self.log_path, error)

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the process."""
        if self.poll() is None and self._popen is not None:
            self._popen.send_signal(signal.SIGTERM)

    def tell_stacks(self) -> None:
        """Have it write into its log where each of its threads stands; one of ours does so within moments."""
        if self.poll() is not None or self._popen is None:
            return
        written = self.log_path.stat().st_size
        self._popen.send_signal(STACKS_SIGNAL)
        deadline = time.monotonic() + _STACKS_S
        while self.poll() is None and self.log_path.stat().st_size == written and time.monotonic() < deadline:
            time.sleep(_STACKS_S / 100)

    def kill(self) -> None:
        """Send SIGKILL to the process and everything in its group."""
        if self.poll() is None and self._popen is not None:
            os.killpg(self._popen.pid, signal.SIGKILL)

    def wait(self, seconds: float) -> int | None:
        """Wait up to `seconds` and return the exit code, None if it still runs."""
        if self._popen is None:
            return None
        try:
            return self._popen.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return None

    def last_lines(self, count: int = 12) -> list[str]:
        """Return the end of its log, from its last error on if it has one there."""
        lines = self._end_of_log(16_384)
        errors = [place for place, line in enumerate(lines) if _ERROR.search(line)]
        return lines[errors[-1] :][:1] + lines[errors[-1] + 1 :][-count + 1 :] if errors else lines[-count:]

    def trouble(self) -> str | None:
        """Return its last line with the time (UTC) it was written, if that is a warning or an error, and not old."""
        lines = self._end_of_log(4_096) if self.running else []
        found = _TROUBLE.match(lines[-1]) if lines else None
        if found is None:
            return None
        said_at = datetime.fromisoformat(f"{found['day']}T{found['time']}+00:00")
        now = datetime.fromtimestamp(self._clock.now_us() / US_PER_SECOND, UTC)
        return f"{found['time']} {found['words']}" if now - said_at < _TROUBLE_LASTS else None

    def end_of_log(self) -> list[str]:
        """Return the whole lines at the end of its log, a screen of them."""
        return self._end_of_log(4_096)[1:]

    def _end_of_log(self, size: int) -> list[str]:
        if not self.log_path.exists():
            return []
        with self.log_path.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - size))
            return log.read().decode("utf-8", errors="replace").splitlines()
