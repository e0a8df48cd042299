"""Execution learns of a forward test's account from its one input, and trades it as any other."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.execution.signal_stream import signal

from contracts.account import Account
from contracts.fill import Fill
from contracts.forward_test_event import ForwardTestEvent
from contracts.operator_command import OperatorCommand
from contracts.pnl import Pnl
from contracts.state import MemoryState
from contracts.topics import SIGNALS
from execution.app import OUTPUTS, topology
from execution.core.forward_tests import account_of, open_account
from execution.settings import ExecutionSettings
from streaming.testing import run_topology


def event(balance: int = 500, **fields: Any) -> ForwardTestEvent:
    opened = Account(name="test", pairs=("BTC/USD",), initial_balance_quote=Decimal(balance), **fields)
    return ForwardTestEvent(
        account="test", action="start", opened=opened, from_ms=None, issued_by="alice", issued_at_ms=0
    )


def ran(folder: Path, messages: list[Any]) -> Any:
    of = ExecutionSettings(accounts=(Account(name="paper", pairs=("BTC/USD",)),), store_url="off")
    place = {"broker_address": f"embedded://{folder}/log", "data_dir": folder, "state_dir": folder / "state"}
    settings = of.model_copy(update=place)
    return run_topology(topology, settings, "execution", {SIGNALS: messages}, list(OUTPUTS), folder=folder)


FLATTEN = OperatorCommand(
    command_id="c1", account="test", action="flatten", reason="stopped", issued_by="alice", issued_at_ms=0
)


def test_it_trades_flat_from_its_first_candle_over_a_restart_and_stops_flat(tmp_path: Path) -> None:
    told = [event(), *(signal(n, "buy" if n == 1 else "none", account="test") for n in range(4))]
    begun = ran(tmp_path, [told[0], signal(0), *told[1:3]])
    later = ran(tmp_path, [*told[3:], FLATTEN, *(signal(n, account="test") for n in range(4, 7))])
    assert not begun.dead_letters and not later.dead_letters
    books = [each for each in (*begun["pnl"], *later["pnl"]) if each.account == "test"]
    assert books[0].equity == "500" and [each.account for each in begun["pnl"]].count("paper") == 1
    fills = [each for each in (*begun["fills"], *later["fills"]) if isinstance(each, Fill)]
    assert [(each.account, each.side) for each in fills] == [("test", "buy"), ("test", "sell")]
    last = books[-1]
    assert isinstance(last, Pnl) and last.exposure_quote == "0" and last.trading_state == "OPERATOR_FLATTEN"


def test_what_nobody_opened_is_set_aside_and_so_is_a_test_with_a_configured_name(tmp_path: Path) -> None:
    named = event().model_copy(
        update={"account": "paper", "opened": event().opened.model_copy(update={"name": "paper"})}
    )
    found = ran(tmp_path, [signal(0, account="test"), named, signal(0)])
    assert len(found.dead_letters) == 2 and [each.account for each in found["pnl"]] == ["paper"]


def test_the_account_is_that_of_the_last_start_before_it_was_told_of_anything() -> None:
    state = MemoryState()
    for balance in (500, 700):
        open_account(state, event(balance))
    account = account_of(state)
    assert account == event(700).opened
    state.set("line", {"acted_ms": None, "queues": {}})
    open_account(state, event(900))
    assert account_of(state) == account
    assert account_of(MemoryState()) is None


def test_a_start_is_of_a_paper_account_of_its_name() -> None:
    with pytest.raises(ValueError, match="opened: test on paper, was test on venue"):
        ForwardTestEvent.model_validate(event().model_dump() | {"opened": event(broker="venue").opened})
