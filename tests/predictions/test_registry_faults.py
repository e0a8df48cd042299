"""What serving does when the registry, the way to it, what it holds or the disk is broken: at its start, and later.

The faults of the way are those of sockets; behind them answers the registry of these tests, or in the long tests an
MLflow server. The table is in `services/predictions/README.md`.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
import onnx
import pytest
from loguru import logger
from onnx import numpy_helper
from tests.chaos.small_disk import NoSmallDiskError, filled, small_disk
from tests.predictions.registry_server import Misbehaving, listening, registry_of
from tests.support.champion import Champion as Trained
from tests.support.champion import only
from tests.support.model_commands import settings_of
from tests.support.processes import free_port, start_service
from tests.support.waiting import GIVE_UP_SECONDS, wait_for
from tests.support.workspace import ROOT

from contracts.errors import BadInputError
from modeling.own_model import made_up
from modeling.patience import within
from modeling.registered import NoModelError, RegistryUnavailableError, StoredModel
from modeling.registry import ModelRegistry
from predictions import metrics
from predictions.last_good import LastGood
from predictions.promotions import Promotions
from predictions.serve import serve
from predictions.served_model import load_champion, load_version
from predictions.settings import PredictionsSettings
from predictions.speakers import Champion
from streaming.exit_codes import EXIT_FAILED, EXIT_NO_MODEL, EXIT_UNSUITABLE_MODEL

#: The first of those with MLflow waits for its packages.
pytestmark = pytest.mark.timeout(900)

#: A machine that others use is slower.
SLOWER = 3
#: From its start on, until something speaks: what the README promises.
SECONDS_TO_SPEAK = 10
#: On the way: what the client meets on its socket, and where what it fetches goes.
WAY = ("down", "silent", "trickling", "cut", "short")


class Shelf:
    """A model of its own name in a registry, with versions that may be broken.

    Attributes
    ----------
    name
        Of the model; version 1 is whole and promoted.
    registry
        Where it is.
    """

    def __init__(self, place: Place, stored: StoredModel, name: str) -> None:
        self.name = name
        self.registry = ModelRegistry(place.uri)
        self._place = place
        self._stored = stored
        self.promote(self.add())

    def add(self, change: Callable[[StoredModel], StoredModel] | None = None, **card: object) -> int:
        """Register another version."""
        stored = self._stored if change is None else change(self._stored)
        number = len(self.registry.versions(self.name)) + 1
        named = stored.card.model_copy(update={"model_name": self.name, "seed": number, **card})
        return self.registry.register(
            named,
            stored.onnx,
            {},
            example=made_up(self._stored.card)[-2:],
            experiment="registry faults",
            artifact_location=None if self._place.uri.startswith("http") else self._place.artifacts.as_uri(),
        )

    def promote(self, version: int) -> None:
        self.registry.promote(self.name, version, "champion")

    def file(self, version: int, name: str) -> Path:
        """Where a file of a version lies."""
        run = self.registry._client.get_model_version(self.name, str(version)).run_id or ""
        where = self.registry._client.get_run(run).info.artifact_uri
        return self._place.artifacts / re.sub("^(mlflow-artifacts:/|.*/mlartifacts/)", "", where) / "model" / name


class Place(NamedTuple):
    """A registry: how it is written to, where it listens, and where its files lie."""

    uri: str
    address: str
    artifacts: Path


@pytest.fixture(scope="module", params=["socket", pytest.param("MLflow", marks=pytest.mark.long)])
def place(
    request: pytest.FixtureRequest, champion: Trained, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    if request.param == "socket":
        artifacts = champion.settings.data_dir / "mlartifacts"
        with listening(registry_of(champion.settings.tracking_uri, artifacts)) as address:
            yield Place(champion.settings.tracking_uri, address, artifacts)
        return
    folder = tmp_path_factory.mktemp("mlflow")
    with mlflow_server(folder) as address:
        yield Place(address, address, folder / "artifacts")


@contextmanager
def mlflow_server(folder: Path, backend: str = "", destination: str = "", **environment: str) -> Iterator[str]:
    """Run MLflow's own server, from an environment of its own, which is downloaded the first time.

    By default it keeps everything in `folder`.
    """
    local = ROOT / ".tools" / "bin" / "uv"
    uv = str(local) if local.exists() else shutil.which("uv")
    if uv is None:
        pytest.skip("needs uv")
    port = free_port()
    requirements = ["--with-requirements", str(ROOT / "docker" / "mlflow.requirements.txt")]
    stores = [
        "--backend-store-uri",
        backend or f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        destination or f"{folder}/artifacts",
    ]
    server = subprocess.Popen(
        [
            *(uv, "run", "--quiet", "--no-project", "--isolated", *requirements, "mlflow", "server", *stores),
            *("--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        ],
        env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"} | environment,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _answers(address), "MLflow to answer", of=server, seconds=800, poll_seconds=1)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", trust_env=False, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture
def shelf(champion: Trained, place: Place, request: pytest.FixtureRequest) -> Shelf:
    stored = ModelRegistry(champion.settings.tracking_uri).load("direction", 1)
    return Shelf(place, stored, re.sub("[^A-Za-z0-9]+", "-", request.node.name).strip("-"))


@pytest.fixture
def front(place: Place) -> Iterator[Misbehaving]:
    """A registry behind what may misbehave."""
    with Misbehaving(place.address).listening() as misbehaving:
        yield misbehaving


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    said: list[str] = []
    sink = logger.add(lambda message: said.append(message.record["message"]), level="WARNING")
    yield said
    with suppress(ValueError):  # a service that was started has put its own in the place of all
        logger.remove(sink)


@contextmanager
def broken(fault: str, front: Misbehaving, folder: Path) -> Iterator[str]:
    """Break the way while the block runs; yield the address at which the registry is asked for."""
    if fault == "down":
        yield f"http://127.0.0.1:{free_port()}"
    elif fault == "full disk":
        try:
            with small_disk(folder / "disk", 1) as disk, filled(disk), pytest.MonkeyPatch.context() as patch:
                patch.setattr(tempfile, "tempdir", str(disk))
                yield front.address
        except NoSmallDiskError as error:
            pytest.skip(str(error))
    else:
        front.fault = fault
        yield front.address
        front.fault = ""


def asking(front: Misbehaving, shelf: Shelf, folder: Path, **changes: Any) -> PredictionsSettings:
    return PredictionsSettings(
        data_dir=folder / "data", mlflow_uri=front.address, model_name=shelf.name, challenger="", **changes
    )


@pytest.mark.parametrize("fault", WAY)
def test_at_the_start_the_model_that_was_served_last_speaks(fault, front, shelf, warnings, tmp_path: Path) -> None:
    settings = asking(front, shelf, tmp_path)
    assert load_champion(settings).facts.version == 1
    shelf.promote(shelf.add())
    with broken(fault, front, tmp_path) as address:
        # As if the server of the address had gone: what is kept is found by name and alias.
        started = time.monotonic()
        model = load_champion(settings.model_copy(update={"mlflow_uri": address}))
        assert time.monotonic() - started < SECONDS_TO_SPEAK * SLOWER
        assert model.facts.version == 1
    assert [each for each in warnings if each.endswith("the model that was served here last is served again")]
    assert load_champion(settings).facts.version == 2, "mended"


@pytest.mark.parametrize("fault", ["down", "cut", "short"])
def test_a_start_without_a_model_that_was_served_ends_with_1(fault, front, shelf, tmp_path: Path) -> None:
    """It is another code than that of no model: another try may do."""
    settings = asking(front, shelf, tmp_path)
    with broken(fault, front, tmp_path) as address:
        asked = settings.model_copy(update={"mlflow_uri": address})
        with pytest.raises(RegistryUnavailableError, match=r"did not arrive|broke off|cannot be asked"):
            load_champion(asked)
        assert serve(asked) == EXIT_FAILED


def test_a_full_disk_keeps_no_version_from_its_way(front, shelf, tmp_path: Path) -> None:
    """Unless something is not as it should be, which is MLflow's to say, and it needs room for that."""
    settings = asking(front, shelf, tmp_path)
    with broken("full disk", front, tmp_path) as address:
        assert load_champion(settings.model_copy(update={"mlflow_uri": address})).facts.version == 1
        front.fault = "short"
        with pytest.raises(RegistryUnavailableError, match=r"cannot be asked"):
            load_version(settings, 1)
        front.fault = ""


@pytest.mark.parametrize("fault", WAY)
def test_while_serving_nothing_changes_until_the_way_is_mended(fault, front, shelf, warnings, tmp_path) -> None:
    settings = asking(front, shelf, tmp_path)
    speaks = only(load_champion(settings))
    looks = Promotions(speaks, settings)
    shelf.promote(shelf.add())
    with broken(fault, front, tmp_path) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        away = looks if address == settings.mlflow_uri else Promotions(speaks, asking_at(address, settings))
        for _ in range(2):
            look_once(away, front)
        assert speaks.model.facts.version == 1
    told = [each for each in warnings if "version 1 goes on" in each]
    assert len(told) == (0 if fault == "trickling" else 1), "said once, not at each look"
    looks.look()
    assert speaks.model.facts.version == 2, "a version that did not arrive is no bad version"


def test_a_registry_that_is_down_is_told_in_a_line(front, shelf, tmp_path: Path) -> None:
    """Not in 450 letters of who called whom."""
    address = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(RegistryUnavailableError) as down:
        ModelRegistry(address).version_of("direction", "champion")
    assert str(down.value) == f"the model registry at {address} cannot be asked: Connection refused"


def asking_at(address: str, settings: PredictionsSettings) -> PredictionsSettings:
    return settings.model_copy(update={"mlflow_uri": address})


def look_once(looks: Promotions, front: Misbehaving) -> None:
    """Look, in a thread as the service does; one that is never answered is left behind."""
    never = front.fault == "trickling"
    try:
        within(3.0 if never else GIVE_UP_SECONDS, looks.look, "the look")
    except RegistryUnavailableError:
        assert never


def test_rows_do_not_wait_for_a_registry_that_never_answers(front, shelf, warnings, tmp_path: Path) -> None:
    """The version that spoke last is asked for while a row waits, where the new one was trained on that row."""
    settings = asking(front, shelf, tmp_path)
    model = load_champion(settings)
    newer = replace(model, facts=replace(model.facts, version=2, trained_to_ms=model.facts.trained_to_ms + 1))
    speaks = Champion(newer, lambda version: load_version(settings, version))
    front.fault = "silent"
    started = time.monotonic()
    assert speaks.version(1) is None
    assert time.monotonic() - started < SECONDS_TO_SPEAK * SLOWER
    assert "did not answer within" in warnings[-1]


def _altered(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


def _of_nan(stored: StoredModel) -> StoredModel:
    graph = onnx.load_from_string(stored.onnx)
    for weight in graph.graph.initializer:
        if weight.name == "head_weight":
            nothing = np.full(numpy_helper.to_array(weight).shape, np.nan, dtype=np.float32)
            weight.CopyFrom(numpy_helper.from_array(nothing, weight.name))
    return replace(stored, onnx=graph.SerializeToString())


#: What is registered, and what is said of it.
CONTENT: dict[str, tuple[Callable[[Shelf], int], str]] = {
    "model.onnx altered": (lambda shelf: _then(shelf, "model.onnx", _altered), "what was registered, sha256"),
    "model.onnx truncated": (
        lambda shelf: _then(shelf, "model.onnx", lambda file: os.truncate(file, 200)),
        "what was registered, sha256",
    ),
    "card altered": (lambda shelf: _then(shelf, "model.json", _altered), "what was registered, sha256"),
    "weights NaN": (lambda shelf: shelf.add(_of_nan), "finite numbers"),
    "wrong width": (lambda shelf: _narrow(shelf), "inputs"),
    "wrong inputs": (lambda shelf: shelf.add(input_set="another"), "input_set of model"),
}


def _then(shelf: Shelf, name: str, change: Callable[[Path], None]) -> int:
    version = shelf.add()
    change(shelf.file(version, name))
    return version


def _narrow(shelf: Shelf) -> int:
    """Name one input less than the model takes, as a card made by hand may."""
    from modeling.input_list import input_list

    fewer = input_list(shelf._stored.card.input_names[:-1])
    return shelf.add(input_names=fewer.names, input_set=fewer.id)


@pytest.mark.parametrize("fault", CONTENT)
def test_what_cannot_be_served_is_refused_at_the_start(fault, front, shelf, warnings, tmp_path: Path) -> None:
    """Where a model was served before that one goes on, as while serving; where none was the start is refused."""
    settings = asking(front, shelf, tmp_path)
    assert load_champion(settings).facts.version == 1
    make, words = CONTENT[fault]
    bad = make(shelf)
    shelf.promote(bad)
    model = load_champion(settings)
    assert model.facts.version == 1
    (told,) = [each for each in warnings if each.startswith("not serving what was promoted as champion")]
    assert words in told and told.endswith("the model that was served here last is served again")
    assert metrics.PROMOTED_REFUSED.labels(model=shelf.name)._value.get() == 1
    speaks = only(model)
    looks = Promotions(speaks, settings)
    looks.look()
    assert (speaks.model.facts.version, metrics.PROMOTED_REFUSED.labels(model=shelf.name)._value.get()) == (1, 1)
    shelf.promote(1)
    looks.look()
    assert metrics.PROMOTED_REFUSED.labels(model=shelf.name)._value.get() == 0, "rolled back"
    shelf.promote(bad)
    elsewhere = settings.model_copy(update={"data_dir": tmp_path / "nothing kept"})
    with pytest.raises(BadInputError) as refused:
        load_champion(elsewhere)
    assert words in str(refused.value)
    assert serve(elsewhere) == EXIT_UNSUITABLE_MODEL
    nobody = asking_at(f"http://127.0.0.1:{free_port()}", settings)
    assert load_champion(nobody).facts.version == 1, "what cannot speak is not kept in the place of what can"


@pytest.mark.parametrize("fault", CONTENT)
def test_what_cannot_be_served_changes_nothing_while_serving(fault, front, shelf, warnings, tmp_path: Path) -> None:
    settings = asking(front, shelf, tmp_path)
    speaks = only(load_champion(settings))
    looks = Promotions(speaks, settings)
    make, words = CONTENT[fault]
    bad = make(shelf)
    shelf.promote(bad)
    looks.look()
    looks.look()
    assert speaks.model.facts.version == 1
    (told,) = [each for each in warnings if each.startswith(f"not serving version {bad} as champion")]
    assert words in told
    kept = LastGood(settings.data_dir / "last-good-models", settings.model_name, "champion").read()
    assert kept is not None and kept.version == 1
    shelf.promote(shelf.add())
    looks.look()
    assert speaks.model.facts.version == bad + 1


def test_without_a_model_it_ends_with_4_and_one_that_is_withdrawn_goes_on(front, shelf, tmp_path: Path) -> None:
    settings = asking(front, shelf, tmp_path)
    speaks = only(load_champion(settings))
    shelf.registry.drop(shelf.name, "champion")
    Promotions(speaks, settings).look()
    assert speaks.model.facts.version == 1
    with pytest.raises(NoModelError, match="train one with"):
        load_champion(settings)
    assert serve(settings) == EXIT_NO_MODEL


def test_a_full_disk_keeps_what_was_kept(front, shelf, warnings, tmp_path: Path) -> None:
    try:
        with small_disk(tmp_path / "data", 1) as disk:
            settings = asking(front, shelf, tmp_path)
            load_champion(settings)
            (kept,) = disk.rglob("*.onnx")
            written_ns = kept.stat().st_mtime_ns
            load_champion(settings)
            assert kept.stat().st_mtime_ns == written_ns, (
                "what is needed is not written again: a kill may be in between"
            )
            shelf.promote(shelf.add())
            with filled(disk):
                assert load_champion(settings).facts.version == 2, "served, if not kept"
            assert any("not kept for when the registry is down" in each for each in warnings)
            nobody = asking_at(f"http://127.0.0.1:{free_port()}", settings)
            assert load_champion(nobody).facts.version == 1
    except NoSmallDiskError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("fault", ["silent", pytest.param("trickling", marks=pytest.mark.long)])
def test_a_process_is_ready_within_ten_seconds_though_nobody_answers(fault, front, shelf, tmp_path: Path) -> None:
    settings = asking(front, shelf, tmp_path)
    load_champion(settings)
    front.fault = fault
    ready = tmp_path / "ready.json"
    started = time.monotonic()
    with start_service(
        "predictions",
        settings_of(settings.data_dir),
        PREDICTIONS_MLFLOW_URI=front.address,
        PREDICTIONS_MODEL_NAME=shelf.name,
        PREDICTIONS_READY_FILE=ready,
    ) as process:
        wait_for(ready.exists, "the service", of=process)
        took = time.monotonic() - started
        process.kill()
        process.wait(timeout=GIVE_UP_SECONDS)
    assert took < SECONDS_TO_SPEAK * SLOWER, took
    print(f"{fault}: ready after {took:.1f} s")
