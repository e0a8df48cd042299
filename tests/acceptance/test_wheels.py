"""The wheels, as somebody has them who has no repository: installed into a folder with files of his own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.members import uv
from tests.support.processes import RUN_SECONDS
from tests.support.workspace import MEMBERS, ROOT

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.timeout(3 * RUN_SECONDS)]

#: Names of our services and libraries that a person may well have given to files of his own.
OWN_FILES = ("trades.py", "features.py", "results.py", "training.py")
READ = """
import results
from featurestore import open_store
run = results.load("runs/demo")
with run.store() as store:
    rows = store.sql("SELECT count(*) AS n FROM candles").polars()["n"][0]
print(run.trades.height, rows)
"""


@pytest.fixture(scope="module")
def wheels() -> Path:
    done = subprocess.run(["make", "wheels"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = (ROOT / "dist/wheels").iterdir()
    assert f"--find-links '{found}'" in done.stdout
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("somewhere else")
    for name in OWN_FILES:
        (found / name).write_text("raise SystemExit('a file of my own was run')\n", encoding="utf-8")
    return found


def command(wheels: Path, folder: Path, *words: str) -> str:
    """Run a command of the wheels in the folder."""
    known = [f"--find-links={wheels}", f"--constraints={wheels / 'constraints.txt'}", "--from=tradestream-embedded"]
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "PYTHON", "UV_PR"))
    }
    done = subprocess.run(
        [uv(), "tool", "run", *known, *words],
        cwd=folder,
        env=own,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_member_has_a_wheel(wheels: Path) -> None:
    assert sorted(path.name.split("-")[0] for path in wheels.glob("*.whl")) == sorted(
        f"tradestream_{member}" for member in MEMBERS
    )


def test_the_demo_runs_without_the_repository(wheels: Path, folder: Path) -> None:
    said = command(wheels, folder, "tradestream", "demo", "--hours", "0.25")
    assert "instead of" not in said
    summary = json.loads((folder / "runs/demo/summary.json").read_text(encoding="utf-8"))
    assert summary["model"]["kind"] == "lightgbm"
    assert "direction v1, unproven (lightgbm)" in said
    assert summary["counts"]["predictions"] == 45
    assert "0 mismatches" in command(wheels, folder, "tradestream", "verify", "--run", "runs/demo")
    assert "features.html" in command(wheels, folder, "tradestream", "features-gallery")
    trades, candles = map(int, command(wheels, folder, "python", "-P", "-c", READ).split())
    assert trades == summary["counts"]["trades"]
    assert candles == summary["counts"]["candles"]
