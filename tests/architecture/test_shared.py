"""What workers share is built by one of them and ended by the last."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.shared import USERS, built_once, in_use, shared_folder

Factory = pytest.TempPathFactory


@pytest.fixture(autouse=True)
def _one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workers of these tests are made up: their folder is not that of the run."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)


def test_it_is_built_once_and_again_only_after_a_failure(tmp_path_factory: Factory) -> None:
    calls: list[Path] = []

    def fail(folder: Path) -> None:
        calls.append(folder)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        built_once(tmp_path_factory, "thing", fail)
    for _ in range(3):
        assert built_once(tmp_path_factory, "thing", calls.append) == calls[0]
    assert len(calls) == 2


def test_the_first_starts_it_and_the_last_to_leave_ends_it(tmp_path_factory: Factory) -> None:
    folder, said = shared_folder(tmp_path_factory, "server"), []
    other = folder / USERS / "another worker"

    def use() -> None:
        with in_use(folder, lambda: said.append("start"), lambda: said.append("end")):
            said.append("used")

    use()
    assert said == ["start", "used", "end"]
    other.touch()
    use()
    assert said[3:] == ["used"], "another worker has it"
    other.unlink()
    use()
    assert said[4:] == ["start", "used", "end"]
