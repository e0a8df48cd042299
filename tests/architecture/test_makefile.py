"""`make help` is short, `make help-all` leaves nothing out."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from tests.support.workspace import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
FRONT = 16
_TARGET = re.compile(r"^([a-z-]+):.*## ", re.MULTILINE)


def said_by(target: str) -> list[str]:
    """Return the targets that `make <target>` lists."""
    done = subprocess.run(["make", target], cwd=ROOT, capture_output=True, text=True, check=True)
    return re.findall(r"^  make ([a-z-]+)", done.stdout, re.MULTILINE)


def test_help_is_what_stands_at_the_front() -> None:
    assert said_by("help") == _TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
    assert len(said_by("help")) <= FRONT


def test_help_all_leaves_nothing_out() -> None:
    files = [ROOT / "Makefile", *(ROOT / "make").glob("*.mk")]
    targets = [name for file in files for name in _TARGET.findall(file.read_text(encoding="utf-8"))]
    assert sorted(said_by("help-all")) == sorted(targets)
    assert len(set(targets)) == len(targets), "a target stands in two files"


def planned(*words: str) -> str:
    """Return what `make` would do, were PyTorch not installed."""
    command = ["make", "-n", "UV=uv", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_run_needs_no_pytorch_unless_it_is_asked_for() -> None:
    assert "--extra torch" not in planned("run") and "--model" not in planned("run")
    assert "--extra torch" in planned("run", "model=lstm") and "--model='lstm'" in planned("run", "model=lstm")
    assert "--model='logistic'" in planned("run", "model=logistic")


def test_a_demo_needs_no_pytorch_and_whoever_is_about_to_get_it_is_told_the_way_without() -> None:
    assert "--extra torch" not in planned("demo")
    assert "--extra torch" in planned("demo", "model=lstm")
    assert '"Without it: make demo model=logistic"' in planned("demo", "model=lstm")


@pytest.mark.parametrize("target", ["backtest", "optimise", "luck", "walk-forward"])
def test_a_study_reads_the_bars_that_are_named_and_only_without_any_the_demos(target: str) -> None:
    address = "postgresql://reader:a$b@host/market"  # pragma: allowlist secret
    of_store = planned(target, "strategy=momentum", f"store={address}")
    assert f"tradestream {target} " in of_store and f"--from-store='{address}'" in of_store
    assert "--extra postgres" in of_store and "--run" not in of_store.splitlines()[-1]
    assert "--run=runs/demo" in (usual := planned(target, "strategy=momentum")) and "--extra postgres" not in usual
    # What is not to be given together is for the command to refuse: make leaves nothing out.
    both = planned(target, "strategy=momentum", f"store={address}", "bars=x.csv")
    assert "--bars='x.csv'" in both and "--from-store" in both


def test_a_target_that_was_joined_with_another_is_still_taken() -> None:
    done = subprocess.run(["make", "-n", "features-page"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "docs.writers" in done.stdout
