"""make hands each path on as it was given: one word, with every character in its place."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.awkward_names import EVERYTHING, NAMES
from tests.support.workspace import ROOT

from results.run_folder import RunFolder

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")

#: Target, the arguments of it that are paths, and what a path becomes on the command line.
TARGETS: tuple[tuple[str, dict[str, str]], ...] = (
    ("demo", {"out": "--out={}", "accounts": "--accounts={}"}),
    ("replay", {"file": "{}", "out": "--out={}", "accounts": "--accounts={}"}),
    ("run", {"data": "--data={}", "accounts": "--accounts={}"}),
    ("subscribe", {"run": "--run={}"}),
    ("unsubscribe", {"data": "--run={}"}),
    ("subscriptions", {"data": "--run={}"}),
    ("dead-letters", {"run": "--run={}"}),
    ("promote", {"run": "--run={}", "reason": "--reason={}"}),
    ("rollback", {"run": "--run={}", "reason": "--reason={}"}),
    ("control", {"run": "--run={}", "reason": "--reason={}"}),
    ("verify", {"run": "--run={}", "against": "--against={}", "out": "--out={}"}),
    ("backtest", {"strategy": "--strategy={}", "bars": "--bars={}", "accounts": "--accounts={}", "out": "--out={}"}),
    ("backtest", {"run": "--run={}"}),
    ("optimise", {"strategy": "--strategy={}", "bars": "--bars={}", "accounts": "--accounts={}", "out": "--out={}"}),
    ("optimise", {"run": "--run={}"}),
    ("walk-forward", {"strategy": "--strategy={}", "bars": "--bars={}", "out": "--out={}"}),
    ("bias", {"file": "{}", "bars": "--bars={}", "run": "--run={}"}),
    ("compare", {"run": "{}", "against": "{}", "out": "--out={}"}),
    ("luck", {"strategy": "--strategy={}", "winner": "--winner={}", "bars": "--bars={}", "out": "--out={}"}),
    ("features-gallery", {"run": "--run={}", "bars": "--bars={}", "reference": "--reference={}", "out": "--out={}"}),
    ("features-sql", {"run": f"sqlite:///{RunFolder(Path('{}')).work}/store.sqlite"}),
    ("features-sql", {"store": "{}"}),
)
#: What a target asks for beside its paths.
_NEEDS = {
    "subscribe": ("pair=BTC/USD",),
    "unsubscribe": ("pair=BTC/USD",),
    "control": ("action=halt",),
    "promote": ("version=1",),
}
#: Stands for uv: writes down what it is told to run.
_SPY = """#!/bin/sh
[ "$1" = run ] || exit 0
printf '%s\\0' "$@" >"$SPY_FILE"
"""


@pytest.fixture(scope="module")
def spy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("spy") / "uv"
    program.write_text(_SPY)
    program.chmod(0o755)
    return program


def words_of(spy: Path, target: str, arguments: dict[str, str]) -> list[str]:
    """Return the words of the command that a target runs."""
    heard = spy.parent / "heard"
    heard.unlink(missing_ok=True)
    given = [f"{name}={value}" for name, value in arguments.items()]
    done = subprocess.run(
        ["make", f"UV={spy}", target, *_NEEDS.get(target, ()), *given],
        cwd=ROOT,
        env={**os.environ, "MODEL": "logistic", "SPY_FILE": str(heard)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return heard.read_text(encoding="utf-8").split("\0")


def test_each_target_with_all_characters_at_once(spy: Path) -> None:
    for target, paths in TARGETS:
        words = words_of(spy, target, dict.fromkeys(paths, EVERYTHING))
        for form in paths.values():
            assert form.format(EVERYTHING) in words, target


@pytest.mark.parametrize("name", NAMES)
def test_one_character_of_each_kind(spy: Path, name: str) -> None:
    path = NAMES[name]
    words = words_of(spy, "verify", {"run": path, "against": path, "out": path})
    assert [f"--run={path}", f"--against={path}", f"--out={path}"] == [each for each in words if each.endswith(path)]


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("target", "paths"), TARGETS, ids=[target for target, _ in TARGETS])
def test_every_target_with_every_name(spy: Path, target: str, paths: dict[str, str], name: str) -> None:
    words = words_of(spy, target, dict.fromkeys(paths, NAMES[name]))
    assert {form.format(NAMES[name]) for form in paths.values()} <= set(words)


def test_file_may_name_several_where_no_file_has_that_name(spy: Path, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).touch()
    one, two = f"{tmp_path}/a.csv", f"{tmp_path}/b.csv"
    assert words_of(spy, "replay", {"file": f"{one} {two}"})[-3:-1] == [one, two]
    assert words_of(spy, "replay", {"file": f"{tmp_path}/*.csv"})[-3:-1] == [one, two]
    both = tmp_path / "a.csv b.csv"
    both.touch()
    assert words_of(spy, "replay", {"file": str(both)})[-2] == str(both)
