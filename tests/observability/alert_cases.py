"""Each alert's cases: the series with which it fires after a while, and those of a calm day, with which it does not.

Values are in promtool's notation: ``0+5x30`` rises by five each minute, ``1x30`` stays, ``_x4`` is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.services import SERVICES

Series = Mapping[str, str]

APPS = tuple(each.app for each in SERVICES)


@dataclass(frozen=True)
class Case:
    """What an alert sees.

    Attributes
    ----------
    before_minute
        It does not fire here yet, with the same series: that is what its `for` is there for. None: it has none.
    """

    alert: str
    fires: Series
    silent: Series
    severity: str = "warning"
    at_minute: int = 20
    before_minute: int | None = None
    also: tuple[str, ...] = field(default=())


def _up(*missing: str) -> dict[str, str]:
    return {f'up{{app="{app}"}}': "1x30" for app in APPS if app not in missing}


CASES = (
    Case(
        "FeedDead",
        {'tradestream_service_state{app="trades",state="dead-feed"}': "0x10 1x20"},
        {
            'tradestream_service_state{app="trades",state="dead-feed"}': "0x30",
            'tradestream_service_state{app="trades",state="ready"}': "1x30",
        },
        severity="critical",
        before_minute=11,
    ),
    Case(
        "CandleGaps",
        {'tradestream_data_flaws_total{app="candles",kind="gap"}': "3x10 4x20"},
        {
            'tradestream_data_flaws_total{app="candles",kind="gap"}': "3x30",
            'tradestream_data_flaws_total{app="candles",kind="duplicate"}': "0+9x30",
        },
    ),
    Case(
        "LogRefusesTrades",
        {'tradestream_trades_paused{app="trades"}': "0x10 1x20"},
        {'tradestream_trades_paused{app="trades"}': "0x10 1x1 0x20"},
        severity="critical",
        before_minute=12,
        at_minute=14,
    ),
    Case(
        "ClockBehindVenue",
        {'tradestream_last_event_timestamp_seconds{app="trades",topic="trades"}': "7+60x30"},
        {'tradestream_last_event_timestamp_seconds{app="trades",topic="trades"}': "-3+60x30"},
        before_minute=1,
    ),
    Case(
        "ServiceDown",
        {'up{app="candles",instance="a"}': "1x10 0x20"},
        {'up{app="candles",instance="a"}': "1x30", 'up{app="kafka-ui"}': "0x30"},
        severity="critical",
        before_minute=11,
    ),
    # One that was there goes; one that nobody ever deployed is not missed.
    Case(
        "ServiceMissing",
        _up("signals") | {'up{app="signals"}': "1x4 stale"},
        _up("signals", "history"),
        severity="critical",
        before_minute=9,
    ),
    Case(
        "ServiceUnhealthy",
        {'tradestream_service_state{app="candles",instance="a",state="not-live"}': "0x5 1x25"},
        {
            'tradestream_service_state{app="candles",instance="a",state="starting"}': "1x5 0x25",
            'tradestream_service_state{app="candles",instance="a",state="catching-up"}': "0x5 1x25",
        },
        severity="critical",
        before_minute=14,
    ),
    Case(
        "LogAway",
        {'tradestream_log_away_seconds{app="candles"}': "0x10 10+60x20"},
        {'tradestream_log_away_seconds{app="candles"}': "0x10 20x1 0x20"},
        severity="critical",
        before_minute=11,
    ),
    Case(
        "ServiceRestarting",
        {'process_start_time_seconds{app="candles",instance="a"}': "100x4 200x4 300x4 400x17"},
        {'process_start_time_seconds{app="candles",instance="a"}': "100x9 200x20"},
    ),
    Case(
        "ConsumerBehind",
        {'tradestream_consumer_lag_seconds{app="candles",topic="trades"}': "0x5 90x25"},
        {'tradestream_consumer_lag_seconds{app="candles",topic="trades"}': "0x5 90x3 0.1x25"},
        before_minute=9,
    ),
    Case(
        "ConsumerBehind",
        {'tradestream_consumer_lag_seconds{app="candles",topic="trades"}': "0x5 900x25"},
        {'tradestream_consumer_lag_seconds{app="candles",topic="trades"}': "0x5 90x25"},
        severity="critical",
        before_minute=9,
        also=("warning",),
    ),
    # The first letter of a process, whose series begins with 1, and a later one.
    Case(
        "DeadLetters",
        {'tradestream_dead_letters_total{app="candles",topic="trades",reason="bad"}': "_x14 1x16"},
        {'tradestream_dead_letters_total{app="candles",topic="trades",reason="bad"}': "1x30"},
    ),
    Case(
        "DeadLetters",
        {'tradestream_dead_letters_total{app="candles",topic="trades",reason="bad"}': "5x14 6x16"},
        {'tradestream_dead_letters_total{app="candles",topic="trades",reason="bad"}': "4x5 5x25"},
    ),
    Case(
        "ModelMissing",
        {'up{app="predictions"}': "1x30"},
        {
            'up{app="predictions"}': "1x30",
            'tradestream_model_version{app="predictions",model="direction"}': "_x5 3x25",
        },
        severity="critical",
        before_minute=9,
    ),
    Case(
        "ModelOld",
        {
            'tradestream_last_event_timestamp_seconds{app="predictions",topic="technical_indicators"}': "1300000x30",
            'tradestream_model_trained_to_timestamp_seconds{app="predictions",model="direction"}': "50000x30",
        },
        {
            'tradestream_last_event_timestamp_seconds{app="predictions",topic="technical_indicators"}': "1300000x30",
            'tradestream_model_trained_to_timestamp_seconds{app="predictions",model="direction"}': "1200000x30",
        },
    ),
    Case(
        "ModelDrift",
        {'tradestream_model_drift{app="predictions",model="direction",pair="BTC/USD",alarm="loss"}': "0x10 1x20"},
        {'tradestream_model_drift{app="predictions",model="direction",pair="BTC/USD",alarm="loss"}': "0x30"},
    ),
    Case(
        "InputShift",
        {'tradestream_model_psi_excess_ratio{app="predictions",model="direction",pair="BTC/USD"}': "0.4x10 1.3x20"},
        {'tradestream_model_psi_excess_ratio{app="predictions",model="direction",pair="BTC/USD"}': "0.9x30"},
    ),
    Case(
        "StrategyRefused",
        {'tradestream_strategy_refused{app="signals",strategy="over"}': "0x10 1x20"},
        {'tradestream_strategy_refused{app="signals",strategy="over"}': "0x30"},
    ),
    Case(
        "ModelRefused",
        {'tradestream_model_refused{app="predictions",model="direction"}': "0x10 1x20"},
        {'tradestream_model_refused{app="predictions",model="direction"}': "0x30"},
    ),
    Case(
        "ShadowFails",
        {'tradestream_shadow_failures_total{app="predictions",model="direction"}': "0x10 1x20"},
        {'tradestream_shadow_failures_total{app="predictions",model="direction"}': "3x30"},
    ),
    Case(
        "AccountDrawdown",
        {'tradestream_account_drawdown_ratio{account="paper"}': "0+0.004x30"},
        {'tradestream_account_drawdown_ratio{account="paper"}': "0.05x30"},
    ),
    Case(
        "LimitUsed",
        {'tradestream_account_limit_used_ratio{account="paper",rule="DAILY_LOSS"}': "0.8x30"},
        {'tradestream_account_limit_used_ratio{account="paper",rule="DAILY_LOSS"}': "0.79x30"},
    ),
    Case(
        "OwnerLimitUsed",
        {'tradestream_owner_limit_used_ratio{owner="anna",rule="OWNER_DAILY_LOSS"}': "0.8x30"},
        {'tradestream_owner_limit_used_ratio{owner="anna",rule="OWNER_DAILY_LOSS"}': "0.79x30"},
    ),
    Case(
        "AccountStopped",
        {'tradestream_account_active{account="paper"}': "1x10 0x20"},
        {'tradestream_account_active{account="paper"}': "1x30"},
        severity="critical",
    ),
    Case(
        "OrdersNotSent",
        {"tradestream_gateway_sending": "1x5 0x25"},
        {"tradestream_gateway_sending": "1x5 0x1 1x24"},
        severity="critical",
        before_minute=7,
    ),
    Case(
        "OrderUnresolved",
        {'tradestream_gateway_pending_orders{phase="UNKNOWN"}': "0x5 1x25"},
        {'tradestream_gateway_pending_orders{phase="UNKNOWN"}': "0x5 1x3 0x22"},
        severity="critical",
        before_minute=10,
    ),
    Case(
        "VenueSlippage",
        {'tradestream_account_venue_slippage_bps{account="live"}': "2x5 21x25"},
        {'tradestream_account_venue_slippage_bps{account="live"}': "-30x5 21x2 20x23"},
        before_minute=9,
    ),
    Case(
        "VenueOutcomes",
        {'tradestream_account_venue_other_ratio{account="live"}': "0x5 0.06x25"},
        {'tradestream_account_venue_other_ratio{account="live"}': "0x5 0.06x2 0.05x23"},
        before_minute=9,
    ),
)
