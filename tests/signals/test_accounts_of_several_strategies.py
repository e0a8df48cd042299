"""An account whose pairs follow different strategies: who decides what, from when on, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.signals.market_stream import Accounts, minutes, prediction, row

from contracts.account import Account
from contracts.candle_mark import CandleMark
from contracts.errors import BadInputError
from contracts.signal import Signal, strategy_in
from embedded.accounts_file import read_accounts
from signals.deciders import deciders_of
from signals.settings import SignalsSettings
from streaming.settings import environment_of, read_settings

RISING = """from strategies import Strategy, above, between, close, opened

class Rising(Strategy):
    least: float = between(0, 5, default=0)

    def target(self):
        return above(close - opened, self.least)
"""
FILE = """
[[accounts]]
name = "mixed"
minimum_confidence = 0.6

[[accounts.strategies]]
strategy = "rising.py"
pairs = ["BTC/USD"]
parameters = { least = 0.5 }

[[accounts.strategies]]
strategy = "prediction"
pairs = ["ETH/USD"]
"""


def read(folder: Path, text: str = FILE) -> Account:
    (folder / "rising.py").write_text(RISING, encoding="utf-8")
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    (account,) = read_accounts(folder / "mine.toml")
    return account


def test_a_file_says_which_strategy_decides_for_which_pairs(tmp_path: Path) -> None:
    account = read(tmp_path)
    assert account.pairs == ("BTC/USD", "ETH/USD") and account.currency == "USD"
    settings = read_settings(SignalsSettings, environment_of(SignalsSettings, accounts=[account]))
    assert settings.accounts == (account,), "what services are told is what the file says"
    followed = {pair: settings.desk.of(pair)[0].followed for pair in account.pairs}
    assert [each.name for each in followed.values()] == ["rising", "prediction"]
    assert followed["BTC/USD"].strategy.values == {"least": 0.5}
    assert followed["ETH/USD"].strategy.values == {"minimum_confidence": 0.6}, "the account's own floor"


def test_a_pair_that_no_table_names_follows_the_accounts_own_strategy(tmp_path: Path) -> None:
    more = FILE.replace(
        'name = "mixed"\n', 'name = "mixed"\npairs = ["SOL/USD", "BTC/USD", "ETH/USD"]\nstrategy = "rsi"\n'
    )
    account = read(tmp_path, more)
    assert account.pairs == ("SOL/USD", "BTC/USD", "ETH/USD")
    assert {each.followed.name: each.pairs for each in deciders_of(account)} == {
        "rising": ("BTC/USD",),
        "prediction": ("ETH/USD",),
        "rsi": ("SOL/USD",),
    }


@pytest.mark.parametrize(("owner", "begins"), [("anna", [True, True]), (None, [False, True])])
def test_accounts_of_one_owner_begin_together(owner: str | None, begins: list[bool]) -> None:
    accounts = [
        Account(name=name, pairs=("BTC/USD",), strategy=strategy, owner=owner)
        for name, strategy in (("waits", "prediction"), ("goes", "rsi"))
    ]
    settings = SignalsSettings(accounts=tuple(accounts))
    assert [each.begins_with_rows for each in settings.desk.deciders] == begins
    assert {settings.key_on_signals(each.name) for each in accounts} == ({owner} if owner else {"waits", "goes"})


def test_each_pair_is_decided_by_its_strategy_and_by_no_other(tmp_path: Path) -> None:
    account = read(tmp_path)
    alone = Account(name="mixed", pairs=("BTC/USD",), strategy=str(tmp_path / "rising.py"), parameters={"least": 0.5})
    messages = minutes(0.8, 0.4, 0.9)
    of_btc = Accounts(account).told(messages)
    assert of_btc == Accounts(alone).told(messages), "as an account that has this strategy alone"
    of_eth = Accounts(account).signals([each.model_copy(update={"pair": "ETH/USD"}) for each in messages])
    assert {strategy_in(each.message_id) for each in of_eth} == {"prediction"}
    assert [each.decision for each in of_eth] == ["buy", "sell", "buy"]


def test_an_account_that_mixes_does_not_wait_for_a_first_prediction(tmp_path: Path) -> None:
    """It acts on a minute once all pairs have delivered it: the pair of the model must not hold up the other."""
    account = read(tmp_path)
    rows = [row(n).model_copy(update={"pair": "ETH/USD"}) for n in range(4)]
    desk = Accounts(account, maximum_pending_bars=2)
    told = [each for one in rows for each in desk.take(one).messages]
    marks = [each.window_start_ms for each in told if isinstance(each, CandleMark)]
    assert marks == [each.window_start_ms for each in rows]
    decisions = [each for each in told if isinstance(each, Signal)]
    assert [each.reason for each in decisions] == ["no_prediction"] * 2, "as late as the bound, and not for ever"
    said = prediction(3, 0.9).model_copy(update={"pair": "ETH/USD"})
    after = desk.take(said).messages
    assert [(each.window_start_ms, each.decision) for each in after if isinstance(each, Signal)] == [
        (rows[2].window_start_ms, "none"),
        (rows[3].window_start_ms, "buy"),
    ]
    assert not [each for each in after if isinstance(each, CandleMark)], "a mark is sent once"


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        (
            '["ETH/USD"]',
            '["BTC/USD"]',
            r"accounts\[0\]\.strategies: expected each pair under one strategy of an account, not BTC/USD under .*"
            r"rising\.py, prediction: that takes two accounts",
        ),
        ('["ETH/USD"]', '["ETH/EUR"]', r"accounts\[0\]\.pairs: expected pairs quoted in one currency"),
        ('["ETH/USD"]', '["eth"]', r"accounts\[0\]\.strategies\[1\]\.pairs\[0\]: expected a pair written BASE/QUOTE"),
        ('["ETH/USD"]', "[]", r"accounts\[0\]\.strategies\[1\]\.pairs: expected"),
        ("parameters", "parametres", r"strategies\[0\]\.parametres: expected one of .*did you mean parameters\?"),
        (
            'name = "mixed"\n',
            'name = "mixed"\npairs = ["BTC/USD"]\n',
            r"expected strategies among its pairs, not ETH/USD",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(was: str, now: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=words):
        read(tmp_path, FILE.replace(was, now))


def test_parameters_of_a_table_are_read_by_its_strategy(tmp_path: Path) -> None:
    wrong = read(tmp_path, FILE.replace("least = 0.5", "least = 50"))
    with pytest.raises(BadInputError, match=r"Rising\.least: expected from 0 to 5, was 50"):
        deciders_of(wrong)
