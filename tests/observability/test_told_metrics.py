"""What services tell Prometheus of their state, their accounts and their model."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import get_args

import httpx
from prometheus_client import REGISTRY
from pytest import approx
from tests.support.message_examples import example
from tests.support.processes import free_port

from contracts.account import Account
from contracts.fill import Fill
from contracts.pnl import Pnl
from contracts.risk_alert import RiskAlert
from contracts.service_health import ServiceState
from execution import metrics as told
from streaming.telemetry import metrics
from streaming.telemetry.health import Health, serve_health

ACCOUNT = Account(name="told", pairs=("BTC/USD",), max_daily_loss_pct=Decimal(4), max_total_loss_pct=Decimal(10))


def books(**changes: str) -> Pnl:
    """Return the books of an account that began with 10,000, earned 2,000 and lost 240 of it today."""
    facts = {
        "balance": "11760",
        "equity": "11760",
        "realised_quote": "1800",
        "unrealised_quote": "0",
        "fees_quote": "40",
        "exposure_quote": "500",
        "drawdown_quote": "240",
        "daily_loss_quote": "240",
        "trading_state": "ACTIVE",
    }
    return Pnl.model_validate({"account": "told", "time_ms": 60_000, **facts, **changes})


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_books_become_gauges() -> None:
    told.tell(books(), ACCOUNT)
    assert value("tradestream_account_equity_quote", account="told") == 11_760
    assert value("tradestream_account_exposure_quote", account="told") == 500
    assert value("tradestream_account_drawdown_ratio", account="told") == approx(240 / 12_000)
    assert value("tradestream_account_limit_used_ratio", account="told", rule="DAILY_LOSS") == approx(240 / 400)
    assert value("tradestream_account_limit_used_ratio", account="told", rule="DRAWDOWN") == 0
    assert value("tradestream_account_active", account="told") == 1


def test_a_loss_below_the_begin_uses_the_limit_on_all_losses() -> None:
    told.tell(books(balance="9140", equity="9200", realised_quote="-820", trading_state="TOTAL_LOSS"), ACCOUNT)
    assert value("tradestream_account_limit_used_ratio", account="told", rule="DRAWDOWN") == approx(0.8)
    assert value("tradestream_account_active", account="told") == 0


def test_fills_are_counted_by_strategy() -> None:
    whose = [f"told:{name}kraken:BTC/USD:60:0" for name in ("sma_cross:", "sma_cross:", "rsi:", "mark:", "")]
    for signal_id in whose:
        told.tell(example(Fill, account="told", signal_id=signal_id), ACCOUNT)
    found = {
        name: value("tradestream_fills_total", account="told", strategy=name) for name in ("sma_cross", "rsi", "")
    }
    assert found == {"sma_cross": 2, "rsi": 1, "": 2}


def test_alerts_are_counted() -> None:
    alert = RiskAlert(
        account="told", rule="EXPOSURE", severity="WARNING", pair=None, value="1", limit="1", message="-", time_ms=0
    )
    told.tell(alert, ACCOUNT)
    told.tell(alert, ACCOUNT)
    labels = {"account": "told", "rule": "EXPOSURE", "severity": "WARNING"}
    assert value("tradestream_risk_alerts_total", **labels) == 2


def test_one_state_is_one_and_every_other_none() -> None:
    metrics.show_state("catching-up")
    metrics.show_state("ready")
    [family] = metrics.SERVICE_STATE.collect()
    assert {sample.labels["state"]: sample.value for sample in family.samples if sample.value} == {"ready": 1}
    assert len(family.samples) == len(get_args(ServiceState))


def test_the_state_is_that_of_the_moment_of_the_scrape() -> None:
    class Loop:
        heartbeat_seconds: float | None = time.monotonic()

    venue_answers = True
    health = Health(Loop(), checks=[lambda: (venue_answers, "the venue")])
    with serve_health(free_port(), health) as port:
        dead = 'tradestream_service_state{state="dead-feed"}'
        assert f"{dead} 0.0" in httpx.get(f"http://localhost:{port}/metrics").text
        venue_answers = False
        assert f"{dead} 1.0" in httpx.get(f"http://localhost:{port}/metrics").text
