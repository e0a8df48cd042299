"""Money of one account is in one currency, and a price may have any size."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError
from tests.execution.signal_stream import account, of, signal

from contracts.account import Account
from contracts.accounts_settings import AccountsSettings
from contracts.currency import DEFAULT_BALANCES, default_balance
from contracts.errors import BadInputError
from contracts.fill import Fill
from contracts.pnl import Pnl
from contracts.signal import Signal
from contracts.state import MemoryState
from exchanges.paper import PaperBroker
from execution.core.execute import run, step
from execution.core.policy import Policy

MIXED = [
    (("BTC/USD", "BTC/JPY"), "BTC/USD in USD and BTC/JPY in JPY"),
    (("ETH/BTC", "BTC/USD"), "ETH/BTC in BTC and BTC/USD in USD"),
    (("BTC/USD", "ETH/USDT", "SOL/USD"), "BTC/USD, SOL/USD in USD and ETH/USDT in USDT"),
]


@pytest.mark.parametrize(("pairs", "words"), MIXED)
def test_an_account_in_several_currencies_is_refused_with_the_pairs(pairs: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValidationError, match=f"pairs quoted in one currency, not {words}"):
        Account(name="mixed", pairs=pairs)
    with pytest.raises(ValidationError, match=f"was none, and {words}"):
        AccountsSettings(TRADES_PAIRS=pairs)


def test_several_accounts_may_each_have_a_currency() -> None:
    accounts = (Account(name="dollars", pairs=("BTC/USD",)), Account(name="yen", pairs=("BTC/JPY",)))
    settings = AccountsSettings(TRADES_PAIRS=("BTC/USD", "BTC/JPY"), TRADESTREAM_ACCOUNTS=accounts)
    assert [each.currency for each in settings.configured_accounts] == ["USD", "JPY"]


@pytest.mark.parametrize(("pair", "balance"), [("BTC/USD", "10000"), ("BTC/JPY", "1500000"), ("ETH/BTC", "0.1")])
def test_the_default_balance_is_of_the_quote_currency(pair: str, balance: str) -> None:
    assert Account(name="own", pairs=(pair,)).initial_balance_quote == Decimal(balance)
    assert Account(name="own", pairs=(pair,), initial_balance_quote=Decimal(7)).initial_balance_quote == 7


def test_default_balances_are_positive_and_a_coin_of_no_list_has_one_too() -> None:
    assert all(balance > 0 for balance in DEFAULT_BALANCES.values())
    assert default_balance("ZZZ") == 10_000


def test_an_account_that_began_in_dollars_does_not_go_on_in_yen() -> None:
    state, broker = MemoryState(), PaperBroker()
    step(state, signal(0, "buy"), account("BTC/USD"), broker, Policy())
    with pytest.raises(BadInputError, match=r"account\.pairs: expected pairs in USD, in which paper began"):
        step(state, signal(1, pair="BTC/JPY"), account("BTC/JPY"), broker, Policy())
    assert step(state, signal(1, "sell"), account("BTC/USD"), broker, Policy())


def round_trip(scale: Decimal) -> list[Signal]:
    closes = [Decimal("1.2345"), Decimal("1.25"), Decimal("1.3"), Decimal("1.31")]
    decisions = ["buy", "none", "sell", "none"]
    return [signal(n, decisions[n], close=close * scale) for n, close in enumerate(closes)]


@pytest.mark.parametrize("exponent", [-4, -8, -9, -12, -15, -20, -30, -38])
def test_a_tiny_price_trades_as_any_other(exponent: int) -> None:
    """Prices ten thousand times smaller buy as many times more, and the account ends with the same money."""
    usual = run(round_trip(Decimal(1)), account(), PaperBroker())
    tiny = run(round_trip(Decimal(1).scaleb(exponent)), account(), PaperBroker())
    assert [fill.side for fill in of(Fill, tiny)] == ["buy", "sell"]
    for here, there in zip(of(Fill, tiny), of(Fill, usual), strict=True):
        assert float(here.price) == pytest.approx(float(there.price) * 10.0**exponent, rel=1e-6)
    assert float(of(Pnl, tiny)[-1].equity) == pytest.approx(float(of(Pnl, usual)[-1].equity), rel=1e-7)
