"""Images that are built here run as they promise; `make build service=all` builds them. Skipped without them."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from collections.abc import Iterator

import pytest
from tests.support.waiting import wait_for
from tests.support.workspace import SERVICES

RESTRICTED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
BAD_SETTINGS = 2
START_SECONDS = 60


def docker(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the docker command."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=check, timeout=120)


def needs(image: str) -> dict[str, object]:
    """Return the configuration of an image that is here, or skip the test."""
    if shutil.which("docker") is None or docker("info", check=False).returncode:
        pytest.skip("needs a Docker engine")
    found = docker("image", "inspect", image, check=False)
    if found.returncode:
        pytest.skip(f"needs {image}: make build service={image.split('/')[1].split(':')[0]}")
    return json.loads(found.stdout)[0]["Config"]


@pytest.mark.parametrize("name", [*SERVICES, "simulator", "train", "study", "mlflow"])
def test_an_image_is_non_root_and_names_its_volume(name: str) -> None:
    config = needs(f"tradestream/{name}:dev")
    assert config["User"] == "10001:10001"
    assert config["Volumes"] == {"/data": {}}


def test_it_writes_to_its_volume_and_nowhere_else() -> None:
    needs("tradestream/candles:dev")
    image = ("--entrypoint", "python", "tradestream/candles:dev", "-c")
    program = "import os, pathlib; pathlib.Path('/data/x').touch(); print(os.getuid(), os.access('/app', os.W_OK))"
    assert docker("run", "--rm", *RESTRICTED, *image, program).stdout.split() == ["10001", "False"]


@pytest.mark.parametrize("name", SERVICES)
def test_wrong_settings_end_it_at_once_with_what_was_expected(name: str) -> None:
    """The image has all that the service imports: nothing is checked before that."""
    needs(f"tradestream/{name}:dev")
    wrong = ("--env", "TRADESTREAM_BROKER_ADDRESS=nonsense")
    done = docker("run", "--rm", *RESTRICTED, *wrong, f"tradestream/{name}:dev", check=False)
    assert done.returncode == BAD_SETTINGS
    assert "TRADESTREAM_BROKER_ADDRESS: expected the address of a log, was 'nonsense'" in done.stderr


@pytest.fixture
def simulator() -> Iterator[str]:
    """Yield the name of a running container of the simulated venue."""
    needs("tradestream/simulator:dev")
    name = f"tradestream-test-{uuid.uuid4().hex[:8]}"
    docker("run", "--detach", "--name", name, *RESTRICTED, "tradestream/simulator:dev")
    yield name
    docker("rm", "--force", "--volumes", name)


def test_it_says_that_it_is_healthy_and_stops_cleanly(simulator: str) -> None:
    wait_for(
        lambda: not docker("exec", simulator, "sh", "/app/healthcheck.sh", check=False).returncode,
        lambda: docker("logs", simulator).stderr,
        START_SECONDS,
        poll_seconds=0.2,
    )
    docker("stop", "--time", "20", simulator)
    state = json.loads(docker("inspect", simulator).stdout)[0]["State"]
    assert state["ExitCode"] == 0, "137 would say that SIGTERM did not reach it"
