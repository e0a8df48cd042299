"""`tradestream strategy`: a table, a name of what failed, an exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.bar_series import simulated
from typer.testing import CliRunner

from embedded.cli import app
from strategies.built_in import STRATEGIES

GOOD = """from strategies import Strategy, above, between, close, mean
class Cross(Strategy):
    fast: int = between(5, 60, default=20)
    def target(self):
        return above(mean(close, self.fast), close)
"""
#: Counts the bars since it began.
BAD = """from strategies import Strategy, close
class Counting(Strategy):
    def inputs(self):
        return {"close": close}
    def initial(self):
        return 0
    def step(self, state, row):
        return state + 1, state % 2
"""


def call(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["strategy", *arguments], env={"COLUMNS": "200"})


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, text in (("good", GOOD), ("bad", BAD)):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    bars = simulated(300)
    rows = zip(
        bars.starts_ms.tolist(), *(bars.columns[n] for n in ("open", "high", "low", "close", "volume")), strict=True
    )
    lines = ["timestamp,open,high,low,close,volume", *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "bars.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_a_good_one_on_recorded_bars_too(files: Path) -> None:
    done = call("check", str(files / "good.py"), "--parameter", "fast=7", "--bars", str(files / "bars.csv"), "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["failed"] == [] and said["with"] == "fast=7"
    assert {each["check"]: each["problem"] for each in said["checks"]}.keys() >= {"imports", "prefix invariance"}
    assert any(each["note"].startswith("4 markets") for each in said["checks"])


def test_what_a_file_prints_is_not_part_of_the_answer(files: Path) -> None:
    (files / "loud.py").write_text(GOOD.replace("        return", "        print({'loud'})\n        return"))
    done = call("check", str(files / "loud.py"), "--json")
    assert done.exit_code == 0 and json.loads(done.stdout)["failed"] == []
    assert "loud" in done.stderr


def test_a_bad_one_ends_with_the_name_of_what_failed(files: Path) -> None:
    done = call("check", str(files / "bad.py"))
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1] == "failed: start invariance"
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("start invariance"))
    assert "lively, bar 2023-04-02 11:05: 1 begun later, 0 begun earlier (3,998 of 3,998 bars)" in line


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nothing.py"], 2, "strategy: expected the path of a Python file that is there, was"),
        (["good.py", "--parameter", "fast"], 2, "--parameter: expected NAME=VALUE, was 'fast'"),
        (["good.py", "--parameter", "fast=99"], 2, "Cross.fast: expected from 5 to 60, was 99"),
        (["good.py", "--parameter", "fats=9"], 2, "Cross.fats: expected one of fast (did you mean fast?), was 9"),
        (["good.py", "--bars", "good.py"], 2, "expected"),
        (["good.py", "--run", "."], 2, "expected"),
        (["bars.csv"], 1, "failed: imports"),
    ],
)
def test_refused_in_words(
    files: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, words: str
) -> None:
    monkeypatch.chdir(files)
    done = call("check", *arguments)
    assert (done.exit_code, words in done.output) == (code, True), done.output


def test_those_that_come_along_are_listed() -> None:
    assert [each["name"] for each in json.loads(call("list", "--json").stdout)] == list(STRATEGIES)
    assert "sma_cross" in call("list").stdout
