"""A broker of one's own, run by the script that people run theirs with."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.shared import in_use, shared_folder

SCRIPT = Path(__file__).parents[2] / "deployments/local/kafka/kafka.py"
CHECK_INTERVAL_MS = 500
#: A broker of a test lives for seconds: the slow compiler would cost more than it ever saves.
JVM = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1"}


@dataclass(frozen=True)
class Broker:
    """A broker of one's own, or three."""

    folder: Path
    port: int
    brokers: int = 1
    secure: bool = False

    @property
    def users(self) -> Path | None:
        """The folder with each user's settings, where there are users."""
        return self.folder / "secrets" / "users" if self.secure else None

    @property
    def address(self) -> str:
        return ",".join(f"127.0.0.1:{self.port + number}" for number in range(self.brokers))

    def kill(self, number: int) -> None:
        """SIGKILL one broker, the first being 1."""
        os.kill(int((self.folder / f"broker-{number}" / "pid").read_text(encoding="utf-8")), signal.SIGKILL)

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        options = ["--port", str(self.port), "--folder", str(self.folder), "--brokers", str(self.brokers)]
        options += ["--check-interval-ms", str(CHECK_INTERVAL_MS), *(["--secure"] if self.secure else [])]
        return subprocess.run(
            [sys.executable, SCRIPT, command, *options],
            env=os.environ | JVM,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    @contextmanager
    def running(self) -> Iterator[Broker]:
        """It runs in the block; where there is no Java or no Maven the test is skipped."""
        self.start()
        try:
            yield self
        finally:
            self.run("down")

    def start(self) -> None:
        """Start it, or skip the test where it cannot be had."""
        if shutil.which("java") is None:
            pytest.skip("no Java on the PATH: Kafka cannot run here")
        done = self.run("up")
        if done.returncode != 0 and any(tool in done.stderr for tool in ("Maven", "Java", "openssl is needed")):
            pytest.skip(f"Kafka is not available here: {done.stderr.strip()}")
        assert done.returncode == 0, done.stdout + done.stderr

    def up(self) -> None:
        """Start it again."""
        done = self.run("up")
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def shared_broker(factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for all workers, each test with topics of its own; nobody stops it but the last to leave."""
    folder = shared_folder(factory, "broker")
    port = folder / "port"

    def broker() -> Broker:
        return Broker(folder / "kafka", int(port.read_text(encoding="utf-8")))

    def start() -> None:
        port.write_text(str(free_port()), encoding="utf-8")
        broker().start()

    with in_use(folder, start, lambda: broker().run("down")):
        yield broker()


def login(users: Path | None, user: str) -> dict[str, str]:
    """Return the settings with which `user` reaches the broker; none where it wants no user."""
    if users is None:
        return {}
    return dict(line.split("=", 1) for line in (users / f"{user}.env").read_text(encoding="utf-8").splitlines())


#: Below the ports that Linux gives to those who connect: while a broker is down, a client that tries its port again
#: and again could otherwise be given that very port, connect to itself and keep the broker from coming back.
_PORTS = range(15_000, 30_000)


def free_port() -> int:
    """Return a port that is free, as are the controller's, a thousand above, and the brokers', two thousand above."""
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as probe, socket.socket() as controller, socket.socket() as replication:
            try:
                for number, each in enumerate((probe, controller, replication)):
                    each.bind(("127.0.0.1", port + 1_000 * number))
            except OSError:
                continue
            return port
