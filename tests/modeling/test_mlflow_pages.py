"""`make mlflow` shows a run's registry in a browser, from an environment of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from tests.support.processes import free_port
from tests.support.waiting import wait_for
from tests.support.workspace import ROOT

from modeling.registry import ModelRegistry

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


def test_a_run_without_a_model_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        ["make", "mlflow", f"run={tmp_path}"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert f"make mlflow needs run=, the folder of a run that has a model: there is no {tmp_path}/work" in done.stdout


@pytest.mark.long
@pytest.mark.timeout(900)
def test_it_answers(champion, tmp_path: Path) -> None:
    """Whatever the run's folder is called."""
    place = tmp_path / "what? 100%"
    place.mkdir()
    (place / "work").symlink_to(champion.settings.data_dir)
    assert ModelRegistry(champion.settings.tracking_uri).version_of("direction", "champion") == 1
    port = free_port()
    command = ["make", "mlflow", f"run={place}", f"port={port}"]
    server = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _answers(address), "MLflow to answer", of=server, seconds=800, poll_seconds=1)
        assert "text/html" in httpx.get(address, trust_env=False).headers["content-type"]
        api = f"{address}/api/2.0/mlflow/registered-models/alias?name=direction&alias=champion"
        found = json.loads(httpx.get(api, trust_env=False).text)["model_version"]
        assert found["version"] == "1"
    finally:
        os.killpg(server.pid, signal.SIGINT)  # as Ctrl-C does
        try:
            server.wait(120)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", trust_env=False, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
