"""`tradestream control`, as an operator types it: what is on the log afterwards, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from contracts.account import Account
from contracts.accounts_settings import AccountsSettings
from contracts.audit_event import AuditEvent
from contracts.operator_command import OperatorCommand
from contracts.symbol_subscription import SymbolSubscription
from contracts.topics import AUDIT_LOG, CONTROL, SIGNALS, SYMBOL_SUBSCRIPTIONS, TopicSpec
from embedded.cli import app
from embedded.subscriptions import settings_of
from results.run_folder import RunFolder
from results.run_settings import record_settings
from streaming import control
from streaming.clients import read_topic
from streaming.producer import open_producer
from streaming.settings import environment_of

WHY = ("--reason", "the feed looks wrong", "--by", "alice")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return a run's folder with two accounts of its settings, and a third that the log knows of."""
    place = RunFolder(tmp_path)
    place.log.mkdir(parents=True)
    accounts = tuple(Account(name=name, pairs=("BTC/USD",)) for name in ("one", "two"))
    record_settings(place, environment_of(AccountsSettings, accounts=accounts))
    asked = SymbolSubscription(
        exchange="kraken", pair="ETH/USD", requester="signals:three", wanted=True, requested_at_us=1
    )
    with open_producer(settings_of(tmp_path), "signals") as producer:
        producer.produce(SYMBOL_SUBSCRIPTIONS, asked)
    return tmp_path


def typed(run: Path, *arguments: str) -> Result:
    action, *options = arguments
    return CliRunner().invoke(app, ["control", action, "--run", str(run), *options], env={"COLUMNS": "200"})


def on(run: Path, spec: TopicSpec) -> list[OperatorCommand]:
    found = [record.message() for record in read_topic(settings_of(run), spec)]
    return [message for message in found if isinstance(message, OperatorCommand)]


def test_a_word_to_all_is_a_message_for_each_on_both_topics_with_one_id(run: Path) -> None:
    done = typed(run, "halt", *WHY)
    assert done.exit_code == 0, done.output
    assert "halt said to 3 accounts (one, three, two) on embedded://" in done.output
    told = on(run, SIGNALS)
    assert [(each.account, each.action, each.issued_by) for each in told] == [
        (name, "halt", "alice") for name in ("one", "three", "two")
    ]
    assert len({each.command_id for each in told}) == 1
    assert on(run, CONTROL) == told


def test_it_is_in_the_audit_log_once_for_each_account(run: Path) -> None:
    typed(run, "reduce-only", *WHY, "--account", "one,two")
    events = [record.message() for record in read_topic(settings_of(run), AUDIT_LOG)]
    told = [e for e in events if isinstance(e, AuditEvent) and e.action == "operator_command"]
    assert [(event.actor, event.subject, event.details["command"]) for event in told] == [
        ("alice", "one", "reduce_only"),
        ("alice", "two", "reduce_only"),
    ]
    assert told[0].details["message_id"] == on(run, SIGNALS)[0].message_id


def test_the_last_word_on_each_account_is_shown(run: Path) -> None:
    typed(run, "halt", *WHY)
    typed(run, "resume", *WHY, "--account", "two", "--limits")
    assert on(run, CONTROL)[-1].lifts_limits
    shown = json.loads(typed(run, "show", "--json").output)
    assert [(row["account"], row["said"]) for row in shown] == [("one", "halt"), ("three", "halt"), ("two", "resume")]
    table = typed(run, "show").output
    assert "the feed looks wrong" in table and "alice" in table


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("halt", *WHY, "--account", "tow"),
            "--account: expected one of one, three, two (did you mean two?), was 'tow'",
        ),
        (("halt", "--reason", " "), "--reason: expected why, in words"),
        (("resume", *WHY, "--limits"), "--limits: expected a resume of accounts that are named, was 'no --account'"),
        (("flatten", *WHY, "--account", "one,"), "--account: expected names of accounts"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_written(
    run: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = typed(run, *arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert on(run, SIGNALS) == on(run, CONTROL) == []


def test_where_there_is_no_tradestream_the_same_is_said_by_python(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRADESTREAM_BROKER_ADDRESS", settings_of(run).broker_address)
    assert control.main(["flatten", *WHY, "--account", "three"]) == 0
    assert "flatten said to 1 account (three)" in capsys.readouterr().out
    assert [each.action for each in on(run, SIGNALS)] == ["flatten"]
    assert control.main(["halt", *WHY, "--account", "one"]) == 2
    assert "--account: expected one of three" in capsys.readouterr().err


def test_where_nothing_names_an_account_the_default_one_is_meant(tmp_path: Path) -> None:
    RunFolder(tmp_path).log.mkdir(parents=True)
    assert typed(tmp_path, "halt", *WHY).exit_code == 0
    assert [each.account for each in on(tmp_path, SIGNALS)] == ["paper"]


ON_MINE = ("--account", "mine", "--pair", "BTC/USD")


@pytest.mark.parametrize(
    "words",
    [
        ("control", "halt", *WHY),
        ("strategy", "set", *ON_MINE, "--parameters", "{}"),
        ("strategy", "off", *ON_MINE),
        ("strategy", "on", *ON_MINE),
        ("forward-test", "start", "sma_cross", "--pairs", "BTC/USD"),
        ("forward-test", "stop", "mine"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_what_nobody_would_hear_is_refused_and_makes_no_log(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})
    assert done.exit_code == 2, done.output
    assert "--run: expected the folder of a run" in done.output
    assert "nothing has ever run on embedded://data/log" in done.output
    assert not list(tmp_path.iterdir())
