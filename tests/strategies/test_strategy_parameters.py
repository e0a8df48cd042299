"""Parameters are typed and bounded, and are what a search searches."""

from __future__ import annotations

import doctest
import inspect
from typing import Any

import pytest

import strategies
from contracts.errors import BadInputError
from features import functions
from features.expressions import Expression
from strategies import Exits, Strategy, above, between, close, mean
from strategies import exits as exits_module
from strategies import parameters as parameters_module
from strategies.built_in import STRATEGIES
from strategies.parameters import from_text


class Cross(Strategy):
    fast: int = between(5, 60, default=20)
    slow: int = between(50, 200, default=50, step=10)
    margin: float = between(0, 0.5, default=0.1)
    exits = Exits(stop_pct=2, target_pct=3)

    def target(self) -> Expression:
        return above(mean(close, self.fast), mean(close, self.slow) * (1 + self.margin))


def test_the_space_is_what_a_search_takes() -> None:
    assert [(p.name, p.kind, p.low, p.high, p.step, p.default) for p in Cross.space()] == [
        ("fast", "int", 5, 60, 1, 20),
        ("slow", "int", 50, 200, 10, 50),
        ("margin", "float", 0, 0.5, 0.005, 0.1),
    ]
    assert Cross().values == {"fast": 20, "slow": 50, "margin": 0.1}
    assert repr(Cross(fast=7)) == "Cross(fast=7, slow=50, margin=0.1)"
    assert str(Cross(fast=7).target()).startswith("step(mean(close, 7) - ")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"fast": 4}, r"Cross\.fast: expected from 5 to 60, was 4"),
        ({"fast": 61}, "was 61"),
        ({"fast": 20.0}, r"Cross\.fast: expected an integer from 5 to 60, was 20\.0"),
        ({"fast": True}, "was True"),
        ({"fast": "20"}, "was '20'"),
        ({"margin": float("nan")}, r"Cross\.margin: expected from 0 to 0\.5, was nan"),
        ({"margin": None}, "expected a number"),
        ({"fats": 20}, r"Cross\.fats: expected one of fast, slow, margin \(did you mean fast\?\), was 20"),
        ({"target": 1}, r"Cross\.target: expected one of"),
    ],
)
def test_what_a_parameter_may_not_be(given: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        Cross(**given)


def test_typed_parameters_are_read_by_their_kinds() -> None:
    assert from_text(Cross.space(), {"fast": "7", "margin": "0"}, "Cross") == {"fast": 7, "margin": 0.0}
    for name, text in (("fast", "7.5"), ("margin", "much"), ("fats", "7"), ("margin", "inf")):
        with pytest.raises(BadInputError, match=rf"Cross\.{name}: expected"):
            from_text(Cross.space(), {name: text}, "Cross")


@pytest.mark.parametrize(
    ("annotation", "given", "words"),
    [
        (str, {"low": 1, "high": 2, "default": 1}, "the type int or float"),
        (int, {"low": 1.5, "high": 2, "default": 2}, "low: expected an integer"),
        (int, {"low": 3, "high": 2, "default": 2}, "high: expected above low"),
        (int, {"low": 1, "high": 2, "default": 5}, "expected from 1 to 2, was 5"),
        (float, {"low": 1, "high": float("inf"), "default": 2}, "high: expected a number"),
        (float, {"low": 1, "high": 2, "default": 1, "step": 0}, "step: expected above 0"),
    ],
)
def test_a_declaration_that_is_none(annotation: type, given: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        type(
            "Bad", (Strategy,), {"__annotations__": {"n": annotation}, "n": between(**given), "target": Cross.target}
        )


def test_a_strategy_does_not_change() -> None:
    cross = Cross()
    with pytest.raises(BadInputError, match=r"Cross\.fast: expected nothing to be set"):
        cross.fast = 7
    with pytest.raises(BadInputError, match="what a step must remember is in its state"):
        cross.seen = 1
    with pytest.raises(BadInputError, match="expected either target or step, was 'both'"):
        type("Both", (Cross,), {"step": lambda self, state, row: (state, 0)})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"stop_pct": 0}, r"exits\.stop_pct: expected percent above 0 and below 100, was 0"),
        ({"trailing_pct": 100}, "below 100, was 100"),
        ({"target_pct": -1}, r"exits\.target_pct: expected percent above 0, was -1"),
        ({"stop_pct": "2"}, "was '2'"),
        ({"stop_pct": True}, "was True"),
        ({"stop_pct": float("nan")}, "was nan"),
        ({"maximum_bars": 0}, r"exits\.maximum_bars: expected an integer, at least 1, was 0"),
        ({"maximum_bars": 2.5}, r"was 2\.5"),
    ],
)
def test_exits_are_checked(given: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        Exits(**given)


def test_exits_may_follow_from_parameters() -> None:
    class Stopped(Cross):
        stop: float = between(0.5, 5, default=2)

        @property
        def exits(self) -> Exits:  # type: ignore[override]
            return Exits(stop_pct=self.stop)

    assert Stopped(stop=3).exits.as_json() == {"stop_pct": 3.0}
    assert Cross().exits.as_json() == {"stop_pct": 2, "target_pct": 3}
    assert [each.name for each in Stopped.space()] == ["fast", "slow", "margin", "stop"]
    with pytest.raises(BadInputError, match=r"exits: expected Exits\(\.\.\.\), was 2"):
        type("Bad", (Cross,), {"exits": 2})()


def test_a_hash_is_of_file_and_parameters() -> None:
    file = STRATEGIES["sma_cross"]
    one = file.hash_of(file.made())
    assert one == file.again().hash_of(file.again().made({"fast": 20}))
    assert one != file.hash_of(file.made({"fast": 21}))
    assert len({each.hash_of(each.made()) for each in STRATEGIES.values()}) == len(STRATEGIES)


def test_a_strategy_imports_words_from_one_place() -> None:
    assert {"Strategy", "between", "above", "mean", "close", "feature"} <= set(strategies.__all__)
    assert all(hasattr(strategies, name) for name in strategies.__all__)
    # Whatever makes a formula is a word, or it is for the catalogue alone.
    made = {name for name, value in vars(functions).items() if not name.startswith("_") and _makes_a_formula(value)}
    assert made - set(functions.__all__) == {"sine", "cosine"}


def _makes_a_formula(value: Any) -> bool:
    if not inspect.isfunction(value):
        return isinstance(value, Expression)
    returned = inspect.signature(value).return_annotation
    return value.__module__ == functions.__name__ and returned in {
        "Expression",
        "Macd",
        "DirectionalMovement",
        "Stochastic",
        "Supertrend",
    }


@pytest.mark.parametrize("module", [parameters_module, exits_module])
def test_examples(module: Any) -> None:
    assert doctest.testmod(module).failed == 0
