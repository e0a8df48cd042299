"""The execution service over a real log: routing, restart, repetition, dead letters, the store."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.execution.operator_words import command
from tests.execution.signal_stream import account, minute_ms, signal, told

from contracts.instrument import Instrument
from contracts.message import Message
from contracts.order_report import OrderReport
from contracts.signal import Signal
from contracts.topics import SIGNALS
from execution.app import OUTPUTS, topology
from execution.core.execute import run as run_core
from execution.settings import ExecutionSettings
from featurestore import open_store
from streaming.settings import read_settings
from streaming.testing import TopologyRun, run_topology

PAIRS = ("BTC/USD", "ETH/USD")
ACCOUNT = account(*PAIRS, max_daily_loss_pct=1)
DECISIONS = ("buy", "none", "none", "sell", "none", "none", "none")
STREAM = [
    signal(n, DECISIONS[(n + shift) % 7], open=100 - n % 13, close=101 - n % 9, pair=pair)
    for n in range(40)
    for shift, pair in enumerate(PAIRS)
]


def settings(**fields: Any) -> ExecutionSettings:
    chosen: dict[str, Any] = {"accounts": (ACCOUNT,), "store_url": "off"} | fields
    return ExecutionSettings(**chosen)


def run(messages: list[Any], folder: Path | None = None, chosen: ExecutionSettings | None = None) -> TopologyRun:
    return run_topology(
        topology, chosen or settings(), "execution", {SIGNALS: messages}, list(OUTPUTS), folder=folder
    )


def by_topic(messages: list[Message]) -> dict[str, list[tuple[str, bytes]]]:
    return {spec.name: told([m for m in messages if isinstance(m, spec.messages)]) for spec in OUTPUTS}


def as_told(result: TopologyRun) -> dict[str, list[tuple[str, bytes]]]:
    return {name: told(messages) for name, messages in result.items()}


def expected(stream: list[Signal]) -> dict[str, list[tuple[str, bytes]]]:
    chosen = settings()
    return by_topic(run_core(stream, ACCOUNT, chosen.broker, chosen.policy))


def test_the_service_tells_what_the_core_says_each_on_its_topic() -> None:
    result = run(STREAM)
    assert not result.dead_letters
    assert as_told(result) == expected(STREAM)
    assert all(result[spec.name] for spec in OUTPUTS)
    for spec in OUTPUTS:
        for record in result.records[spec.name]:
            assert (record.key, record.timestamp_ms) == (b"paper", record.message().event_time_ms)


@pytest.mark.parametrize("cut", [1, 18, 37, 79])
def test_a_restart_in_the_middle_and_repeated_signals_change_nothing(tmp_path: Path, cut: int) -> None:
    first = as_told(run(STREAM[:cut], tmp_path))
    second = as_told(run([*STREAM[max(0, cut - 15) : cut], *STREAM[cut:]], tmp_path))
    assert {name: first[name] + second[name] for name in first} == expected(STREAM)


def test_what_operators_and_venues_say_is_heard_at_its_place_on_the_log() -> None:
    """A command between two minutes, one for a stranger, and a report of an order that nobody knows."""
    unknown = OrderReport(
        account="paper",
        exchange="kraken",
        pair=PAIRS[0],
        order_id="o-stranger",
        kind="CANCELLED",
        reported_at_ms=minute_ms(1),
    )
    said = [*STREAM[:21], command("halt"), unknown, *STREAM[21:51], command("resume", 2), *STREAM[51:]]
    result = run([*said, command("halt", 3, account="stranger")])
    chosen = settings()
    known: list[Any] = [event for event in said if event is not unknown]
    assert as_told(result) == by_topic(run_core(known, ACCOUNT, chosen.broker, chosen.policy))
    assert as_told(result) != expected(STREAM)
    assert [letter.headers["schema"] for letter in result.dead_letters] == [b"order_report", b"operator_command"]


def test_accounts_do_not_see_each_other() -> None:
    other = ACCOUNT.model_copy(update={"name": "other"})
    both = [copy for s in STREAM for copy in (s, s.model_copy(update={"account": "other"}))]
    result = run(both, chosen=settings(accounts=(ACCOUNT, other)))
    ours = [message for messages in result.values() for message in messages if message.key == "paper"]
    assert by_topic(ours) == expected(STREAM)
    assert len(result["pnl"]) == 2 * 40


def test_signals_of_nobody_and_poison_are_set_aside_and_the_rest_goes_on() -> None:
    poison = [signal(0, account="stranger"), signal(0, pair="XRP/USD"), ("paper", b"no json")]
    result = run([*STREAM[:21], *poison, *STREAM[21:]])
    assert as_told(result) == expected(STREAM)
    assert sorted(letter.headers["reason"] for letter in result.dead_letters) == [
        b"processing-failed",
        b"processing-failed",
        b"undecodable",
    ]
    errors = [letter.headers["error"] or b"" for letter in result.dead_letters]
    assert any(b"expected one of paper, was 'stranger'" in error for error in errors)


def test_everything_is_kept_in_the_store_and_lineage_is_a_join(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/kept.sqlite"
    result = run(STREAM, chosen=settings(store_url=url))
    with open_store(url) as store:
        joined = store.sql(
            "SELECT f.fill_id, o.status, f.model_version FROM fills f JOIN orders o ON o.order_id = f.order_id"
        ).rows
        (steps,) = store.sql("SELECT count(*) FROM orders_history").rows[0]
        (minutes,) = store.sql("SELECT count(*) FROM pnl").rows[0]
    assert sorted(row[0] for row in joined) == sorted(fill.fill_id for fill in result["fills"])
    assert {row[1:] for row in joined} == {("FILLED", 3)}
    assert (steps, minutes) == (len(result["orders"]), 40)


def test_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXECUTION_FEE_BPS", "40")
    monkeypatch.setenv("EXECUTION_DAY_TIMEZONE", "Europe/Prague")
    chosen = read_settings(ExecutionSettings)
    assert (chosen.broker.fee_bps, chosen.broker.slippage_bps) == (Decimal(40), Decimal(2))
    assert chosen.policy.day_timezone == "Europe/Prague"
    known = Instrument(exchange="kraken", pair="BTC/USD", lot=Decimal("0.01"), minimum_cost=Decimal(5))
    monkeypatch.setenv("EXECUTION_INSTRUMENTS", json.dumps([known.model_dump(mode="json")]))
    broker = read_settings(ExecutionSettings).broker
    assert broker.instrument("kraken", "BTC/USD") == known
    assert broker.instrument("kraken", "ETH/USD").lot == Decimal("0.00000001")
    monkeypatch.setenv("EXECUTION_DAY_TIMEZONE", "Europe/Nowhere")
    with pytest.raises(Exception, match=r"EXECUTION_DAY_TIMEZONE.*the IANA name of a time zone"):
        read_settings(ExecutionSettings)


def test_a_pair_of_instruments_twice_is_refused() -> None:
    twice = json.dumps([{"exchange": "kraken", "pair": "BTC/USD", "lot": lot} for lot in ("0.1", "0.2")])
    with pytest.raises(
        Exception, match=r"EXECUTION_INSTRUMENTS.*each exchange and pair once, not kraken BTC/USD twice"
    ):
        read_settings(ExecutionSettings, {"EXECUTION_INSTRUMENTS": twice})


def test_instruments_of_an_exchange_that_there_is_none_of_are_refused() -> None:
    listed = {"EXECUTION_INSTRUMENTS": json.dumps([{"exchange": "kracken", "pair": "BTC/USD"}])}
    with pytest.raises(Exception, match=r"\(did you mean kraken\?\), not of kracken"):
        read_settings(ExecutionSettings, listed)
    assert read_settings(ExecutionSettings, {**listed, "TRADES_EXCHANGE_LABEL": "kracken"}).instruments
