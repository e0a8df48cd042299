"""A real Prometheus, a real Alertmanager, and somebody who is called by it."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import yaml
from tests.observability.live.run import APPS
from tests.observability.rule_files import ALERTMANAGER, RULES, program
from tests.support.processes import free_port
from tests.support.waiting import wait_for

#: As Debian names them.
PROGRAMS = ("prometheus", "prometheus-alertmanager")
#: Without it Debian's Alertmanager starts and ends.
_TEMPLATES = Path("/usr/share/prometheus/alertmanager/default.tmpl")
_READY_SECONDS = 60.0
_STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Monitoring:
    """Where Prometheus is, and what was delivered.

    Attributes
    ----------
    delivered
        The alerts that fired, by receiver.
    """

    prometheus: str
    delivered: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"page": [], "tickets": []})


@contextmanager
def monitoring(folder: Path, ports: Iterable[tuple[str, int]], kafka: Mapping[str, str]) -> Iterator[Monitoring]:
    """Run both with the rules and routes of the repository, scraping the services at `ports` and Kafka's pods."""
    with ExitStack() as stack:
        run = Monitoring(f"http://127.0.0.1:{free_port()}")
        receiver = stack.enter_context(_receiver(run.delivered))
        manager = stack.enter_context(_alertmanager(folder, receiver))
        stack.enter_context(_prometheus(folder, run.prometheus, manager, [*_of_services(ports), *_of_kafka(kafka)]))
        yield run


@contextmanager
def _receiver(delivered: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            delivered[self.path.rpartition("/")[2]] += body["alerts"]
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _alertmanager(folder: Path, receiver: str) -> Iterator[str]:
    # `url_file` is younger than Debian's Alertmanager: the address stands where the name of its file would.
    text = ALERTMANAGER.read_text(encoding="utf-8").replace("url_file: /", f"url: {receiver}/")
    configuration = folder / "alertmanager.yaml"
    configuration.write_text(text, encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus-alertmanager",
        f"--config.file={configuration}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with _server(command, folder / "alertmanager.log", f"http://{address}/-/ready"):
        yield address


def _of_services(ports: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"targets": [f"127.0.0.1:{port}"], "labels": {"app": APPS[name]}} for name, port in ports]


def _of_kafka(addresses: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the targets of Kafka with the labels that monitoring/pods.yaml leaves on them."""
    labels = {"namespace": "kafka", "strimzi_io_kind": "Kafka", "strimzi_io_cluster": "kafka-cluster"}
    return [
        {"targets": [address], "labels": {**labels, "kubernetes_pod_name": f"kafka-cluster-{part}"}}
        for part, address in addresses.items()
    ]


@contextmanager
def _prometheus(folder: Path, url: str, manager: str, targets: list[dict[str, Any]]) -> Iterator[None]:
    content = {
        "global": {"scrape_interval": "2s", "evaluation_interval": "5s"},
        "rule_files": [str(RULES / "*.yaml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [manager]}]}]},
        "scrape_configs": [{"job_name": "tradestream", "static_configs": targets}],
    }
    configuration = folder / "prometheus.yaml"
    configuration.write_text(yaml.safe_dump(content), encoding="utf-8")
    command = [
        "prometheus",
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address={url.removeprefix('http://')}",
    ]
    with _server(command, folder / "prometheus.log", f"{url}/-/ready"):
        yield


@contextmanager
def _server(command: list[str], log_path: Path, ready: str) -> Iterator[None]:
    with log_path.open("ab") as log:
        process = subprocess.Popen([str(program(command[0])), *command[1:]], stdout=log, stderr=log)
    try:
        what = lambda: f"{command[0]} to be ready: {log_path.read_text()[-1_000:]}"  # noqa: E731
        wait_for(lambda: _answers(ready), what, _READY_SECONDS, of=process)
        yield
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def missing_programs() -> list[str]:
    """Return what is not installed: one of the two, or what Debian's Alertmanager wants to find in its place."""
    missing = [name for name in PROGRAMS if program(name) is None]
    return (
        missing
        if _TEMPLATES.exists()
        else [*missing, f"{_TEMPLATES} (a link to .tools/prometheus{_TEMPLATES} will do)"]
    )
