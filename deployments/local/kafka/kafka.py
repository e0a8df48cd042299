#!/usr/bin/env python3
"""Apache Kafka on this machine, without Docker: `kafka.py up`, `kafka.py status`, `kafka.py down`.

Needs Java 17 or newer, Maven the first time, and openssl for `--secure`. Listens on 127.0.0.1 only. Standard library
only.
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
from pathlib import Path

from brokers import HOST, Node, Options, known_nodes, server_properties
from tls import MECHANISM, OPERATOR, OpensslError

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
VERSION = "4.1.1"
JARS = ROOT / ".tools" / "kafka" / VERSION
#: Any 16 bytes in URL-safe base 64: it only has to stay the same.
CLUSTER_ID = "dHJhZGVzdHJlYW0tbG9jYQ"
OLDEST_JAVA = 17
START_SECONDS = 90.0
STOP_SECONDS = 30.0
HEAP = "-Xmx512m"


class KafkaError(Exception):
    """Something that the person at the keyboard can mend."""


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
    print(f"Kafka {VERSION} answers at {options.address}; its data is in {options.folder}\n")
    if options.secure:
        print(
            f"  set -a; . {options.nodes[0].secrets.operator}; set +a   # as the operator: make topics, make access"
        )
    else:
        print(f"  export TRADESTREAM_BROKER_ADDRESS={options.address}")
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
        try:
            Path(folder, "jars").rename(JARS)
        except OSError:
            if not JARS.is_dir():  # else somebody else, who began at the same time, was first: theirs are the same
                raise


def require_free_ports(nodes: list[Node]) -> None:
    for port in sorted({port for node in nodes for port in node.ports}):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise KafkaError(f"port {port} is taken ({error.strerror}); choose another with --port") from error


def prepare(node: Node, options: Options) -> None:
    """Write the settings, and format the data folder if it is new."""
    if any(known.secure != node.secure for known in known_nodes(options.folder)):
        raise KafkaError(f"{options.folder} holds a Kafka {'without' if node.secure else 'with'} users; see --folder")
    node.folder.mkdir(parents=True, exist_ok=True)
    if node.secure:
        node.secrets.make(HOST, options.address)
    node.settings.write_text(server_properties(node, options))
    if not (node.folder / "data" / "meta.properties").exists():
        format_data(node)


def format_data(node: Node) -> None:
    command = ["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(node.settings)]
    with tempfile.TemporaryDirectory(dir=node.folder) as folder:
        if node.secure:  # in a file: what is on a command line everybody on the machine can read
            password = node.secrets.operators_password()
            arguments = Path(folder, "arguments")
            arguments.write_text(f"--add-scram\n{MECHANISM}=[name={OPERATOR},password={password}]\n")
            command.append(f"@{arguments}")
        done = subprocess.run(java("-Xmx256m", *command), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise KafkaError(f"{node.folder} could not be formatted:\n{done.stdout}{done.stderr}")


def java(heap: str, *arguments: str) -> list[str]:
    logging = f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"
    return ["java", heap, logging, "-cp", f"{JARS}/*", *arguments]


def launch(node: Node) -> None:
    """Start the broker in a session of its own: it outlives this program and its terminal."""
    with node.log.open("ab") as log:
        process = subprocess.Popen(
            java(HEAP, "kafka.Kafka", str(node.settings)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=node.folder,
        )
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
        with socket.create_connection((HOST, node.replication_port), timeout=1.0) as plain:
            # As a broker asks another one: that needs no password, so it also works with one that was forgotten.
            wrap = node.secrets.as_broker().wrap_socket if node.secure else None
            with wrap(plain, server_hostname=HOST) if wrap else plain as connection:
                connection.sendall(struct.pack(">i", len(request)) + request)
                answer = connection.makefile("rb").read(12)
    except OSError:
        return 0
    return struct.unpack(">i", answer[8:12])[0] if len(answer) == 12 else 0


def last_lines(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-15:])


# --- down, status -------------------------------------------------------------------------------------------------


def down(options: Options) -> None:
    """Stop every broker of the folder; the data stays."""
    running = {node: pid for node in known_nodes(options.folder) if (pid := node.pid()) is not None}
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
    nodes = known_nodes(options.folder)
    answers = {node: brokers_known_to(node) if node.pid() is not None else 0 for node in nodes}
    for node, known in answers.items():
        state = f"pid {node.pid()}, knows {known} broker(s)" if node.pid() else "stopped"
        print(f"broker {node.number} at {HOST}:{node.port}: {state}")
    if not nodes:
        print(f"no broker in {options.folder}")
    if not nodes or not all(answers.values()):
        raise SystemExit(1)


def parse(arguments: list[str]) -> tuple[str, Options]:
    parser = argparse.ArgumentParser(description="Apache Kafka on this machine, on 127.0.0.1 only.")
    parser.add_argument("command", choices=("up", "down", "status"))
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1, help="three can lose one (default: 1)")
    parser.add_argument("--port", type=int, default=9092, help="of the first broker (default: 9092)")
    parser.add_argument("--secure", action="store_true", help="TLS, users with passwords, and permissions")
    parser.add_argument("--folder", type=Path, help="of the data (default: data/kafka, secure: data/kafka-secure)")
    parser.add_argument("--check-interval-ms", type=int, help="how often retention is checked (Kafka: 5 minutes)")
    given = parser.parse_args(arguments)
    folder = given.folder or ROOT / "data" / ("kafka-secure" if given.secure else "kafka")
    return given.command, Options(given.brokers, given.port, folder.resolve(), given.check_interval_ms, given.secure)


def main(arguments: list[str]) -> int:
    """Run the command; 2 if something is missing or in the way."""
    command, options = parse(arguments)
    try:
        {"up": up, "down": down, "status": status}[command](options)
    except (KafkaError, OpensslError) as error:
        print(f"kafka: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
