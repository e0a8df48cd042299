"""An account's strategy: by name, or a file of its own; what cannot be followed is refused at the start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.signals.market_stream import Accounts, minutes, prediction, row

from contracts.account import Account
from contracts.errors import BadInputError
from contracts.signal import Signal
from embedded.accounts_file import read_accounts
from signals.deciders import deciders_of
from signals.settings import SignalsSettings
from strategies.built_in import STRATEGIES
from streaming.settings import environment_of, read_settings

#: Enters when sure, leaves when doubtful, and only on a bar that rises.
OWN = """from strategies import Strategy, above, below, between, both, close, opened, predicted, unknown, when

class Own(Strategy):
    sure: float = between(0.5, 1, default=0.7)

    def target(self):
        up = predicted("direction").probability_up
        return when(both(above(up, self.sure), above(close, opened)), 1, when(below(up, 0.5), 0, unknown))
"""


def account(strategy: str = "prediction", **fields: Any) -> Account:
    return Account(name="mine", pairs=("BTC/USD",), strategy=strategy, **fields)


def written(folder: Path, text: str = OWN, name: str = "own_rule") -> str:
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return str(path)


def told(of: Account, *said: float | None, **of_row: Any) -> list[Signal]:
    return Accounts(of).signals(minutes(*said, **of_row))


def test_a_file_decides(tmp_path: Path) -> None:
    mine = account(written(tmp_path))
    signals = told(mine, 0.8, 0.65, 0.4, None)
    assert [(each.decision, each.target, each.reason) for each in signals] == [
        ("buy", 1, "confident"),
        ("none", None, "undecided"),
        ("sell", 0, "confident"),
        ("none", None, "not_warm"),
    ]
    (falling,) = told(mine, 0.8, close="99.5")
    assert (falling.decision, falling.reason) == ("none", "undecided")
    (sure,) = told(account(mine.strategy, parameters={"sure": 0.85}), 0.8)
    assert sure.target is None
    assert signals[0].strategy == "own_rule" and signals[0].strategy_hash != sure.strategy_hash
    assert signals[0].message_id == f"mine:own_rule:{prediction(0).window_id}"


def test_nothing_is_decided_on_the_prices_of_a_gap(tmp_path: Path) -> None:
    text = OWN.replace("both(above(up, self.sure), above(close, opened))", "above(close, opened)")
    (signal,) = told(account(written(tmp_path, text)), None, quality="gap")
    assert (signal.decision, signal.reason, signal.target) == ("none", "gap", None)


def test_parameters_of_the_default_strategy() -> None:
    floor = {"minimum_confidence": 0.9}
    assert [each.decision for each in told(account(parameters=floor), 0.8, 0.95)] == ["none", "buy"]
    assert [each.decision for each in told(account(minimum_confidence=0.9), 0.8, 0.95)] == ["none", "buy"]
    one, other = told(account(parameters=floor), 0.8), told(account(minimum_confidence=0.9), 0.8)
    assert one == other, "said in one way or the other, it is the same strategy"


def test_signals_of_before_keep_their_ids() -> None:
    (signal,) = told(account(), 0.8)
    without = signal.model_dump(mode="json")
    for name in ("strategy", "strategy_hash", "target"):
        del without[name]
    before = Signal.model_validate(without)
    assert before.message_id == f"mine:{before.window_id}" != signal.message_id
    assert before.target is None


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_every_strategy_that_comes_along_can_be_followed(name: str) -> None:
    assert [each.followed.name for each in deciders_of(account(name))] == [name]
    read_settings(SignalsSettings, environment_of(SignalsSettings, accounts=[account(name)]))


def test_a_feature_that_rows_do_not_have_is_told_of(tmp_path: Path) -> None:
    """INDICATORS_FEATURE_SET is core and the strategy asks for more."""
    accounts = Accounts(account("multi_timeframe"))
    (signal,) = accounts.signals([row(0)])
    assert (signal.decision, signal.reason) == ("none", "no_feature")


#: Fails on its second bar.
FAILS = """from strategies import Strategy, close

class Fails(Strategy):
    memory_bars = 9

    def inputs(self):
        return {"price": close}

    def initial(self):
        return 0

    def step(self, state, row):
        return state + 1, 1 // (1 - state)
"""


def test_a_strategy_that_fails_is_alone_in_it_and_begins_again(tmp_path: Path) -> None:
    failing = account(written(tmp_path, FAILS, "fails"))
    other = Account(name="other", pairs=("BTC/USD",), strategy="sma_cross")
    accounts = Accounts(failing, other)
    told = accounts.told([row(n) for n in range(5)])
    assert len(told) == 5 * 4, "each account hears of each candle all the same"
    mine = [each.reason for each in told if isinstance(each, Signal) and each.account == "mine"]
    assert mine == ["confident", "failed", "confident", "failed", "confident"]
    assert len(accounts.failed) == 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"strategy": "predictoin"},
            r"mine\.strategy: expected prediction, or a path .* \(did you mean prediction\?\)",
        ),
        ({"strategy": "nothing.py"}, "expected the path of a Python file that is there, was 'nothing\\.py'"),
        (
            {"parameters": {"minimum_confidence": 2}},
            r"Prediction\.minimum_confidence: expected from 0\.5 to 1, was 2",
        ),
        ({"parameters": {"sure": 0.7}}, r"Prediction\.sure: expected one of minimum_confidence"),
    ],
)
def test_a_strategy_that_is_none_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        deciders_of(account(**fields))


def test_a_file_of_accounts_names_a_strategy_beside_it(tmp_path: Path) -> None:
    written(tmp_path)
    file = tmp_path / "mine.toml"
    file.write_text(
        '[[accounts]]\nname = "mine"\npairs = ["BTC/EUR"]\nstrategy = "own_rule.py"\nparameters = { sure = 0.8 }\n'
    )
    (read,) = read_accounts(file)
    assert [each.followed.name for each in deciders_of(read)] == ["own_rule"]
    settings = read_settings(SignalsSettings, environment_of(SignalsSettings, accounts=[read]))
    assert settings.accounts == (read,)
    assert read.parameters == {"sure": 0.8}


@pytest.mark.parametrize("line", ["return 1 / 0", "raise ValueError('two\\nlines')", "return close > 1"])
def test_a_file_that_fails_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "fails.py"
    path.write_text(
        f"from strategies import Strategy, close\nclass A(Strategy):\n    def target(self):\n        {line}\n"
    )
    with pytest.raises(
        BadInputError, match=r"fails\.py:4: expected a strategy that says what to hold, was .*Error: "
    ):
        deciders_of(account(str(path)))
    # The service starts: its other accounts trade, and of this one it says why it stands still.
    read_settings(SignalsSettings, environment_of(SignalsSettings, accounts=[account(str(path))]))


@pytest.mark.parametrize("target", ["2", "close", "predicted('direction').probability_up"])
def test_a_target_that_is_none_is_refused_before_the_first_prediction(tmp_path: Path, target: str) -> None:
    file = tmp_path / "none.py"
    file.write_text(
        "from strategies import Strategy, close, predicted\n\n\n"
        f"class NoTarget(Strategy):\n    def target(self):\n        return {target}\n"
    )
    with pytest.raises(BadInputError, match=r"NoTarget\.target: expected 1, 0, -1 or unknown"):
        deciders_of(Account(name="a", pairs=("BTC/USD",), strategy=str(file)))
