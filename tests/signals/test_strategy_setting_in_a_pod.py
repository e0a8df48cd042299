"""`python -m signals.strategy_setting`: what is there where the image of signals is, and `tradestream` is not."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.signals.test_strategy_settings import OVER, PAIR
from tests.support.processes import run

from contracts.account import Account
from contracts.audit_event import AuditEvent
from contracts.topics import AUDIT_LOG
from signals.deciders import followed_of
from signals.strategy_setting import main, settings_written
from strategies.of_account import with_parameters
from streaming.clients import read_topic
from streaming.control import ControlSettings
from streaming.exit_codes import EXIT_BAD_SETTINGS, EXIT_OK


@pytest.fixture
def account(tmp_path: Path) -> Account:
    file = tmp_path / "over.py"
    file.write_text(OVER, encoding="utf-8")
    return Account(name="mine", pairs=(PAIR,), strategy=str(file))


def told_of(account: Account, folder: Path) -> dict[str, str]:
    return {
        "TRADESTREAM_BROKER_ADDRESS": f"embedded://{folder}/log",
        "TRADESTREAM_ACCOUNTS": json.dumps([account.model_dump(mode="json")]),
    }


def said(account: Account, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    told = told_of(account, folder)
    return run("signals.strategy_setting", *words, "--account", "mine", "--by", "alice", folder=folder, **told)


def test_parameters_and_switches_are_written_and_told(account: Account, tmp_path: Path) -> None:
    (told,) = account.deciding
    digest = followed_of("mine", with_parameters(told, {"bars": 6})).hash
    done = said(account, tmp_path, "set", "--pair", PAIR, "--parameters", '{"bars": 6}')
    assert done.returncode == EXIT_OK, done.stderr
    assert f'over of mine on {PAIR}: {{"bars": 6}} from the next candle on, hash {digest}' in done.stdout
    for words in (("off", "--sell", "--from", "2026-03-05T00:00:00Z"), ("on",)):
        assert said(account, tmp_path, *words, "--pair", PAIR).returncode == EXIT_OK
    settings = ControlSettings(broker_address=f"embedded://{tmp_path}/log", accounts=(account,))
    written = settings_written(settings)
    assert [(each.parameters, each.switch) for each in written] == [({"bars": 6}, None), (None, "sell"), (None, "on")]
    assert [each.from_ms for each in written] == [None, 1_772_668_800_000, None]
    audited = [record.message() for record in read_topic(settings, AUDIT_LOG)]
    assert [each.actor for each in audited if isinstance(each, AuditEvent)] == ["alice"] * 3


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("set", "--pair", PAIR, "--parameters", '{"bars": 99}'), "Over.bars: expected from 2 to 30, was 99"),
        (("set", "--pair", PAIR), "--parameters: expected with set, and with nothing else, was None"),
        (("on", "--pair", PAIR, "--sell"), "--sell: expected with off, was 'on'"),
        (("off", "--pair", "ETH/USD"), f"--pair: expected one of {PAIR}"),
    ],
)
def test_what_cannot_be_set_is_refused_by_name(
    account: Account,
    tmp_path: Path,
    words: tuple[str, ...],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in told_of(account, tmp_path).items():
        monkeypatch.setenv(name, value)
    assert main([*words, "--account", "mine"]) == EXIT_BAD_SETTINGS
    assert complaint in capsys.readouterr().err
    settings = ControlSettings(broker_address=f"embedded://{tmp_path}/log", accounts=(account,))
    assert not settings_written(settings)
