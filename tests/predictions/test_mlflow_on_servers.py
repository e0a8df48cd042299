"""The registry as a cluster has it: MLflow's server over PostgreSQL, and files in a store that speaks S3."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from tests.featurestore.conftest import postgres_url
from tests.predictions.test_registry_faults import mlflow_server
from tests.support.champion import Champion
from tests.support.processes import free_port
from tests.support.waiting import wait_for
from tests.support.workspace import ROOT

from contracts.errors import BadInputError
from modeling.own_model import made_up
from modeling.registry import ModelRegistry
from predictions.served_model import load_champion, load_version
from predictions.settings import PredictionsSettings
from training.settings import TrainingSettings
from training.train import register

__all__ = ["postgres_url"]

#: The first time it waits for the packages of two servers.
pytestmark = [pytest.mark.long, pytest.mark.timeout(1_800)]

#: A store that speaks S3 and keeps everything in memory, in an environment of its own.
_S3 = "moto[server]==5.2.5"
_BUCKET = "mlflow"
#: It wants to be told who asks, and believes it.
_SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=tests/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
}


class Servers(NamedTuple):
    """Where MLflow, its database and its files are."""

    mlflow: str
    postgres: str
    s3: str
    store: subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def servers(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("servers")
    local = ROOT / ".tools" / "bin" / "uv"
    uv = str(local) if local.exists() else shutil.which("uv")
    if uv is None:
        pytest.skip("needs uv")
    s3 = f"http://127.0.0.1:{(port := free_port())}"
    store = subprocess.Popen(
        [
            *(uv, "run", "--quiet", "--no-project", "--isolated", "--with", _S3),
            *("moto_server", "-H", "127.0.0.1", "-p", str(port)),
        ],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    environment = {
        "MLFLOW_S3_ENDPOINT_URL": s3,
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "tests",  # pragma: allowlist secret
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    try:
        wait_for(lambda: _made(s3), "the store to make a bucket", of=store, seconds=800, poll_seconds=1)
        backend = postgres_url.replace("postgresql://", "postgresql+psycopg2://")
        with mlflow_server(folder, backend, f"s3://{_BUCKET}", **environment) as mlflow:
            yield Servers(mlflow, postgres_url, s3, store)
    finally:
        if store.poll() is None:
            os.killpg(store.pid, signal.SIGTERM)
        store.wait(60)


def _made(s3: str) -> bool:
    try:
        return httpx.put(f"{s3}/{_BUCKET}", trust_env=False, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _objects(servers: Servers) -> list[str]:
    listed = httpx.get(f"{servers.s3}/{_BUCKET}?list-type=2", trust_env=False, timeout=5).text
    return [part.partition("</Key>")[0] for part in listed.split("<Key>")[1:]]


def test_a_model_goes_there_and_comes_back(servers: Servers, champion: Champion, tmp_path: Path) -> None:
    """Registered, promoted, served, rolled back; altered there it is refused; without the store the last speaks."""
    import psycopg

    settings = TrainingSettings(data_dir=tmp_path, mlflow_uri=servers.mlflow, require_gate=False, require_moves=False)
    register(champion.trained, settings)
    serving = PredictionsSettings(data_dir=tmp_path / "serving", mlflow_uri=servers.mlflow, challenger="")
    model = load_champion(serving)
    registry = ModelRegistry(servers.mlflow)
    assert model.facts.version == 1 and registry.load("direction", 1).onnx == champion.trained.fitted.onnx
    card = champion.trained.card.model_copy(update={"seed": 8})
    how: dict[str, Any] = {"example": made_up(card)[-2:], "experiment": "another", "artifact_location": None}
    second = registry.register(card, champion.trained.fitted.onnx, {}, **how)
    registry.promote("direction", second, "champion")
    assert (second, load_champion(serving).facts.version, load_version(serving, 1).facts.version) == (2, 2, 1)
    with psycopg.connect(servers.postgres) as database:
        aliases = database.execute("SELECT alias, version FROM registered_model_aliases ORDER BY alias").fetchall()
    assert aliases == [("champion", 2), ("previous", 1)], "in PostgreSQL"
    files = [each for each in _objects(servers) if each.endswith("/model.onnx")]
    assert len(files) == 2, "in the store"

    registry.promote("direction", 1, "champion")
    assert load_champion(serving).facts.version == 1
    for file in files:
        where = f"{servers.s3}/{_BUCKET}/{file}"
        httpx.put(where, content=b"another", headers=_SIGNED, trust_env=False).raise_for_status()
    fresh = serving.model_copy(update={"data_dir": tmp_path / "fresh"})
    with pytest.raises(BadInputError, match="what was registered, sha256"):
        load_champion(fresh)
    assert load_champion(serving).facts.version == 1, "what was kept"

    os.killpg(servers.store.pid, signal.SIGKILL)
    servers.store.wait(60)
    assert load_champion(serving).facts.version == 1, "without the store"
