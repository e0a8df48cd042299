"""Digests of public images, asked of a registry that runs here, recorded, and taken by all that names the images."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import charts
import pytest
import registry
import yaml
from tests.support.workspace import ROOT

DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
GIVEN = "for-anybody"


class FakeRegistry(BaseHTTPRequestHandler):
    """Answers as a registry of version 2 does: who asks for a manifest without a token is told where to have one."""

    digests: ClassVar[dict[str, str]] = {}
    #: Where it says that tokens are; its own place by default.
    challenge: ClassVar[str | None] = None

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/token":
            return self._say(200, {}, json.dumps({"token": GIVEN}))
        if self.headers.get("Authorization") != f"Bearer {GIVEN}":
            realm = f'realm="http://{self.headers["Host"]}/token"' if self.challenge is None else self.challenge
            return self._say(401, {"WWW-Authenticate": f'Bearer {realm},service="fake",scope="pull"'})
        name, _, tag = path.removeprefix("/v2/").partition("/manifests/")
        found = self.digests.get(f"{name}:{tag}")
        return self._say(200, {"Docker-Content-Digest": found}, "{}") if found else self._say(404, {})

    def _say(self, status: int, headers: dict[str, str], body: str = "") -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def place() -> Iterator[str]:
    """Where the registry listens."""
    FakeRegistry.digests, FakeRegistry.challenge = {}, None
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeRegistry)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what names images, which may be changed."""
    for folder in ("docker", "deployments/platform"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.setattr(charts, "ROOT", tmp_path)
    monkeypatch.setattr(charts, "PLATFORM", tmp_path / "deployments/platform")
    monkeypatch.setattr(charts, "VERSIONS", tmp_path / "deployments/platform/versions.json")
    return tmp_path


@pytest.fixture
def at(place: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every image is asked for in the registry that runs here."""
    asked = registry.place_of
    monkeypatch.setattr(registry, "place_of", lambda image: (place, asked(image)[1]))
    return place


def filled(digest: str = DIGEST) -> None:
    named = {registry.place_of(image)[1]: charts.tag(image) for image in charts.images()}
    FakeRegistry.digests = {f"{name}:{tag}": digest for name, tag in named.items()}


def test_a_tag_is_asked_for_as_anybody(place: str) -> None:
    FakeRegistry.digests = {"grafana/loki:3.7.6": DIGEST}
    assert registry.digest_of(f"{place}/grafana/loki", "3.7.6") == DIGEST
    with pytest.raises(registry.RegistryError, match=r"loki:9: 127.0.0.1:\d+ was asked and said HTTP Error 404"):
        registry.digest_of(f"{place}/grafana/loki", "9")
    FakeRegistry.digests = {"grafana/loki:3.7.6": "md5:1"}
    with pytest.raises(registry.RegistryError, match=r"expected sha256: and 64 digits of .*, was 'md5:1'"):
        registry.digest_of(f"{place}/grafana/loki", "3.7.6")


@pytest.mark.parametrize("challenge", ['realm="file:///etc/passwd"', 'mlaer="http://127.0.0.1/token"'])
def test_a_registry_cannot_send_us_elsewhere_than_to_a_server(place: str, challenge: str) -> None:
    FakeRegistry.challenge = challenge
    with pytest.raises(registry.RegistryError, match=r"loki:1: 127.0.0.1:\d+ was asked and said"):
        registry.digest_of(f"{place}/grafana/loki", "1")


@pytest.mark.parametrize(
    ("image", "where"),
    [
        ("postgres", ("registry-1.docker.io", "library/postgres")),
        ("docker.io/prom/prometheus", ("registry-1.docker.io", "prom/prometheus")),
        ("ghcr.io/kafbat/kafka-ui", ("ghcr.io", "kafbat/kafka-ui")),
        ("localhost/mine", ("localhost", "mine")),
    ],
)
def test_an_image_is_looked_for_where_docker_looks(image: str, where: tuple[str, str]) -> None:
    assert registry.place_of(image) == where


def test_what_is_recorded_is_taken_by_all_that_name_the_image(table: Path, at: str) -> None:
    without = _named(table)
    filled()
    node = charts.digest("kindest/node")
    FakeRegistry.digests[f"kindest/node:{charts.tag('kindest/node')}"] = node
    assert charts.main(["digests"]) == 0
    assert charts.unpinned() == [] and charts.main(["digests", "--recorded"]) == 0
    assert charts.images()["postgres"] == f"17.11@{DIGEST}"
    named = _named(table)
    assert named == [f"{image}@{DIGEST}" for image in without] and len(named) > 10
    for release, words in {
        "kafka-ui": f"image.tag={charts.tag('ghcr.io/kafbat/kafka-ui')}@{DIGEST}",
        "risingwave": f"image.digest={DIGEST}",
        "prometheus": f"prometheus.prometheusSpec.image.sha={'a' * 64}",
        "grafana": f"image.sha={'a' * 64}",
    }.items():
        assert words in charts.arguments(release, "dev"), release
        assert not [word for word in charts.arguments(release, "dev") if word.endswith("=")]


def _named(folder: Path) -> list[str]:
    """Return the images of the table as compose.yaml and the manifests name them."""
    texts = [file.read_text(encoding="utf-8") for pattern in charts.NAMING for file in sorted(folder.glob(pattern))]
    values = [value for text in texts for each in yaml.safe_load_all(text) for value in _images(each)]
    return [value for value in values if value.partition(":")[0] in charts.images()]


def _images(inside: Any) -> Iterator[str]:
    if isinstance(inside, dict):
        for key, value in inside.items():
            yield from [value] if key == "image" and isinstance(value, str) else _images(value)
    elif isinstance(inside, list):
        for value in inside:
            yield from _images(value)


def test_a_moved_tag_is_told_and_what_was_recorded_stays(table: Path, at: str, capsys) -> None:
    filled()
    charts.main(["digests"])
    filled(OTHER)
    assert charts.main(["digests"]) == 1
    assert f"postgres:17.11 is {OTHER} now, and was {DIGEST}: somebody has moved the tag" in capsys.readouterr().out
    assert charts.digest("postgres") == DIGEST


def test_what_has_none_is_named(table: Path, at: str, capsys: pytest.CaptureFixture[str]) -> None:
    filled()
    charts.main(["digests"])
    charts.VERSIONS.write_text(charts.VERSIONS.read_text().replace(f"17.11@{DIGEST}", "17.11"))
    capsys.readouterr()
    assert charts.main(["digests", "--recorded"]) == 1
    assert capsys.readouterr().out == "postgres:17.11 has no digest\n"


def test_nothing_is_recorded_where_a_registry_is_not_reached(table: Path, at: str, capsys) -> None:
    before = charts.VERSIONS.read_bytes()
    filled()
    del FakeRegistry.digests[f"library/postgres:{charts.tag('postgres')}"]
    assert charts.main(["digests"]) == 1
    assert "postgres:17.11: " in capsys.readouterr().err
    assert charts.VERSIONS.read_bytes() == before


def test_what_names_images_is_as_the_table_has_it() -> None:
    for pattern in charts.NAMING:
        for file in ROOT.glob(pattern):
            text = file.read_text(encoding="utf-8")
            assert charts.pinned(text) == text, f"{file}: make image-digests"
