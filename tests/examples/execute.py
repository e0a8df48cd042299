"""Run the notebooks of `examples` and write what they print and draw into them: `make notebooks`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from tests.support.workspace import ROOT

NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
_CELL_SECONDS = 120


def executed(path: Path, folder: Path) -> Any:
    """Return the notebook at `path` as it is after all its cells have run in `folder`; an error in one is raised."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    path_of_commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    client = NotebookClient(notebook, timeout=_CELL_SECONDS, resources=resources)
    client.execute(env=os.environ | {"PATH": path_of_commands})
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it ran is new each time, and says nothing
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"], "language_info": {"name": "python"}}
    return notebook


def _joined(outputs: list[Any]) -> list[Any]:
    """Return outputs with the pieces joined that a program's words came in, which are others each time."""
    found: list[Any] = []
    for output in outputs:
        if output.output_type == "stream" and found and found[-1].get("name") == output.name:
            found[-1].text += output.text
        else:
            found.append(output)
    return found


def main() -> int:
    """Write each notebook anew; needs `runs/demo`."""
    for path in NOTEBOOKS:
        nbformat.write(executed(path, path.parent), path)
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
