"""What serving asks of a registry without MLflow: the same answers, and MLflow stays away."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.predictions.registry_server import listening, registry_of
from tests.support.champion import Champion

from contracts.errors import BadInputError, TradestreamError
from modeling.database_address import database_file
from modeling.mlflow_model import ONNX_FILE
from modeling.registered import NoModelError, RegistryUnavailableError
from modeling.registry import ModelRegistry
from modeling.registry_reader import RegistryReader
from modeling.stored_versions import stored_source

NAME = "direction"


@pytest.fixture(params=["file", "server"])
def address(request: pytest.FixtureRequest, champion: Champion) -> Iterator[str]:
    uri = champion.settings.tracking_uri
    if request.param == "file":
        yield uri
        return
    with listening(registry_of(uri, champion.settings.data_dir / "mlartifacts")) as server:
        yield server


def folder_of(champion: Champion) -> Path:
    file = database_file(champion.settings.tracking_uri)
    found = None if file is None else stored_source(file, NAME, 1)
    assert found is not None
    return Path(found.source.removeprefix("file://"))


@pytest.fixture
def harmed(champion: Champion) -> Iterator[Callable[[Callable[[Path], object]], None]]:
    """Harms the version's folder, which is whole again afterwards."""
    folder = folder_of(champion)
    whole = folder.with_name("whole")
    shutil.copytree(folder, whole)
    yield lambda harm: harm(folder) and None
    shutil.rmtree(folder, ignore_errors=True)
    whole.rename(folder)


def said(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except TradestreamError as error:
        return type(error), str(error)


def test_it_answers_as_the_registry_does(champion: Champion, address: str) -> None:
    reader, registry = RegistryReader(address), ModelRegistry(address)
    for name, alias in ((NAME, "champion"), (NAME, "nobody"), ("nothing", "champion")):
        assert reader.version_of(name, alias) == registry.version_of(name, alias)
    assert reader.version_of(NAME, "champion") == 1
    for name, version in ((NAME, 1), (NAME, 99), ("nothing", 1)):
        assert said(lambda: reader.load(name, version)) == said(lambda: registry.load(name, version))  # noqa: B023


def test_what_is_not_as_registered_is_refused_as_by_the_registry(harmed, champion: Champion, address: str) -> None:
    harmed(lambda folder: (folder / ONNX_FILE).write_bytes(b"another model"))
    with pytest.raises(BadInputError, match="what was registered, sha256") as refused:
        RegistryReader(address).load(NAME, 1)
    assert said(lambda: ModelRegistry(address).load(NAME, 1)) == (BadInputError, str(refused.value))


def test_files_that_are_gone_are_no_model(harmed, champion: Champion, address: str) -> None:
    harmed(lambda folder: (folder / ONNX_FILE).unlink() or True)
    with pytest.raises(NoModelError, match=f"{ONNX_FILE} is not in its folder"):
        RegistryReader(address).load(NAME, 1)


def test_mlflow_stays_away(champion: Champion, address: str) -> None:
    """Also from what serves: nothing of it, and nothing that it alone brings."""
    program = (
        "import sys\n"
        "import predictions.serve\n"
        "from modeling.registry_reader import RegistryReader\n"
        f"reader = RegistryReader({address!r})\n"
        f"reader.load({NAME!r}, reader.version_of({NAME!r}, 'champion'))\n"
        "sys.exit(str([each for each in ('mlflow', 'sqlalchemy', 'alembic', 'pandas') if each in sys.modules]))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.stderr.strip().splitlines()[-1] == "[]", ended.stderr


def test_nothing_is_made_where_nothing_is(tmp_path: Path) -> None:
    reader = RegistryReader(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert not reader.exists and reader.version_of(NAME, "champion") is None
    with pytest.raises(NoModelError, match="there is no registry at"):
        reader.load(NAME, 1)
    assert not list(tmp_path.iterdir())


def test_a_password_of_an_address_is_nowhere(tmp_path: Path) -> None:
    word = "canary"  # pragma: allowlist secret
    for address in (f"http://user:{word}@127.0.0.1:9", f"postgresql+nothing://user:{word}@127.0.0.1:9/mlflow"):
        with pytest.raises(RegistryUnavailableError, match="cannot be asked") as refused:
            RegistryReader(address).version_of(NAME, "champion")
        assert word not in str(refused.value)
