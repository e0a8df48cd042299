"""`tradestream subscribe`, `unsubscribe` and `subscriptions`, as an operator types them."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from contracts.account import Account
from contracts.accounts_settings import AccountsSettings
from contracts.symbol_subscription import SymbolSubscription
from contracts.topics import SYMBOL_SUBSCRIPTIONS, TRADES_CHECKPOINTS, dead_letters_name
from contracts.trades_checkpoint import TradesCheckpoint
from embedded.cli import app
from embedded.subscriptions import EXCHANGE_FILE, settings_of
from results.run_folder import RunFolder
from results.run_settings import record_settings
from streaming.clients import read_topic
from streaming.dead_letters.dead_letter import Source, dead_letter_headers
from streaming.producer import open_producer
from streaming.settings import environment_of

DAY_MS = 86_400_000
COVERED_MS = 1_772_582_400_000


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return a run's folder, in which the trades service streams BTC/USD of a simulated market."""
    RunFolder(tmp_path).log.mkdir(parents=True)
    checkpoint = TradesCheckpoint(
        exchange="simulated",
        pair="BTC/USD",
        last_trade_id=1,
        last_timestamp_us=1,
        cursor="1",
        covered_to_us=COVERED_MS * 1_000,
        history_complete=True,
    )
    with open_producer(settings_of(tmp_path), "trades") as producer:
        producer.produce(TRADES_CHECKPOINTS, checkpoint)
    return tmp_path


def command(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


def written(run: Path) -> list[SymbolSubscription]:
    found = [record.message() for record in read_topic(settings_of(run), SYMBOL_SUBSCRIPTIONS)]
    return [message for message in found if isinstance(message, SymbolSubscription)]


def test_what_is_asked_for_is_on_the_topic_and_in_the_table(run: Path) -> None:
    assert command("subscribe", "ETH/USD", "--run", str(run), "--history-days", "2").exit_code == 0
    (wish,) = written(run)
    assert (wish.exchange, wish.pair, wish.requester, wish.wanted) == ("simulated", "ETH/USD", "operator", True)
    assert wish.history_from_ms == COVERED_MS - 2 * DAY_MS, "days of the market, not of the wall clock"
    rows = command("subscriptions", "--run", str(run)).output.splitlines()
    (btc,) = [row for row in rows if "BTC/USD" in row]
    (eth,) = [row for row in rows if "ETH/USD" in row]
    assert "nobody, or TRADES_PAIRS" in btc and "streaming; complete to 2026-03-04T00:00:00Z" in btc
    assert "operator" in eth and "waiting for the trades service" in eth


def test_before_anything_is_on_the_log_the_run_knows_its_exchange(tmp_path: Path) -> None:
    RunFolder(tmp_path).log.mkdir(parents=True)
    RunFolder(tmp_path).file(EXCHANGE_FILE).write_text("simulator")
    assert command("subscribe", "ETH/USD", "--run", str(tmp_path)).exit_code == 0
    assert [wish.exchange for wish in written(tmp_path)] == ["simulator"]


def test_it_says_on_which_log_and_whether_anybody_hears(run: Path) -> None:
    heard = command("subscribe", "ETH/USD", "--run", str(run)).output
    assert f"operator requests ETH/USD of simulated on embedded://{RunFolder(run).log}" in heard
    assert "no trades service" not in heard
    other = command("subscribe", "ETH/EUR", "--run", str(run), "--exchange", "elsewhere").output
    assert "where no trades service of elsewhere has written anything yet" in other


def test_one_requesters_change_of_mind_leaves_the_others(run: Path) -> None:
    for requester in ("operator", "research"):
        assert command("subscribe", "ETH/USD", "--run", str(run), "--requester", requester).exit_code == 0
    assert command("unsubscribe", "ETH/USD", "--run", str(run)).exit_code == 0
    (row,) = [r for r in command("subscriptions", "--run", str(run)).output.splitlines() if "ETH/USD" in r]
    assert "research" in row and "operator" not in row
    assert command("unsubscribe", "ETH/USD", "--run", str(run), "--requester", "research").exit_code == 0
    assert "ETH/USD" not in command("subscriptions", "--run", str(run)).output


def test_a_refusal_is_in_the_table(run: Path) -> None:
    assert command("subscribe", "ETH/USX", "--run", str(run)).exit_code == 0
    with open_producer(settings_of(run), "trades") as producer:
        producer.dead_letter(
            "simulated:ETH/USX:operator",
            b"{}",
            reason="unknown-pair",
            error="the venue does not list it",
            source="symbol-subscriptions",
        )
    assert "refused: the venue does not list it" in command("subscriptions", "--run", str(run)).output


def test_what_cannot_be_read_is_passed_over(run: Path) -> None:
    assert command("subscribe", "ETH/USD", "--run", str(run)).exit_code == 0
    with open_producer(settings_of(run), "trades") as producer:
        for spec in (SYMBOL_SUBSCRIPTIONS, TRADES_CHECKPOINTS):
            name = spec.full_name(settings_of(run).environment)
            producer.send_bytes(name, 0, b"x", b"\xff{", timestamp_ms=1, headers=[])
        headers = dead_letter_headers("trades", "made", "refused", Source(SYMBOL_SUBSCRIPTIONS.name), 1)
        producer.dead_letter("no-colon", b"{}", reason="made", error="x", source=SYMBOL_SUBSCRIPTIONS.name)
        letters = dead_letters_name("trades", settings_of(run).environment)
        for key in (b"\xff\xfe", b"simulated:BTC"):
            producer.send_bytes(letters, 0, key, b"{}", timestamp_ms=1, headers=headers)
    table = command("subscriptions", "--run", str(run))
    assert table.exit_code == 0
    assert "ETH/USD" in table.output and "BTC/USD" in table.output
    assert command("unsubscribe", "ETH/USD", "--run", str(run)).exit_code == 0


def test_a_pair_in_a_currency_that_no_account_has_is_refused(run: Path) -> None:
    asked = command("subscribe", "ETH/USD", "--run", str(run), "--requester", "signals:paper")
    assert asked.exit_code == 0
    result = command("subscribe", "BTC/JPY", "--run", str(run))
    assert result.exit_code == 2
    assert "PAIR: expected a pair quoted in USD, as what the accounts trade: ETH/USD, was 'BTC/JPY'" in result.stderr
    assert command("subscribe", "SOL/USD", "--run", str(run)).exit_code == 0


def test_the_accounts_of_a_run_are_those_it_wrote_down(run: Path) -> None:
    accounts = environment_of(AccountsSettings, accounts=(Account(name="own", pairs=("BTC/EUR",)),))
    record_settings(RunFolder(run), accounts)
    result = command("subscribe", "BTC/JPY", "--run", str(run))
    assert result.exit_code == 2 and "expected a pair quoted in EUR" in result.stderr
    assert command("subscribe", "ETH/EUR", "--run", str(run)).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["subscribe", "ethusd"], "expected BASE/QUOTE in capitals"),
        (["subscribe", "BTC/USD", "--exchange", "coinbase"], "expected 'simulated', which BTC/USD on this log comes"),
        (["unsubscribe", "ETH/USD"], "expected one of simulated that operator has requested, was 'ETH/USD'"),
        (["subscribe", "ETH/USD", "--requester", "settings"], "expected a name other than 'settings'"),
        (["subscribe", "A/B\n"], "expected BASE/QUOTE in capitals"),
        (
            ["subscribe", "A/B", "--requester", "x" * 201],
            "other than 'settings' of 1 to 200 characters",
        ),
        (["subscribe", "A/B", "--requester", "x\ny"], "--requester: expected a name"),
        (["subscribe", "A/B", "--exchange", ""], "--exchange: expected the name of an exchange, was ''"),
    ],
)
def test_what_cannot_be_is_refused(run: Path, arguments: list[str], words: str) -> None:
    result = command(*arguments, "--run", str(run))
    assert result.exit_code == 2 and words in result.stderr
    assert written(run) == []


def test_a_folder_without_a_log_is_refused(tmp_path: Path) -> None:
    result = command("subscriptions", "--run", str(tmp_path))
    assert result.exit_code == 2 and "expected the folder of a run that has a log" in result.stderr
