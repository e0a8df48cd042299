"""Bias is found whoever has it: a step, a column that came along, a label among a model's features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.strategies.test_bad_strategies import MARKET, written
from typer.testing import CliRunner

from embedded.cli import app
from features.blocks import Floats
from strategies.built_in import STRATEGIES
from strategies.checks.bias import CUTS, bias, look_ahead
from strategies.checks.bounds import at_bounds
from strategies.checks.laws import start_invariance
from strategies.checks.markets import made_up, with_given
from strategies.formulas import formulas_of
from strategies.loading import load
from strategies.running import Rows

PEEKS: dict[str, Any] = {
    "more": "seen = {}",
    "initial": "[0]",
    "body": "self.seen[state[0]] = row['close'] > row['opened']\n"
    "        return [state[0] + 1], int(self.seen.get(state[0] + 1, False))",
}


def tomorrow(rows: Rows) -> Floats:
    """Return whether the next bar closes higher: known of all bars but the last."""
    close = rows.columns["close"]
    return np.append(close[1:] > close[:-1], False).astype(float)


@pytest.mark.parametrize("name", STRATEGIES)
def test_none_that_comes_along_has_any_at_50_cuts(name: str) -> None:
    file = STRATEGIES[name]
    formulas = formulas_of(file.made())
    market = with_given(made_up(700)[0], formulas.asked, formulas.models)
    assert CUTS == 50 and look_ahead(file, {}, market) is None


@pytest.mark.long
@pytest.mark.parametrize("name", STRATEGIES)
def test_none_has_any_on_all_markets_and_at_all_bounds(name: str) -> None:
    file = STRATEGIES[name]
    for given in ({}, *at_bounds(file.kind)):
        found = bias(file, given)
        assert not found.found, found


def test_a_step_that_peeks_is_found(tmp_path: Path) -> None:
    file = load(written(tmp_path, **PEEKS))
    problem = look_ahead(file, {}, MARKET)
    assert problem is not None and "without the bars after it" in problem
    assert bias(file, {}).look_ahead is not None


def test_a_step_that_depends_on_its_start_is_found(tmp_path: Path) -> None:
    file = load(written(tmp_path, body="return state + 1, state % 2"))
    assert start_invariance(file, {}, MARKET) is not None
    found = bias(file, {})
    assert found.start is not None and found.look_ahead is None and found.found


@pytest.mark.parametrize(
    ("takes", "column"),
    [
        ("feature('return_1')", "return_1"),  # a column of a user
        ("predicted('direction').probability_up", "direction.probability_up"),  # a label among a model's features
    ],
)
def test_a_column_that_peeks_is_found(tmp_path: Path, takes: str, column: str) -> None:
    path = tmp_path / "planted.py"
    path.write_text(
        "from strategies import Strategy, above, feature, predicted\n\n\n"
        "class Planted(Strategy):\n    def target(self):\n"
        f"        return above({takes}, 0.5)\n"
    )
    file = load(path)
    problem = look_ahead(file, {}, MARKET, lambda rows: {column: tomorrow(rows)})
    assert problem is not None and "without the bars after it" in problem
    yesterday = look_ahead(file, {}, MARKET, lambda rows: {column: np.append(0.0, tomorrow(rows)[:-1])})
    assert yesterday is None


def test_the_command(tmp_path: Path) -> None:
    path = written(tmp_path, **PEEKS)
    found = CliRunner().invoke(app, ["strategy", "bias", str(path)])
    assert found.exit_code == 1 and "planted" in found.output and "looks ahead: lively, bar" in found.output
    wrong = CliRunner().invoke(app, ["strategy", "bias", str(tmp_path / "none.py")])
    assert wrong.exit_code == 2
