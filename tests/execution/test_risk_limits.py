"""Word at 50, 80 and 100 % of a limit, stopping short of one, and what may be in the market: by hand."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from tests.execution.signal_stream import FREE, account, of, signal

from contracts.fill import Fill
from contracts.order import Order
from contracts.pnl import Pnl
from contracts.risk_alert import RiskAlert
from execution.core.execute import run

#: Holds 100 units from minute 1 on: a price of 97.5 has lost 250, half of the 5 % that a day may lose.
BOLD: dict[str, Any] = {"position_pct": 100, "max_position_pct": 100, "cooldown_bars": 0, "max_total_loss_pct": 90}


def story(*closes: float, **fields: Any) -> list[Any]:
    later = [signal(n, open=close, close=close) for n, close in enumerate(closes, start=2)]
    return run([signal(0, "buy"), signal(1), *later], account(**BOLD, **fields), FREE)


def alerts(messages: list[Any]) -> list[tuple[str, str]]:
    return [(alert.severity, alert.value) for alert in of(RiskAlert, messages) if alert.rule == "DAILY_LOSS"]


def denied(messages: list[Any]) -> list[str | None]:
    return [order.reason for order in of(Order, messages) if order.status == "DENIED"]


def test_a_limit_speaks_at_half_at_four_fifths_and_beyond_it_once_a_day() -> None:
    messages = story(97.51, 97.5, 97, 96.01, 96, 95.5, 95, 94.99)
    assert alerts(messages) == [("INFO", "250"), ("WARNING", "400"), ("CRITICAL", "501")]


def test_after_a_warning_nothing_less_is_said() -> None:
    assert alerts(story(96, 97, 96)) == [("WARNING", "400")]


def test_a_new_day_begins_anew() -> None:
    early = [signal(1_437, "buy"), signal(1_438), signal(1_439, close=97)]
    messages = run([*early, signal(1_440, open=97, close=97)], account(**BOLD), FREE)
    assert alerts(messages) == [("INFO", "300"), ("INFO", "300")]


def test_an_account_may_stop_short_of_its_limit() -> None:
    """80 % of 500: with 400 lost all is sold at the next open; the firm's floor is not touched."""
    messages = story(96.01, 96, 96, daily_loss_act_at_pct=80, daily_loss_on_breach="end")
    assert [(f.side, f.price) for f in of(Fill, messages)] == [("buy", "100"), ("sell", "96")]
    assert next(o.reason for o in of(Order, messages) if o.purpose == "flatten") == "DAILY_LOSS_NEAR"
    assert (of(Pnl, messages)[-1].trading_state, of(Pnl, messages)[-1].equity) == ("DAILY_LOSS_NEAR", "9600")


def test_it_trades_again_the_next_day_even_where_a_breach_would_be_the_end() -> None:
    who = account(**BOLD, daily_loss_act_at_pct=80, daily_loss_on_breach="end")
    day = [signal(1_435, "buy"), signal(1_436), signal(1_437, open=96, close=96), signal(1_438, "buy", close=96)]
    messages = run([*day, signal(1_439, "buy", close=96), signal(1_440, "buy", close=96)], who, FREE)
    assert [books.trading_state for books in of(Pnl, messages)][-2:] == ["DAILY_LOSS_NEAR", "ACTIVE"]
    assert set(denied(messages)) == {"DAILY_LOSS_NEAR"}
    assert of(Order, messages)[-1].status == "PLACED"


def test_what_falls_through_both_at_once_is_a_breach() -> None:
    assert of(Pnl, story(94, daily_loss_act_at_pct=80))[-1].trading_state == "DAILY_LOSS"


def both(minute: int, decision: str = "none") -> list[Any]:
    return [signal(minute, decision, pair=pair) for pair in ("BTC/USD", "ETH/USD")]


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        ({"max_gross_pct": 40}, []),
        ({"max_gross_pct": "39.9"}, ["GROSS_EXPOSURE"]),
        ({"correlated_pairs": [("BTC/USD", "ETH/USD")], "max_correlated_pct": 40}, []),
        ({"correlated_pairs": [("BTC/USD", "ETH/USD")], "max_correlated_pct": "39.9"}, ["CORRELATED_PAIRS"]),
        ({"correlated_pairs": [("BTC/USD",), ("ETH/USD",)], "max_correlated_pct": 20}, []),
        ({"max_entries_per_hour": 2}, []),
        ({"max_entries_per_hour": 1}, ["ENTRY_RATE"]),
    ],
)
def test_what_is_being_bought_counts(fields: dict[str, Any], reasons: list[str]) -> None:
    """Each pair is bought with 20 % of equity in the same minute, the second while the first is in flight."""
    assert denied(run([*both(0, "buy")], account("BTC/USD", "ETH/USD", **fields), FREE)) == reasons


def test_an_hour_goes_over_midnight() -> None:
    """Bought at 23:59, sold at 0:00; wanted again at 0:58 and at 0:59, which is an hour later."""
    who = account(cooldown_bars=0, max_entries_per_hour=1)
    stream = [
        signal(1_439, "buy"),
        signal(1_440, "sell"),
        signal(1_441),
        signal(1_498, "buy"),
        signal(1_499, "buy"),
    ]
    messages = run(stream, who, FREE)
    assert denied(messages) == ["ENTRY_RATE"]
    assert of(Order, messages)[-1].status == "PLACED"


def test_a_group_has_pairs_of_the_account() -> None:
    with pytest.raises(ValidationError, match="correlated_pairs among its pairs, not ETH/USD"):
        account(correlated_pairs=[("BTC/USD", "ETH/USD")])
