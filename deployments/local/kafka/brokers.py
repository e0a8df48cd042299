"""The brokers of one folder: where they are, and the settings each is started with."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tls import BROKERS_NAME, MECHANISM, OPERATOR, Secrets

HOST = "127.0.0.1"
CONTROLLER_PORT_OFFSET = 1_000
#: Brokers copy from each other here when clients have a password; without TLS they use the clients' port.
REPLICATION_PORT_OFFSET = 2_000
#: How often, and how long apart, a process that is there is looked at until its arguments say whose it is.
_LOOKS, _LOOK_SECONDS = 5, 0.1


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
    secure
        Whether clients need TLS, a user and a password, and brokers a certificate.
    """

    number: int
    port: int
    folder: Path
    secure: bool = False

    @property
    def controller_port(self) -> int:
        return self.port + CONTROLLER_PORT_OFFSET

    @property
    def replication_port(self) -> int:
        return self.port + REPLICATION_PORT_OFFSET if self.secure else self.port

    @property
    def ports(self) -> set[int]:
        return {self.port, self.controller_port, self.replication_port}

    @property
    def secrets(self) -> Secrets:
        """Shared by all brokers."""
        return Secrets(self.folder.parent / "secrets")

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
        for _ in range(_LOOKS):
            told = subprocess.run(
                ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
            )
            if told.returncode != 0:
                return None
            if str(self.settings) in told.stdout:
                return pid
            time.sleep(_LOOK_SECONDS)  # in the moment of its exec a process has no arguments
        return None


@dataclass(frozen=True)
class Options:
    """What may be chosen; see `kafka.py --help`."""

    brokers: int
    port: int
    folder: Path
    check_interval_ms: int | None
    secure: bool = False

    @property
    def nodes(self) -> list[Node]:
        return [
            Node(n, self.port + n - 1, self.folder / f"broker-{n}", self.secure) for n in range(1, self.brokers + 1)
        ]

    @property
    def address(self) -> str:
        return ",".join(f"{HOST}:{node.port}" for node in self.nodes)


def known_nodes(folder: Path) -> list[Node]:
    """Return the brokers that `folder` holds, whatever the options say; ports are read from their settings."""
    nodes = []
    for settings in sorted(folder.glob("broker-*/server.properties")):
        lines = dict(line.split("=", 1) for line in settings.read_text().splitlines())
        port = int(lines["advertised.listeners"].split(",")[0].rpartition(":")[2])
        nodes.append(Node(int(lines["node.id"]), port, settings.parent, "authorizer.class.name" in lines))
    return nodes


def server_properties(node: Node, options: Options) -> str:
    """Return the settings of one broker; topics are created by their owners, never by a typing error."""
    copies = len(options.nodes)
    settings: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": node.number,
        "controller.quorum.voters": ",".join(f"{n.number}@{HOST}:{n.controller_port}" for n in options.nodes),
        "controller.listener.names": "CONTROLLER",
        **(_secured(node) if node.secure else _plain(node)),
        "log.dirs": node.folder / "data",
        "auto.create.topics.enable": "false",
        "unclean.leader.election.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": min(copies, 2),
        "offsets.topic.replication.factor": copies,
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": min(copies, 2),
        "transaction.state.log.num.partitions": 8,
        "group.initial.rebalance.delay.ms": 0,
        # Services commit their offsets synchronously: with the default each checkpoint stands still for 5 ms.
        "group.coordinator.append.linger.ms": 0,
        # Ten years: a group's offsets go a week after its service stopped, while its messages stay for ever.
        "offsets.retention.minutes": 5_256_000,
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
    }
    if options.check_interval_ms is not None:
        settings["log.retention.check.interval.ms"] = options.check_interval_ms
        settings["log.initial.task.delay.ms"] = options.check_interval_ms
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _plain(node: Node) -> dict[str, object]:
    clients = f"PLAINTEXT://{HOST}:{node.port}"
    return {
        "listeners": f"{clients},CONTROLLER://{HOST}:{node.controller_port}",
        "advertised.listeners": clients,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    }


def _secured(node: Node) -> dict[str, object]:
    """Clients come with a password, over TLS; brokers know each other by their certificate, which no client has.

    Without an entry that allows it nothing is allowed, except to the brokers and the operator.
    """
    advertised = f"SASL_SSL://{HOST}:{node.port},REPLICATION://{HOST}:{node.replication_port}"
    login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    return {
        "listeners": f"{advertised},CONTROLLER://{HOST}:{node.controller_port}",
        "advertised.listeners": advertised,
        "listener.security.protocol.map": "SASL_SSL:SASL_SSL,REPLICATION:SSL,CONTROLLER:SSL",
        "inter.broker.listener.name": "REPLICATION",
        "listener.name.replication.ssl.client.auth": "required",
        "listener.name.controller.ssl.client.auth": "required",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": node.secrets.brokers,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": node.secrets.authority,
        "sasl.enabled.mechanisms": MECHANISM,
        f"listener.name.sasl_ssl.{MECHANISM.lower()}.sasl.jaas.config": login,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:CN={BROKERS_NAME};User:{OPERATOR}",
    }
