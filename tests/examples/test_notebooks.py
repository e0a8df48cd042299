"""The notebooks run as they stand, and print what they say they print where that is no matter of the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from tests.examples.execute import NOTEBOOKS, executed
from tests.support.runs import undisturbed_demo
from tests.support.workspace import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
#: Marks a cell whose output follows from the run that is looked at.
OF_THE_RUN = "of-the-run"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like a clone after `make demo`; notebooks start in their own, as Jupyter and editors start them."""
    found = tmp_path_factory.mktemp("clone")
    (found / "runs").mkdir()
    (found / "examples").mkdir()
    (found / "examples/data").symlink_to(ROOT / "examples/data")
    (found / "runs/demo").symlink_to(undisturbed_demo(tmp_path_factory))
    return found / "examples"


def outputs(cell: Any) -> list[tuple[str, str]]:
    """What a cell gave: the kind of each output, and its text where no picture stands for it."""
    found = []
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        text = "" if "image/png" in data else output.get("text", data.get("text/plain", ""))
        found.append((output["output_type"], text))
    return found


def cases() -> list[Any]:
    """Give each notebook; what the one with a model does, the how-to about a model of one's own does too."""
    return [
        pytest.param(path, id=path.stem, marks=[pytest.mark.long] if "model" in path.stem else [])
        for path in NOTEBOOKS
    ]


@pytest.mark.parametrize("path", cases())
def test_a_notebook_runs_and_says_what_it_said(path: Path, folder: Path) -> None:
    written, now = nbformat.read(path, as_version=4), executed(path, folder)
    for before, after in zip(written.cells, now.cells, strict=True):
        kinds, was = ([kind for kind, _ in outputs(cell)] for cell in (after, before))
        assert kinds == was, f"make notebooks writes it anew: {after.source}"
        if OF_THE_RUN not in before.metadata.get("tags", ()):
            assert outputs(after) == outputs(before), f"make notebooks writes it anew: {after.source}"


def test_every_cell_was_run_and_none_failed() -> None:
    assert NOTEBOOKS
    for path in NOTEBOOKS:
        cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), path
        assert all(output["output_type"] != "error" for cell in cells for output in cell.outputs), path
