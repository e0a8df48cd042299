"""The signals service asks for the pairs its accounts trade."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.account import Account
from contracts.clock import FixedClock
from contracts.symbol_subscription import SymbolSubscription
from contracts.topics import SYMBOL_SUBSCRIPTIONS
from signals.settings import SignalsSettings
from signals.subscriptions import ask_for_pairs
from streaming.clients import read_topic
from streaming.errors import SettingsError
from streaming.producer import open_producer
from streaming.settings import read_settings

BTC, ETH, SOL = "BTC/USD", "ETH/USD", "SOL/USD"


def settings(folder: Path, *accounts: Account, **changes: Any) -> SignalsSettings:
    return SignalsSettings(broker_address=f"embedded://{folder}/log", data_dir=folder, accounts=accounts, **changes)


def asked(of: SignalsSettings) -> list[tuple[str, str, bool]]:
    found = [record.message() for record in read_topic(of, SYMBOL_SUBSCRIPTIONS)]
    return [(m.pair, m.requester, m.wanted) for m in found if isinstance(m, SymbolSubscription)]


def test_each_account_asks_for_its_pairs_once(tmp_path: Path) -> None:
    two = settings(tmp_path, Account(name="a", pairs=(BTC, ETH)), Account(name="b", pairs=(BTC,)))
    for _ in range(2):
        assert ask_for_pairs(two, FixedClock(7)) == 0
    assert asked(two) == [(BTC, "signals:a", True), (BTC, "signals:b", True), (ETH, "signals:a", True)]
    (first, *_) = read_topic(two, SYMBOL_SUBSCRIPTIONS)
    assert (first.key, first.message().event_time_ms) == (b"kraken:BTC/USD:signals:a", 0)


def test_an_account_takes_back_what_it_no_longer_trades_and_nobody_elses(tmp_path: Path) -> None:
    before = settings(tmp_path, Account(name="a", pairs=(BTC, ETH)), Account(name="gone", pairs=(SOL,)))
    assert ask_for_pairs(before) == 0
    with open_producer(before, "test") as producer:
        theirs = SymbolSubscription(exchange="kraken", pair=ETH, requester="operator", wanted=True, requested_at_us=1)
        producer.produce(SYMBOL_SUBSCRIPTIONS, theirs)
    count = len(asked(before))
    after = settings(tmp_path, Account(name="a", pairs=(BTC,)))
    assert ask_for_pairs(after) == 0
    assert asked(after)[count:] == [(ETH, "signals:a", False)]
    assert ask_for_pairs(before) == 0
    assert asked(before)[count + 1 :] == [(ETH, "signals:a", True)], "asked for again"


def test_pairs_of_files_are_not_asked_for(tmp_path: Path) -> None:
    files = settings(tmp_path, Account(name="a", pairs=(BTC,)), trades_exchange="recorded")
    assert ask_for_pairs(files) == 0
    assert asked(files) == []


def test_the_exchange_is_the_trades_services(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADES_EXCHANGE", "coinbase")
    assert read_settings(SignalsSettings).exchange == "coinbase"
    monkeypatch.setenv("TRADES_EXCHANGE_LABEL", "simulator")
    assert read_settings(SignalsSettings).exchange == "simulator"


def test_without_pairs_there_have_to_be_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADES_PAIRS", "[]")
    with pytest.raises(
        SettingsError, match=r"at least one account in TRADESTREAM_ACCOUNTS when TRADES_PAIRS is \[\]"
    ):
        read_settings(SignalsSettings)
    monkeypatch.setenv("TRADESTREAM_ACCOUNTS", '[{"name":"a","pairs":["BTC/USD"]}]')
    assert read_settings(SignalsSettings).configured_accounts[0].pairs == (BTC,)


def test_a_log_that_cannot_be_reached_ends_the_service(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a file where the folder should be")
    assert ask_for_pairs(settings(tmp_path, Account(name="a", pairs=(BTC,)))) == 1
