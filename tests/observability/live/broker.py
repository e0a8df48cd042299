"""A real broker of the manifests' version that tells Prometheus what the manifests let it tell, and who counts lag.

The broker is Apache Kafka with Strimzi's metrics reporter and the `allowList` of deployments/platform/kafka/dev.
Kafka's exporter is a Go program that no package registry has: the two of its series that panels ask for are given
here, under its names and labels, from the broker's own offsets.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import yaml
from benchmarks.logs import CannotRunError
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec
from tests.observability.rule_files import PLATFORM, REPOSITORY
from tests.support.processes import free_port
from tests.support.waiting import wait_for

_HERE = Path(__file__).parent
_MANIFESTS = PLATFORM / "kafka"
_LOGGING = REPOSITORY / "deployments/local/kafka/log4j2.properties"
_CLUSTER_ID = "dHJhZGVzdHJlYW0tbWV0cg"
_READY_SECONDS = 120.0
_STOP_SECONDS = 30.0
_OF_EXPORTER = ("kafka_consumergroup_lag", "kafka_topic_partition_current_offset")
_PARTITIONS = 2
#: One that is read, and one that is not; a letter now and then.
_TOPICS = ("trades-dev", "candles-dev", "dead-letters.candles-dev")
#: Group -> what it reads. The first reads on, the second has stopped.
_READS = {"candles": "trades-dev", "indicators": "candles-dev"}
_WRITE_SECONDS = 0.5


@cache
def manifest(environment: str = "dev") -> dict[str, Any]:
    """Return the `spec.kafka` of an environment's cluster."""
    documents = yaml.safe_load_all((_MANIFESTS / environment / "kafka.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = next(each for each in documents if each["kind"] == "Kafka")["spec"]["kafka"]
    return found


def allowed(environment: str = "dev") -> list[str]:
    """Return the patterns of the metrics that an environment's brokers give."""
    return list(manifest(environment)["metricsConfig"]["values"]["allowList"])


@contextmanager
def measured_broker(folder: Path) -> Iterator[dict[str, str]]:
    """Run a broker that is written to and read from; yields the address of each who tells of it, by its part.

    Raises
    ------
    CannotRunError
        If there is no Java or Maven, or Maven cannot have it.
    """
    jars = _jars()
    with ExitStack() as stack:
        address, metrics = stack.enter_context(_broker(folder, jars))
        _make_topics(address)
        stack.enter_context(_traffic(address))
        exporter = stack.enter_context(_exporter(address))
        yield {"broker": metrics, "exporter": exporter}


def _jars() -> Path:
    version = str(manifest()["version"])
    folder = REPOSITORY / ".tools/kafka" / f"{version}-measured"
    if folder.is_dir():
        return folder
    if missing := [tool for tool in ("java", "mvn") if shutil.which(tool) is None]:
        raise CannotRunError(f"not on the PATH: {', '.join(missing)}; without them no broker tells of itself here")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        command = ["mvn", "-q", "-B", "-f", str(_HERE / "kafka.xml"), "dependency:copy-dependencies"]
        command += [f"-Dkafka.version={version}", f"-DoutputDirectory={place}/jars"]
        if subprocess.run(command, check=False).returncode != 0:
            raise CannotRunError(f"Maven could not fetch Kafka {version} with its metrics reporter: see above")
        Path(place, "jars").rename(folder)
    return folder


@contextmanager
def _broker(folder: Path, jars: Path) -> Iterator[tuple[str, str]]:
    folder.mkdir(parents=True)
    clients, controller, metrics = (f"127.0.0.1:{free_port()}" for _ in range(3))
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{clients},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{clients}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": folder / "data",
        **manifest()["config"],
        # As Strimzi's operator writes them for `metricsConfig`, with the names that the classes had in this version.
        "metric.reporters": "io.strimzi.kafka.metrics.KafkaPrometheusMetricsReporter",
        "kafka.metrics.reporters": "io.strimzi.kafka.metrics.YammerPrometheusMetricsReporter",
        "prometheus.metrics.reporter.listener": f"http://{metrics}",
        "prometheus.metrics.reporter.listener.enable": "true",
        "prometheus.metrics.reporter.allowlist": ",".join(allowed()),
    }
    file = folder / "server.properties"
    lines = (
        f"{name}={str(value).lower() if isinstance(value, bool) else value}\n" for name, value in settings.items()
    )
    file.write_text("".join(lines), encoding="utf-8")
    java = ["java", "-Xmx384m", f"-Dlog4j2.configurationFile={_LOGGING}", "-cp", f"{jars}/*"]
    with (folder / "kafka.log").open("ab") as log:
        command = [*java, "kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(file)]
        subprocess.run(command, check=True, stdout=log, stderr=log)
        process = subprocess.Popen([*java, "kafka.Kafka", str(file)], cwd=folder, stdout=log, stderr=log)
    try:
        told = lambda: f"the broker to tell of itself: {(folder / 'kafka.log').read_text()[-1_000:]}"  # noqa: E731
        wait_for(lambda: _tells(f"http://{metrics}/metrics"), told, _READY_SECONDS, of=process)
        yield clients, metrics
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def _as_java(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tells(url: str) -> bool:
    try:
        return "kafka_server_" in httpx.get(url, timeout=5).text
    except httpx.HTTPError:
        return False


def _make_topics(address: str) -> None:
    admin = AdminClient({"bootstrap.servers": address})
    made = admin.create_topics([NewTopic(name, _PARTITIONS, 1) for name in _TOPICS], request_timeout=60)
    for future in made.values():
        future.result()


@contextmanager
def _traffic(address: str) -> Iterator[None]:
    """Write to every topic; one group goes on reading, the other stops after what is there at the beginning."""
    stopped = threading.Event()
    producer = Producer({"bootstrap.servers": address})
    readers = {group: _reader(address, group, topic) for group, topic in _READS.items()}
    _write(producer, 0)
    for reader in readers.values():
        _read(reader)
    [ahead, _] = readers.values()

    def go_on() -> None:
        number = 0
        while not stopped.wait(_WRITE_SECONDS):
            _write(producer, number := number + 1)
            _read(ahead)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        for reader in readers.values():
            reader.close()


def _write(producer: Producer, number: int) -> None:
    for topic in _TOPICS:
        for partition in range(_PARTITIONS):
            producer.produce(topic, f"message {number}".encode(), partition=partition)
    assert producer.flush(30) == 0, "the broker took what was written"


def _reader(address: str, group: str, topic: str) -> Consumer:
    settings = {"bootstrap.servers": address, "group.id": group, "enable.auto.commit": False}
    reader = Consumer(settings)
    reader.assign([TopicPartition(topic, partition, 0) for partition in range(_PARTITIONS)])
    return reader


def _read(reader: Consumer) -> None:
    if any(message.error() is None for message in reader.consume(100, timeout=5)):
        reader.commit(asynchronous=False)


@contextmanager
def _exporter(address: str) -> Iterator[str]:
    admin = AdminClient({"bootstrap.servers": address})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = "".join(_exported(admin)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _exported(admin: AdminClient) -> Iterator[str]:
    """Yield lines as kafka_exporter 1.9 writes them, which is the one of Strimzi's images."""
    lag, offset = _OF_EXPORTER
    ends = _ends(admin)
    for (topic, partition), end in ends.items():
        yield f'{offset}{{partition="{partition}",topic="{topic}"}} {end}\n'
    for group in _READS:
        found = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result()
        for each in found.topic_partitions:
            behind = ends[each.topic, each.partition] - each.offset
            labels = f'consumergroup="{group}",partition="{each.partition}",topic="{each.topic}"'
            yield f"{lag}{{{labels}}} {behind}\n"


def _ends(admin: AdminClient) -> dict[tuple[str, int], int]:
    asked = {TopicPartition(topic, place): OffsetSpec.latest() for topic in _TOPICS for place in range(_PARTITIONS)}
    try:
        return {
            (each.topic, each.partition): future.result().offset for each, future in admin.list_offsets(asked).items()
        }
    except KafkaException as error:
        raise RuntimeError(f"the broker does not say where its topics end: {error}") from error
