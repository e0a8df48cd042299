"""A registry on a socket, and one in front of it that misbehaves: faults as a client meets them, on the wire."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

API, ARTIFACTS = "/api/2.0/mlflow", "/api/2.0/mlflow-artifacts/artifacts"
#: Whoever is asked by a test that is over lets go.
_LET_GO_SECONDS = 60.0
_DIRECT = build_opener(ProxyHandler({}))


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler], port: int = 0) -> Iterator[str]:
    """Serve with `handler` while the block runs; yield the address."""
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    server.block_on_close = False
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing: a test that fails says enough."""

    def answer(self, status: int, body: bytes, said_bytes: int | None = None) -> None:
        """Send `body`; `said_bytes` is how long it claims to be, -1 for no claim."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if said_bytes != -1:
            self.send_header("Content-Length", str(len(body) if said_bytes is None else said_bytes))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True


def registry_of(database: str, artifacts: Path) -> type[BaseHTTPRequestHandler]:
    """Return what speaks as an MLflow server does, of the registry in a database and a folder of files.

    It has the requests that fetching makes. `tests/predictions/test_registry_faults.py` asks the real one as well.
    """
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    client = MlflowClient(database, database)

    class Registry(_Quiet):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            given = {name: values[0] for name, values in parse_qs(asked.query).items()}
            if asked.path.startswith(ARTIFACTS):
                return self._files(unquote(asked.path.removeprefix(ARTIFACTS)).strip("/"), given.get("path", ""))
            try:
                self.answer(200, json.dumps(self._found(asked.path.removeprefix(API), given)).encode())
            except MlflowException as error:
                self.answer(error.get_http_status_code(), error.serialize_as_json().encode())
            except KeyError:
                self.answer(404, b"{}")

        def do_POST(self) -> None:
            """Answer what listing a folder asks beside: models that were logged on their own. There are none."""
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.answer(200, b"{}")

        def _found(self, path: str, given: dict[str, str]) -> dict[str, Any]:
            if path == "/registered-models/alias":
                return _version(client.get_model_version_by_alias(given["name"], given["alias"]))
            if path == "/model-versions/get":
                return _version(client.get_model_version(given["name"], given["version"]))
            if path == "/runs/get":
                run = client.get_run(given["run_id"]).info
                where = f"mlflow-artifacts:/{Path(urlsplit(run.artifact_uri).path).relative_to(artifacts)}"
                info = {"run_id": run.run_id, "run_uuid": run.run_id, "experiment_id": run.experiment_id}
                return {"run": {"info": {**info, "status": run.status, "artifact_uri": where}, "data": {}}}
            raise KeyError(path)

        def _files(self, file: str, folder: str) -> None:
            if file:
                place = artifacts / file
                return self.answer(200, place.read_bytes()) if place.is_file() else self.answer(404, b"{}")
            place = artifacts / folder
            listed = [
                {"path": each.name, "is_dir": each.is_dir(), "file_size": each.stat().st_size}
                for each in (sorted(place.iterdir()) if place.is_dir() else ())
            ]
            return self.answer(200, json.dumps({"files": listed}).encode())

    return Registry


def _version(found: Any) -> dict[str, Any]:
    tags = [{"key": name, "value": value} for name, value in found.tags.items()]
    fields = {"name": found.name, "version": str(found.version), "run_id": found.run_id, "source": found.source}
    return {"model_version": {**fields, "status": found.status, "tags": tags}}


class Misbehaving:
    """What stands in front of a registry and does to answers what networks and servers do.

    Attributes
    ----------
    fault
        `""` for none; `silent`: accepts and never answers; `trickling`: a byte now and then, for ever; `cut`: half of
        `model.onnx`, then the connection ends; `short`: the same, and nothing had said how long it is.
    address
        Where it listens.
    """

    def __init__(self, upstream: str) -> None:
        self.fault = ""
        self.address = ""
        self._upstream = upstream
        self._over = threading.Event()

    @contextmanager
    def listening(self, port: int = 0) -> Iterator[Misbehaving]:
        """Listen while the block runs."""
        outer = self

        class Handler(_Quiet):
            def do_GET(self) -> None:
                outer._pass_on(self, None)

            def do_POST(self) -> None:
                outer._pass_on(self, self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        with listening(Handler, port) as self.address:
            try:
                yield self
            finally:
                self._over.set()

    def _pass_on(self, asked: _Quiet, content: bytes | None) -> None:
        fault = self.fault
        if fault == "silent":
            self._over.wait(_LET_GO_SECONDS)
            return
        if fault == "trickling":
            asked.wfile.write(b"HTTP/1.1 200 OK\r\nX-Trickle: ")
            while not self._over.wait(0.1):
                asked.wfile.write(b"x")
            return
        try:
            headers = {"Content-Type": "application/json"}
            request = Request(self._upstream + asked.path, data=content, headers=headers)
            with _DIRECT.open(request, timeout=30) as response:
                status, body = response.status, response.read()
        except HTTPError as error:
            status, body = error.code, error.read()
        half = body[: len(body) // 2]
        broken = fault in ("cut", "short") and asked.path.startswith(ARTIFACTS) and asked.path.endswith("model.onnx")
        if broken:
            asked.answer(status, half, len(body) if fault == "cut" else -1)
        else:
            asked.answer(status, body)
