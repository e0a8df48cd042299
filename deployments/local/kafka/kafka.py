#!/usr/bin/env python3
"""Apache Kafka on this machine, without Docker: `kafka.py up`, `kafka.py status`, `kafka.py down`.

Needs Java 17 or newer, and Maven the first time. Listens on 127.0.0.1 only. Standard library only.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
VERSION = "4.1.1"
JARS = ROOT / ".tools" / "kafka" / VERSION
HOST = "127.0.0.1"
#: Any 16 bytes in URL-safe base 64: it only has to stay the same.
CLUSTER_ID = "dHJhZGVzdHJlYW0tbG9jYQ"
CONTROLLER_PORT_OFFSET = 1_000
OLDEST_JAVA = 17
START_SECONDS = 90.0
STOP_SECONDS = 30.0
HEAP = "-Xmx512m"


class KafkaError(Exception):
    """Something that the person at the keyboard can mend."""


@dataclass(frozen=True)
class Node:
    """One broker, which is a controller too.

    Parameters
    ----------
    number
        From 1.
    port
        Of its clients.
    folder
        Of its data, settings, log file and pid file.
    """

    number: int
    port: int
    folder: Path

    @property
    def controller_port(self) -> int:
        return self.port + CONTROLLER_PORT_OFFSET

    @property
    def settings(self) -> Path:
        return self.folder / "server.properties"

    @property
    def log(self) -> Path:
        return self.folder / "kafka.log"

    @property
    def pid_file(self) -> Path:
        return self.folder / "pid"

    def pid(self) -> int | None:
        """Return its process, None if it does not run; a pid that another program has by now is none."""
        try:
            pid = int(self.pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        told = subprocess.run(
            ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return pid if str(self.settings) in told.stdout else None


@dataclass(frozen=True)
class Options:
    """What may be chosen; see `kafka.py --help`."""

    brokers: int
    port: int
    folder: Path
    check_interval_ms: int | None

    @property
    def nodes(self) -> list[Node]:
        return [Node(n, self.port + n - 1, self.folder / f"broker-{n}") for n in range(1, self.brokers + 1)]


# --- up -----------------------------------------------------------------------------------------------------------


def up(options: Options) -> None:
    """Start what does not run yet, and return when every broker answers."""
    require_java()
    fetch_jars()
    waiting = [node for node in options.nodes if node.pid() is None]
    require_free_ports(waiting)
    for node in waiting:
        prepare(node, options)
    for node in waiting:
        launch(node)
    for node in options.nodes:
        wait_until_it_answers(node, len(options.nodes))
    print(f"Kafka {VERSION} answers at {address(options)}; its data is in {options.folder}")
    print(f"\n  export TRADESTREAM_BROKER_ADDRESS={address(options)}")
    if options.brokers > 1:
        print(f"  export TRADESTREAM_REPLICATION_FACTOR={options.brokers}")


def require_java() -> None:
    if shutil.which("java") is None:
        raise KafkaError(
            f"Java {OLDEST_JAVA} or newer is needed, and is not on the PATH (Debian: default-jre-headless)"
        )
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    version = told.split('"')[1] if '"' in told else ""
    major = version.split(".")[0].split("-")[0]
    if not major.isdigit() or int(major) < OLDEST_JAVA:
        raise KafkaError(f"expected Java {OLDEST_JAVA} or newer, was {version or told.strip() or 'unknown'}")


def fetch_jars() -> None:
    """Have Maven copy Kafka's jars into .tools/kafka, all of them or none."""
    if JARS.is_dir():
        return
    if shutil.which("mvn") is None:
        raise KafkaError("Maven is needed once, to fetch Kafka, and `mvn` is not on the PATH (Debian: maven)")
    print(f"fetching Kafka {VERSION} (about 45 MB) into {JARS}")
    JARS.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=JARS.parent) as folder:
        command = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
        command += [f"-DoutputDirectory={folder}/jars"]
        if subprocess.run(command, check=False).returncode != 0:
            raise KafkaError("Maven could not fetch Kafka's jars: see above")
        Path(folder, "jars").rename(JARS)


def require_free_ports(nodes: list[Node]) -> None:
    for port in [port for node in nodes for port in (node.port, node.controller_port)]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise KafkaError(f"port {port} is taken ({error.strerror}); choose another with --port") from error


def prepare(node: Node, options: Options) -> None:
    """Write the settings, and format the data folder if it is new."""
    node.folder.mkdir(parents=True, exist_ok=True)
    node.settings.write_text(server_properties(node, options))
    if (node.folder / "data" / "meta.properties").exists():
        return
    command = ["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(node.settings)]
    done = subprocess.run(java("-Xmx256m", *command), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise KafkaError(f"{node.folder} could not be formatted:\n{done.stdout}{done.stderr}")


def server_properties(node: Node, options: Options) -> str:
    """Return the settings of one broker; topics are created by their owners, never by a typing error."""
    copies = len(options.nodes)
    settings: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": node.number,
        "controller.quorum.voters": ",".join(f"{n.number}@{HOST}:{n.controller_port}" for n in options.nodes),
        "listeners": f"PLAINTEXT://{HOST}:{node.port},CONTROLLER://{HOST}:{node.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{node.port}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": node.folder / "data",
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": min(copies, 2),
        "offsets.topic.replication.factor": copies,
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": min(copies, 2),
        "transaction.state.log.num.partitions": 8,
        "group.initial.rebalance.delay.ms": 0,
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
    }
    if options.check_interval_ms is not None:
        settings["log.retention.check.interval.ms"] = options.check_interval_ms
        settings["log.initial.task.delay.ms"] = options.check_interval_ms
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def java(heap: str, *arguments: str) -> list[str]:
    logging = f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"
    return ["java", heap, logging, "-cp", f"{JARS}/*", *arguments]


def launch(node: Node) -> None:
    """Start the broker in a session of its own: it outlives this program and its terminal."""
    with node.log.open("ab") as log:
        process = subprocess.Popen(
            java(HEAP, "kafka.Kafka", str(node.settings)),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=node.folder,
        )  # fmt: skip
    node.pid_file.write_text(f"{process.pid}\n")


def wait_until_it_answers(node: Node, brokers: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while brokers_known_to(node) < brokers:
        if node.pid() is None:
            raise KafkaError(f"broker {node.number} ended; {node.log} says:\n{last_lines(node.log)}")
        if time.monotonic() > deadline:
            raise KafkaError(f"broker {node.number} does not answer after {START_SECONDS:g} s; see {node.log}")
        time.sleep(0.1)


def brokers_known_to(node: Node) -> int:
    """Return how many brokers are ready, as Kafka's own Metadata request (version 1, no topic) says; 0 if silent."""
    client = b"tradestream"
    request = struct.pack(">hhih", 3, 1, 1, len(client)) + client + struct.pack(">i", 0)
    try:
        with socket.create_connection((HOST, node.port), timeout=1.0) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = connection.recv(12, socket.MSG_WAITALL)
    except OSError:
        return 0
    return struct.unpack(">i", answer[8:12])[0] if len(answer) == 12 else 0


def last_lines(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-15:])


# --- down, status -------------------------------------------------------------------------------------------------


def down(options: Options) -> None:
    """Stop every broker of the folder; the data stays."""
    running = {node: pid for node in known_nodes(options) if (pid := node.pid()) is not None}
    for pid in running.values():
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while any(node.pid() is not None for node in running) and time.monotonic() < deadline:
        time.sleep(0.1)
    for node in running:
        if (pid := node.pid()) is not None:
            print(f"broker {node.number} did not stop in {STOP_SECONDS:g} s and is killed")
            os.kill(pid, signal.SIGKILL)
        node.pid_file.unlink(missing_ok=True)
    print(f"stopped {len(running)} broker(s); the data stays in {options.folder}" if running else "nothing runs")


def status(options: Options) -> None:
    """Say which brokers of the folder run and answer; exit with 1 unless all do."""
    nodes = known_nodes(options)
    answers = {node: brokers_known_to(node) if node.pid() is not None else 0 for node in nodes}
    for node, known in answers.items():
        state = f"pid {node.pid()}, knows {known} broker(s)" if node.pid() else "stopped"
        print(f"broker {node.number} at {HOST}:{node.port}: {state}")
    if not nodes:
        print(f"no broker in {options.folder}")
    if not nodes or not all(answers.values()):
        raise SystemExit(1)


def known_nodes(options: Options) -> list[Node]:
    """Return the brokers that the folder holds, whatever the options say; ports are read from their settings."""
    nodes = []
    for settings in sorted(options.folder.glob("broker-*/server.properties")):
        lines = dict(line.split("=", 1) for line in settings.read_text().splitlines())
        port = int(lines["advertised.listeners"].rpartition(":")[2])
        nodes.append(Node(int(lines["node.id"]), port, settings.parent))
    return nodes


def address(options: Options) -> str:
    return ",".join(f"{HOST}:{node.port}" for node in options.nodes)


def parse(arguments: list[str]) -> tuple[str, Options]:
    parser = argparse.ArgumentParser(description="Apache Kafka on this machine, on 127.0.0.1 only.")
    parser.add_argument("command", choices=("up", "down", "status"))
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1, help="three can lose one (default: 1)")
    parser.add_argument("--port", type=int, default=9092, help="of the first broker (default: 9092)")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "data" / "kafka", help="of the data (default: data/kafka)"
    )
    parser.add_argument("--check-interval-ms", type=int, help="how often retention is checked (Kafka: 5 minutes)")
    given = parser.parse_args(arguments)
    return given.command, Options(given.brokers, given.port, given.folder.resolve(), given.check_interval_ms)


def main(arguments: list[str]) -> int:
    """Run the command; 2 if something is missing or in the way."""
    command, options = parse(arguments)
    try:
        {"up": up, "down": down, "status": status}[command](options)
    except KafkaError as error:
        print(f"kafka: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
