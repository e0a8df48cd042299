"""Files that read ahead, the clock or chance, or depend on their start, are refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.errors import BadInputError
from strategies import loading
from strategies.checks.laws import LAWS
from strategies.checks.markets import made_up
from strategies.checks.run import check
from strategies.loading import load

MARKET = made_up(900)[0]
STEP = """from strategies import Strategy, close, lag, opened
{before}

class Planted(Strategy):
    memory_bars = {memory}
    {more}

    def inputs(self):
        return {{"close": close, "opened": opened}}

    def initial(self):
        return {initial}

    def step(self, state, row):
        {body}
"""


def written(folder: Path, body: str, initial: str = "0", memory: int = 5, before: str = "", more: str = "") -> Path:
    """Write a strategy with a step."""
    path = folder / "planted.py"
    path.write_text(STEP.format(body=body, initial=initial, memory=memory, before=before, more=more))
    return path


@pytest.mark.parametrize(
    ("law", "planted"),
    [
        # What it saw in an earlier run of the same bars, it takes for the future in the next.
        (
            "prefix invariance",
            {
                "more": "seen = {}",
                "initial": "[0]",
                "body": "self.seen[state[0]] = row['close'] > row['opened']\n"
                "        return [state[0] + 1], int(self.seen.get(state[0] + 1, False))",
            },
        ),
        ("start invariance", {"body": "return state + 1, state % 2"}),
        (
            "start invariance",
            {"initial": "[]", "memory": 2, "body": "return [*state, row['close']][-6:], len(state) // 6"},
        ),
        # Remembered outside of its state: lost when the process is.
        ("state", {"before": "SEEN = []", "body": "SEEN.append(1)\n        return 0, len(SEEN) % 2"}),
        ("state", {"initial": "(0,)", "body": "return (0,), 1"}),
        ("state", {"initial": "{}", "body": "return {1: 2}, 1"}),
        ("state", {"initial": "0.0", "body": "return float('nan'), 1"}),
    ],
)
def test_a_bad_step_is_refused_by_name(tmp_path: Path, law: str, planted: dict[str, Any]) -> None:
    file = load(written(tmp_path, **planted))
    try:
        problem = LAWS[law](file, {}, MARKET)
    except BadInputError as error:
        problem = str(error)
    assert problem


@pytest.mark.parametrize(
    "body",
    ["return 0, 2", "return 0, True", "return 1", "return 0, 1 / 0", "return 0, row['volume']", "return 0, 'buy'"],
)
def test_a_step_that_says_no_target(tmp_path: Path, body: str) -> None:
    assert check(written(tmp_path, body=body)).failed == ("parameters",)


def test_the_order_of_a_set_is_chance(tmp_path: Path) -> None:
    """Another in each process, so nothing that one process does twice can tell."""
    names = ", ".join(f"'{'x' * n}'" for n in range(1, 40))
    report = check(written(tmp_path, body=f"return state, len(list({{{names}}})[0]) % 3 - 1"))
    assert report.failed == ("determinism",)
    assert "set?" in str(report.verdicts[2].problem)


def test_a_good_step_passes(tmp_path: Path) -> None:
    body = "return [*state, row['close'] > row['opened']][-3:], 1 if [*state, 1].count(True) > 2 else 0"
    path = written(tmp_path, body=body, initial="[]", memory=4)
    report = check(path)
    assert report.failed == (), report.verdicts
    assert report.facts["says"] == "a step, bar by bar"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("import time", r"planted\.py:2: expected imports from .* only, was 'time'"),
        ("import random", "was 'random'"),
        ("from datetime import datetime", "was 'datetime'"),
        ("import typing", "was 'typing'"),
        ("from typing import sys", r"was 'typing\.sys'"),
        ("from strategies import loading", r"was 'strategies\.loading'"),
        ("from strategies.loading import Path", r"was 'strategies\.loading'"),
        ("from features.expressions import Lag", r"was 'features\.expressions'"),
        ("from . import other", r"was '\.'"),
        ("from strategies import meen", r"only \(did you mean mean\?\), was 'strategies\.meen'"),
        ("from strategy import mean", r"only \(did you mean strategies\?\), was 'strategy'"),
        ("now = __import__('time').time()", "was '__import__'"),
        ("text = open('prices.csv').read()", "was 'open'"),
        ("place = id(close)", "was 'id'"),
        ("raise SystemExit(3)", "was 'SystemExit'"),
        ("quit()", "was 'quit'"),
        ("raise ValueError('two\\nlines')", "was 'ValueError: two lines'"),
        ("bases = Strategy.__subclasses__", "was '__subclasses__'"),
        (
            "ahead = lag(close, -1)",
            r"planted\.py:2: expected a file that can be imported, was 'ValueError: bars: .* -1'",
        ),
    ],
)
def test_what_a_file_may_not_say(tmp_path: Path, line: str, words: str) -> None:
    path = written(tmp_path, body="return 0, 1", before=line)
    with pytest.raises(BadInputError, match=words):
        load(path)
    report = check(path)
    assert report.failed == ("imports",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("from strategies import Strategy\n", "exactly one class that is a Strategy, was 'none'"),
        (
            "from strategies import Strategy, close\n"
            + "".join(
                f"class {name}(Strategy):\n    def target(self):\n        return close\n" for name in ("A", "B")
            ),
            "exactly one class that is a Strategy, was 'A, B'",
        ),
        ("class Planted(\n", r"planted\.py:1: expected Python, was"),
        (
            "from strategies import Strategy\nclass A(Strategy):\n    pass\n",
            "A: expected either target or step, was 'neith",
        ),
        ("x = 1 / 0\n", r"planted\.py:1: expected a file that can be imported, was 'ZeroDivisionError"),
        (
            "from strategies import mean, close\nx = 1 if mean(close, 5) else 2\n",
            "TypeError: expected a formula in words",
        ),
        ("from strategies import nothing\n", r"was 'strategies\.nothing'"),
    ],
)
def test_what_is_no_strategy(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "planted.py"
    path.write_text(text)
    with pytest.raises(BadInputError, match=words):
        load(path)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("close > 3", r"TypeError: expected a formula in words \(above, below, .*was a comparison of close"),
        ("'long'", r"Planted\.target: expected a formula, was 'long'"),
        ("close", r"Planted\.target: expected 1, 0, -1 or unknown, was"),
        ("above(lag(close, self.bars - 9), 0)", r"bars=5: planted\.py:7: ValueError: bars: expected at least 1"),
        ("mean(close, self.part)", r"planted\.py:7: TypeError: bars: expected an integer, was 0\.5"),
        ("feature('rsi_41')", r"expected the name of a feature of the catalogue, was 'rsi_41' \(did you mean rsi_"),
        ("predicted('my model').confidence", "expected the name of a model"),
        ("both(close, above(close, 1))", "both: expected conditions such as above"),
    ],
)
def test_a_bad_target_is_told_with_its_line(tmp_path: Path, target: str, words: str) -> None:
    path = tmp_path / "planted.py"
    path.write_text(
        "from strategies import Strategy, above, between, both, close, feature, lag, mean, predicted\n"
        "class Planted(Strategy):\n"
        "    bars: int = between(5, 20, default=10)\n"
        "    part: float = between(0, 1, default=0.5)\n"
        "\n"
        "    def target(self):\n"
        f"        return {target}\n"
    )
    report = check(path)
    assert report.failed == ("parameters",)
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(report.verdicts[-1].problem)


def test_a_file_that_is_not_there_or_has_no_name(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="strategy: expected the path of a Python file that is there, was"):
        check(tmp_path / "nothing.py")
    odd = tmp_path / "My-Strategy.py"
    odd.write_text("x = 1\n")
    with pytest.raises(BadInputError, match="lower_snake_case"):
        load(odd)


def test_what_waits_for_more_than_fits_into_memory_is_refused(tmp_path: Path) -> None:
    report = check(written(tmp_path, body="return 0, 1", memory=10**12))
    assert report.failed == ("parameters",)
    assert "Planted: expected to wait for at most 100,000 bars, was 1000000000001" in str(report.verdicts[-1].problem)


def test_how_an_editor_begins_a_file_says_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, body="return 0, 1")
    plain = load(path)
    path.write_text(plain.source, encoding="utf-8-sig")
    assert load(path).source == plain.source


def test_a_file_that_is_no_text_of_python_has_no_line(tmp_path: Path) -> None:
    path = tmp_path / "planted.py"
    path.write_bytes(b"\0")
    with pytest.raises(BadInputError, match=r"^planted\.py(:1)?: expected (a file of )?Python"):
        load(path)


def test_a_file_that_loops_for_ever_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_SECONDS", 0.2)
    path = tmp_path / "endless.py"
    path.write_text("while True:\n    try:\n        pass\n    except Exception:\n        pass\n", encoding="utf-8")
    with pytest.raises(BadInputError, match=r"endless.py: expected a file that is read within 0\.2 s"):
        load(path)
    assert load(written(tmp_path, "return state, 0")).name == "planted"
