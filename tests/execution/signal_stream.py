"""Signals for tests, as the signals service would write them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from contracts.account import Account
from contracts.candle_mark import CandleMark
from contracts.message import Message
from contracts.signal import Signal
from contracts.units import MS_PER_MINUTE, decimal_string
from exchanges.paper import PaperBroker

#: 2026-03-04 00:00:00 UTC.
MIDNIGHT_MS = 1_772_582_400_000
FREE = PaperBroker(slippage_bps=Decimal(0), fee_bps=Decimal(0))


def minute_ms(minute: int) -> int:
    """Return the start of the window `minute` minutes after the stream's midnight."""
    return MIDNIGHT_MS + minute * MS_PER_MINUTE


def signal(
    minute: int,
    decision: Any = "none",
    *,
    open: Any = None,  # noqa: A002 - a candle's word
    low: Any = None,
    close: Any = 100,
    pair: str = "BTC/USD",
    trades: int = 10,
    quality: Any = "complete",
    account: str = "paper",
    expiry_seconds: int = 300,
    high: Any = None,
    **exits: Any,
) -> Signal:
    """Return the signal of a minute; its candle's open is the close unless given."""
    first, last = Decimal(str(close if open is None else open)), Decimal(str(close))
    lowest = min(first, last) if low is None else Decimal(str(low))
    direction: Any = {"buy": 1, "sell": -1, "none": 0}[decision]
    return Signal(
        account=account,
        exchange="kraken",
        pair=pair,
        interval_s=60,
        window_start_ms=minute_ms(minute),
        decision=decision,
        reason="confident" if direction else "no_direction",
        direction=direction,
        probability_up=0.5,
        confidence=0.5,
        expires_at_ms=minute_ms(minute + 1) + expiry_seconds * 1_000,
        model_name="direction",
        model_version=3,
        prediction_id=f"kraken:{pair}:60:{minute_ms(minute)}:direction:3",
        mark_open=decimal_string(first),
        mark_high=decimal_string(max(first, last) if high is None else Decimal(str(high))),
        mark_low=decimal_string(lowest),
        mark_close=decimal_string(last),
        mark_trade_count=trades,
        mark_quality=quality,
        **exits,
    )


def mark(of_signal: Signal) -> CandleMark:
    """Return the candle of a signal as it leaves before the decision."""
    return CandleMark(**{name: getattr(of_signal, name) for name in CandleMark.model_fields if name != "type"})


def account(*pairs: str, **fields: Any) -> Account:
    """Return the account `paper`, on BTC/USD if no pair is named."""
    return Account(name="paper", pairs=pairs or ("BTC/USD",), **fields)


def of(kind: type[Message], messages: list[Message]) -> list[Any]:
    """Return the messages of one class."""
    return [message for message in messages if isinstance(message, kind)]


def told(messages: list[Message]) -> list[tuple[str, bytes]]:
    """Return what readers get, byte for byte."""
    return [(message.schema_name, message.to_json()) for message in messages]
