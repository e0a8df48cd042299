"""The signals service over a real log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import NewTopic
from tests.signals.market_stream import prediction, row

from contracts.account import Account
from contracts.errors import BadSettingError
from contracts.signal import Signal
from contracts.topics import PREDICTIONS, SIGNALS, TECHNICAL_INDICATORS
from featurestore import open_store
from signals.app import topology
from signals.settings import SignalsSettings
from streaming.embedded.admin import EmbeddedAdminClient
from streaming.settings import environment_variable, read_settings
from streaming.testing import TopologyRun, run_topology

PAIRS = ("BTC/USD", "ETH/USD")
STREAM = [prediction(n, 0.3 + 0.04 * (n % 11), pair=pair) for n in range(30) for pair in PAIRS]
ROWS = [row(n, pair=pair) for n in range(30) for pair in PAIRS]
ACCOUNTS = (Account(name="paper", pairs=PAIRS), Account(name="bold", pairs=PAIRS[:1], minimum_confidence=0.5))


def run(
    predictions: list[Any],
    settings: SignalsSettings | None = None,
    folder: Path | None = None,
    rows: list[Any] = ROWS,
) -> TopologyRun:
    chosen = settings or SignalsSettings(accounts=ACCOUNTS, store_url="off")
    inputs = {TECHNICAL_INDICATORS: rows, PREDICTIONS: predictions}
    return run_topology(topology, chosen, "signals", inputs, [SIGNALS], folder=folder)


def decisions(result: TopologyRun) -> list[Signal]:
    return [each for each in result["signals"] if isinstance(each, Signal)]


def lines(told: list[Any]) -> dict[tuple[str, ...], list[Any]]:
    """Return what keeps its order: the marks and the decisions of each account and pair."""
    found: dict[tuple[str, ...], list[Any]] = {}
    for each in told:
        found.setdefault((each.type, each.account, each.pair), []).append(each)
    return found


def test_each_account_hears_once_of_each_candle_of_its_pairs() -> None:
    result = run(STREAM)
    assert not result.dead_letters
    heard = [(s.type, s.account, s.pair, s.window_start_ms) for s in result["signals"]]
    assert len(heard) == len(set(heard)) == 2 * 30 * 3
    assert {record.key for record in result.records["signals"]} == {b"paper", b"bold"}
    assert {s.decision for s in decisions(result)} == {"buy", "sell", "none"}


def test_a_restart_in_the_middle_and_repeated_predictions_change_nothing(tmp_path: Path) -> None:
    whole = run(STREAM)["signals"]
    first = run(STREAM[:31], folder=tmp_path, rows=ROWS[:31])["signals"]
    second = run([*STREAM[20:31], *STREAM[31:]], folder=tmp_path, rows=ROWS[25:])["signals"]
    assert lines(first + second) == lines(whole)


def test_rows_and_predictions_of_other_intervals_revisions_and_models_are_left_alone() -> None:
    settings = SignalsSettings(accounts=ACCOUNTS[:1], model_name="direction", store_url="off")
    others = [prediction(0, interval_s=300), prediction(0, model_name="shadow"), prediction(0)]
    rows = [row(0, interval_s=300), row(0), row(0, revision=1, close="100.5")]
    result = run(others, settings, rows=rows)
    assert [(s.model_name, s.mark_close) for s in decisions(result)] == [("direction", "101")]
    assert len(result["signals"]) == 2


def test_poison_is_set_aside_and_the_rest_goes_on() -> None:
    result = run([prediction(0), ("BTC/USD", b"{}"), prediction(1)], rows=[row(0), ("BTC/USD", b"{}"), row(1)])
    assert len(result.dead_letters) == 2
    assert len([s for s in decisions(result) if s.account == "paper"]) == 2


def test_a_row_on_which_a_strategy_fails_is_set_aside_and_the_account_is_told(tmp_path: Path) -> None:
    file = tmp_path / "fails.py"
    file.write_text(
        "from strategies import Strategy, close\n\n\n"
        "class Fails(Strategy):\n    memory_bars = 1\n\n    def inputs(self):\n        return {'price': close}\n\n"
        "    def step(self, state, row):\n        return None, 1 if 1 / (row['price'] - 99) else 0\n"
    )
    accounts = (Account(name="mine", pairs=PAIRS[:1], strategy=str(file)), ACCOUNTS[1])
    settings = SignalsSettings(accounts=accounts, store_url="off")
    result = run([prediction(0), prediction(1)], settings, rows=[row(0, close="99"), row(1)])
    assert [(s.account, s.reason) for s in decisions(result)] == [
        ("mine", "failed"),
        ("bold", "confident"),
        ("mine", "confident"),
        ("bold", "confident"),
    ]
    (letter,) = result.dead_letters
    assert b"ZeroDivisionError" in (letter.headers["error"] or b"")


def test_topics_of_different_partitions_are_refused_at_the_start(tmp_path: Path) -> None:
    admin = EmbeddedAdminClient({"bootstrap.servers": f"embedded://{tmp_path}/log"})
    for made in admin.create_topics([NewTopic("predictions-dev", num_partitions=2, replication_factor=1)]).values():
        made.result()
    expected = (
        "the same number for topics that are read together, was 'technical_indicators-dev with 1, predictions-dev"
    )
    with pytest.raises(BadSettingError, match=f"partitions: expected {expected} with 2'"):
        run(STREAM, folder=tmp_path)


def test_signals_are_kept_in_the_store(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/kept.sqlite"
    run([prediction(0), prediction(1)], SignalsSettings(accounts=ACCOUNTS[:1], store_url=url), rows=[row(0), row(1)])
    with open_store(url) as store:
        rows = store.sql("SELECT account, decision, prediction_id FROM signals ORDER BY window_start_ms").rows
    assert [each[:2] for each in rows] == [("paper", "buy"), ("paper", "buy")]
    assert rows[0][2] == prediction(0).message_id


def test_accounts_come_from_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment_variable(SignalsSettings, "accounts") == "TRADESTREAM_ACCOUNTS"
    monkeypatch.setenv("TRADESTREAM_ACCOUNTS", '[{"name":"a","pairs":["BTC/USD"],"position_pct":"12.5"}]')
    monkeypatch.setenv("SIGNALS_EXPIRY_SECONDS", "60")
    settings = read_settings(SignalsSettings)
    assert [(a.name, str(a.position_pct)) for a in settings.configured_accounts] == [("a", "12.5")]
    assert settings.expiry_seconds == 60


def test_without_accounts_one_trades_the_pairs_that_are_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADES_PAIRS", "BTC/USD,ETH/USD")
    (account,) = read_settings(SignalsSettings).configured_accounts
    assert (account.name, account.pairs) == ("paper", PAIRS)


def test_two_accounts_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = '[{"name":"a","pairs":["BTC/USD"]},{"name":"a","pairs":["ETH/USD"]}]'
    monkeypatch.setenv("TRADESTREAM_ACCOUNTS", twice)
    with pytest.raises(Exception, match="each account name of TRADESTREAM_ACCOUNTS once, was a more than once"):
        read_settings(SignalsSettings)
