"""`tradestream risk what-if`: a run under other limits is what the live fold had made of it."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.backtest.test_parity import ACCOUNT, TERMS, written
from tests.execution.operator_words import command
from typer.testing import CliRunner

from backtest.said import said_to
from backtest.what_if import ALL, AS_IT_RAN, DENIED, WhatIf, what_if
from contracts.account import Account
from contracts.errors import BadInputError
from contracts.fill import Fill
from contracts.order import Order
from contracts.pnl import Pnl
from contracts.risk_alert import RiskAlert
from embedded.cli import app
from embedded.limits_file import read_limits
from exchanges.paper import PaperBroker
from execution.core.execute import run as live

#: Two that bind on this market and one that does not.
CHANGED = {"max_daily_loss_pct": Decimal(1), "max_entries_per_day": 1, "max_total_loss_pct": Decimal(95)}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    """A run in which operators spoke, and what was on its topic of signals."""

    def between(signals: list[Any]) -> list[Any]:
        return [*signals[:30], command("halt"), *signals[30:90], command("resume", 5), *signals[90:]]

    return written(tmp_path_factory.mktemp("run"), between)


@pytest.fixture(scope="module")
def found(run: tuple[Path, list[Any]]) -> WhatIf:
    folder, events = run
    [one] = what_if(folder, terms_of(events), {ACCOUNT.name: CHANGED})
    return one


def terms_of(events: list[Any]) -> Any:
    return replace(TERMS, said={ACCOUNT.name: list(said_to(ACCOUNT, events, TERMS.policy))})


def test_each_limit_and_all_of_them_end_as_the_live_fold_does(run: tuple[Path, list[Any]], found: WhatIf) -> None:
    alone = [{name: value} for name, value in CHANGED.items()]
    every = (found.as_it_ran, *found.each, found.all)
    assert [each.limits for each in (every[0], every[-1])] == [AS_IT_RAN, ALL]
    for under, changed in zip(every, [{}, *alone, CHANGED], strict=True):
        messages = live(run[1], Account.model_validate(ACCOUNT.model_dump() | changed), PaperBroker(), TERMS.policy)
        last = [each for each in messages if isinstance(each, Pnl)][-1]
        assert (under.equity_quote, under.fees_quote) == (Decimal(last.equity), Decimal(last.fees_quote))
        assert under.ends == last.trading_state
        assert under.fills == sum(isinstance(each, Fill) for each in messages)
        assert under.saved_quote == under.equity_quote - found.as_it_ran.equity_quote
        told = sum(isinstance(each, RiskAlert) or _denied(each) for each in messages)
        assert sum(each.times for each in under.spoke) == told


def test_it_says_which_rule_spoke_when_and_from_when_on_the_run_is_another(found: WhatIf) -> None:
    loss, entries, total = found.each
    assert loss.limits == "max_daily_loss_pct 1 (was 50)" and loss.ends == "DAILY_LOSS"
    [critical] = [each for each in loss.spoke if (each.rule, each.severity) == ("DAILY_LOSS", "CRITICAL")]
    assert critical.words.startswith("DAILY_LOSS: lost") and loss.parts_ms is not None
    assert loss.parts_ms <= critical.first_ms <= critical.last_ms
    assert any((each.rule, each.severity) == ("ENTRIES_PER_DAY", DENIED) for each in entries.spoke)
    assert total.parts_ms is None and total.saved_quote == 0 and total.spoke == found.as_it_ran.spoke
    assert entries.saved_quote != 0 and loss.saved_quote != 0


def test_a_run_that_does_not_come_out_again_tells_nothing_of_other_limits(run: tuple[Path, list[Any]]) -> None:
    with pytest.raises(
        BadInputError, match=r"--of: expected a run that a backtest of it tells again, was '[\d,]+ diff"
    ):
        what_if(run[0], TERMS, {ACCOUNT.name: CHANGED})  # as if no operator had spoken


def _denied(message: object) -> bool:
    return isinstance(message, Order) and message.status == DENIED


# --- the file ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("max_daily_los_pct = 1", r"limits.toml.max_daily_los_pct: expected one of .*max_daily_loss_pct"),
        ("max_daily_loss_pct = 0", r"limits.toml.max_daily_loss_pct: expected .*greater than 0.*was '?0"),
        ("max_daily_loss_pct = 50", r"limits.toml: expected limits other than those of the run"),
        ("[accounts.nobody]\ncooldown_bars = 1", r"accounts: expected accounts of the run: paper.*was 'nobody'"),
        ("accounts = 3", r"accounts: expected tables \[accounts.NAME\]"),
        ("[accounts.paper]\nposition_pct = 3", r"accounts.paper.position_pct: expected one of"),
        ("[accounts.paper]\ncooldown_bars = -1", r"accounts.paper.cooldown_bars: expected"),
        ("max_daily_loss_pct", r"limits.toml: expected a TOML file"),
    ],
)
def test_what_is_no_limit_is_refused_by_its_name(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "limits.toml"
    path.write_text(text)
    with pytest.raises(BadInputError, match=said):
        read_limits(path, [ACCOUNT])


def test_an_accounts_own_limits_go_before_those_of_all(tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    path.write_text("cooldown_bars = 9\nmax_daily_loss_pct = 50\n[accounts.other]\ncooldown_bars = 7\n")
    other = ACCOUNT.model_copy(update={"name": "other"})
    assert read_limits(path, [ACCOUNT, other]) == {"paper": {"cooldown_bars": 9}, "other": {"cooldown_bars": 7}}


# --- the command ---------------------------------------------------------------------------------------------------


def test_the_command_tells_it_as_a_table_and_for_programs(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    folder, _ = written(tmp_path / "run")
    accounts = json.dumps([ACCOUNT.model_dump(mode="json")])
    settings = {"TRADESTREAM_ACCOUNTS": accounts, "SIGNALS_INTERVAL_SECONDS": "60"}
    (folder / "work").mkdir()
    record = {"runs": [{"from": "2026-01-01T00:00:00Z", "settings": settings}]}
    (folder / "work" / "settings.json").write_text(json.dumps(record))
    limits = tmp_path / "limits.toml"
    limits.write_text("max_entries_per_day = 1\nmax_daily_loss_pct = 1\n")
    told = CliRunner().invoke(app, ["risk", "what-if", "--of", str(folder), "--limits", str(limits)])
    assert told.exit_code == 0, told.output
    for words in (
        "Account paper, USD",
        AS_IT_RAN,
        "max_entries_per_day 1 (was none)",
        ALL,
        "ENTRIES_PER_DAY",
        DENIED,
    ):
        assert words in told.output
    as_json = CliRunner().invoke(app, ["risk", "what-if", "--of", str(folder), "--limits", str(limits), "--json"])
    [account] = json.loads(as_json.stdout)
    fills = pl.read_parquet(folder / "fills.parquet").height
    assert account["as_it_ran"]["fills"] == fills and account["all"]["fills"] != fills
    assert Decimal(account["all"]["equity_quote"]) - Decimal(account["as_it_ran"]["equity_quote"]) == Decimal(
        account["all"]["saved_quote"]
    )
