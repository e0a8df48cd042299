"""Arguments of `make`: those that there are, with the values that there are, and nothing is installed for others."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from types import ModuleType

import pytest
from benchmarks.__main__ import GROUPS, LOGLESS, PARTS
from benchmarks.logs import LOGS
from tests.chaos.gateway_without.__main__ import PROTECTIONS
from tests.support.workspace import ROOT

from embedded.plans.simulated_market import EXCHANGE
from exchanges.venues import VENUES
from features import SETS
from modeling.kinds import MODELS


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_arguments", ROOT / "make/arguments.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ARGUMENTS = _loaded()
MAKEFILES = ARGUMENTS.Makefiles()

WRONG = [
    ("strategy-off", {"account": "a", "pair": "BTC/USD", "sell": "maybe"}, "sell: expected yes"),
    ("demo", {"modle": "logistic"}, "was modle= (did you mean model?)"),
    ("demo", {"model": "logstic"}, "was 'logstic' (did you mean logistic?)"),
    ("demo", {"pair": "BTC/EUR"}, "was pair= (did you mean pairs?)"),
    ("demo", {"hours": "abc"}, "hours: expected a number, at least 0, was 'abc'"),
    ("demo", {"horizon": "0"}, "horizon: expected a number, at least 1, was '0'"),
    ("demo", {"features": "ful"}, "features: expected core, full, was 'ful' (did you mean full?)"),
    ("demo", {"MODLE": "logistic"}, "(did you mean MODEL?)"),
    ("demo", {"CANDLES_GRCE_MS": "1"}, "(did you mean CANDLES_GRACE_MS?)"),
    ("run", {"file": "x"}, "make run: expected one of"),
    ("replay", {"hours": "1"}, "make replay: expected one of file= out="),
    ("bench", {"part": "foo"}, "part: expected candles,"),
    ("bench", {"part": "candles,"}, "part: expected candles,"),
    ("bench", {"logs": "kafak"}, "(did you mean kafka?)"),
    ("bench", {"query": "SELECT"}, "make bench: expected one of"),
    ("soak", {"log": "foo"}, "log: expected embedded, kafka"),
    ("dead-letters", {"action": "drop"}, "action: expected list, show, replay"),
    ("clean", {"seed": "7"}, "make clean: expected no arguments"),
    ("run", {"exchange": "krakn"}, "exchange: expected kraken, coinbase, binance, simulator, was 'krakn'"),
    ("demo", {"MODEL": "logstic"}, "was 'logstic' (did you mean logistic?)"),
]

#: Words that are no targets, with what they seem to stand for.
NO_TARGETS = [
    ("dmeo", "was dmeo (did you mean demo?)"),
    ("verify docs", ""),
    ("verify runs/own", "was runs/own (did you mean run=runs/own?)"),
    ("verify tests", "was tests (did you mean run=tests?)"),
    ("replay README.md", "(did you mean file=README.md?)"),
    ("features-gallery day.csv runs", "was day.csv (did you mean bars=day.csv?)"),
    ("demo accounts/own.toml", "(did you mean accounts=accounts/own.toml?)"),
    ("demo runs/own", "(did you mean out=runs/own?)"),
    ("test tests/contracts", "(did you mean tests=tests/contracts?)"),
    ("subscribe SOL/USD", "(did you mean pair=SOL/USD?)"),
    ("demo BTC/EUR", "(did you mean pairs=BTC/EUR?)"),
    ("build candles", "(did you mean service=candles?)"),
    ("demo logistic", "(did you mean model=logistic?)"),
    ("run simulator", "(did you mean exchange=simulator?)"),
    ("dead-letters replay show", "(did you mean action=show?)"),
    ("README.md", "expected a target, was README.md; make help-all lists them"),
    ("demo 7", "expected a target, was 7; make help-all lists them"),
    (".tools/bin/uv", ""),
    ("lint test", ""),
]

#: What may stand in the environment.
ENVIRONMENTS = [
    ("demo", {"MODLE": "x"}, "was MODLE= in the environment (did you mean MODEL?)"),
    ("lint", {"MODLE": "x"}, "was MODLE= in the environment (did you mean MODEL?)"),
    ("demo", {"MODEL": "logstic"}, "was 'logstic' (did you mean logistic?), from the environment"),
    ("demo", {"huors": "1"}, "(did you mean hours?)"),
    ("demo", {"hours": "abc"}, "hours: expected a number, at least 0, was 'abc', from the environment"),
    ("demo", {"features": "ful"}, "(did you mean full?), from the environment"),
    ("clean", {"MODEL": "gpt", "hours": "abc"}, ""),
    (
        "demo",
        {"MODEL": "logistic", "hours": "1", "MODE": "dark", "PATH": "/bin", "HOME": "/", "https_proxy": "x"},
        "",
    ),
]


@pytest.mark.parametrize(("target", "given", "words"), WRONG)
def test_what_is_wrong_is_said(target: str, given: dict[str, str], words: str) -> None:
    assert words in ARGUMENTS.complaint([target], given, MAKEFILES)


@pytest.mark.parametrize(("goals", "words"), NO_TARGETS)
def test_a_goal_that_is_no_target_is_refused_even_if_it_is_a_file(goals: str, words: str) -> None:
    said = ARGUMENTS.complaint(goals.split(), {}, MAKEFILES)
    assert words in said
    assert bool(said) == bool(words)


@pytest.mark.parametrize(("goal", "environment", "words"), ENVIRONMENTS)
def test_what_is_wrong_in_the_environment_is_said(goal: str, environment: dict[str, str], words: str) -> None:
    said = ARGUMENTS.complaint([goal], {}, MAKEFILES, environment)
    assert words in said
    assert bool(said) == bool(words)


@pytest.mark.parametrize("target", sorted(MAKEFILES.rules))
def test_what_a_target_says_it_takes_it_takes(target: str) -> None:
    for name in MAKEFILES.takes(target):
        assert name in MAKEFILES.arguments_of(target), f"{name}= is in the help of {target} and not in its recipe"


@pytest.mark.parametrize(
    ("target", "given"),
    [
        ("demo", {"model": "logistic", "hours": "0.5", "balance": "500", "fee_bps": "10", "interval": "5m"}),
        ("replay", {"file": "a b.csv", "pair": "BTC/EUR", "accounts": "own.toml"}),
        ("run", {"pairs": "BTC/EUR", "data": "x", "exchange": "kraken"}),
        ("bench", {"part": "candles,latency", "logs": "embedded"}),
        ("test", {"tests": "tests/contracts", "workers": "2"}),
        ("demo", {"CANDLES_GRACE_MS": "5", "UV_SYSTEM_CERTS": "1", "MODEL": "logistic", "HTTPS_PROXY": "x"}),
        ("build", {"service": "candles"}),
    ],
)
def test_what_is_right_passes(target: str, given: dict[str, str]) -> None:
    assert ARGUMENTS.complaint([target], given, MAKEFILES) == ""


def test_every_argument_that_a_recipe_reads_is_defined() -> None:
    read = {name for rule in MAKEFILES.rules.values() for name in re.findall(r"\$\(([a-z_]+)\)", rule)}
    # What $(foreach) binds.
    assert read - set(MAKEFILES.defined) - {"name", "file"} == set()


def test_choices_are_those_of_the_code() -> None:
    assert set(MAKEFILES.choices("model")) == set(MODELS)
    assert set(MAKEFILES.choices("features")) == set(SETS)
    assert set(MAKEFILES.choices("part")) == {*PARTS, *LOGLESS, *GROUPS, "orders", "live", "paper"}  # of `make chaos`
    assert set(MAKEFILES.choices("without")) == set(PROTECTIONS)
    assert set(MAKEFILES.choices("logs")) == set(LOGS)
    assert set(MAKEFILES.choices("exchange")) == {*VENUES, EXCHANGE}


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_refuses_before_it_installs_anything() -> None:
    done = subprocess.run(["make", "bench", "part=foo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "part: expected candles" in done.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_does_not_pass_over_a_word_that_is_a_folder() -> None:
    done = subprocess.run(
        ["make", "-n", "verify", "tests/data"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "did you mean run=tests/data?" in done.stderr
    assert done.stdout == ""


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_sees_a_misspelt_variable_of_the_environment() -> None:
    command = ["make", "-n", "demo"]
    environment = {**os.environ, "MODLE": "logistic"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "did you mean MODEL?" in done.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_a_value_is_one_word_of_the_shell_whatever_is_in_it() -> None:
    command = ["make", "-n", "replay", "file=x", "accounts=it's $HOME.toml"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert r"--accounts='it'\''s $HOME.toml'" in shown.stdout


def test_it_runs_on_a_python_without_packages() -> None:
    command = [sys.executable, "-I", "-S", str(ROOT / "make/arguments.py"), "demo", "modle=x"]
    assert "model" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
