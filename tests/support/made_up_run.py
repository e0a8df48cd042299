"""A small run as messages: prices that wander, a model that guesses, an account that trades on it."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.support.writes_log import put

from contracts.candle import Candle
from contracts.feature_row import FeatureRow
from contracts.fill import Fill
from contracts.message import Message
from contracts.order import Order
from contracts.pnl import Pnl
from contracts.position import Position
from contracts.prediction import Prediction
from contracts.risk_alert import RiskAlert
from contracts.signal import Signal
from contracts.topics import topic
from contracts.trade_frame import TradeFrame
from contracts.units import MS_PER_MINUTE, decimal_string
from features import feature_set, feature_set_id

START_MS = 1_772_582_400_000
PAIRS = ("BTC/USD", "ETH/USD")
TRADES_PER_MINUTE = 3


def text(value: float) -> str:
    """Return a float as an exact decimal with four places."""
    return decimal_string(Decimal(str(round(value, 4))))


def write_run(folder: Path, minutes: int = 40, pairs: Sequence[str] = PAIRS) -> None:
    """Write a whole run to the log in `folder`."""
    for name, messages in _by_topic(minutes, pairs).items():
        put(folder, topic(name), messages)


def messages(minutes: int = 40, pairs: Sequence[str] = PAIRS) -> list[Message]:
    """Return all messages of the run."""
    return [message for each in _by_topic(minutes, pairs).values() for message in each]


def _by_topic(minutes: int, pairs: Sequence[str]) -> dict[str, list[Message]]:
    by_topic: dict[str, list[Message]] = defaultdict(list)
    rng = random.Random(3)
    prices = dict.fromkeys(pairs, 100.0)
    for minute in range(minutes):
        for pair in pairs:
            before = prices[pair]
            prices[pair] *= 1 + rng.gauss(0, 0.002)
            for name, message in _of_minute(pair, minute, before, prices[pair], rng.uniform(0.2, 0.8)):
                by_topic[name].append(message)
        by_topic["pnl"].append(_books(minute, 10_000 + minute * rng.uniform(-1, 2)))
    alert = RiskAlert(
        account="demo",
        rule="EXPOSURE",
        severity="WARNING",
        pair=None,
        value="9",
        limit="10",
        message="exposure is near its limit",
        time_ms=START_MS,
    )
    by_topic["risk-alerts"].append(alert)
    return by_topic


def _of_minute(pair: str, minute: int, before: float, after: float, up: float) -> list[tuple[str, Message]]:
    start_ms = START_MS + minute * MS_PER_MINUTE
    window: dict[str, Any] = {"exchange": "simulator", "pair": pair, "interval_s": 60, "window_start_ms": start_ms}
    ohlc = {
        "open": text(before),
        "high": text(max(before, after)),
        "low": text(min(before, after)),
        "close": text(after),
    }
    first_id = 1 + minute * TRADES_PER_MINUTE
    ids = list(range(first_id, first_id + TRADES_PER_MINUTE))
    bar: dict[str, Any] = {
        **window,
        **ohlc,
        "volume": "3",
        "trade_count": TRADES_PER_MINUTE,
        "first_trade_id": ids[0],
        "last_trade_id": ids[-1],
        "quality": "complete",
        "revision": 0,
    }
    mark: dict[str, Any] = {
        **{f"mark_{name}": value for name, value in ohlc.items()},
        "mark_trade_count": 3,
        "mark_quality": "complete",
    }
    direction = 1 if up > 0.5 else -1
    opinion: dict[str, Any] = {"probability_up": up, "confidence": max(up, 1 - up), "direction": direction}
    prediction = Prediction(
        **window,
        **opinion,
        **mark,
        model_name="direction",
        model_version=1,
        feature_set=feature_set_id(),
        horizon_bars=5,
        reason="ok",
    )
    signal = Signal(
        **window,
        **opinion,
        **mark,
        account="demo",
        decision="buy" if up > 0.7 else "none",
        model_version=1,
        reason="confident" if up > 0.7 else "below_confidence",
        expires_at_ms=start_ms + 360_000,
        model_name="direction",
        prediction_id=prediction.message_id,
    )
    frame = TradeFrame(
        exchange="simulator",
        pair=pair,
        consecutive_ids=True,
        trade_ids=ids,
        prices=[text(after)] * 3,
        timestamps_us=[(start_ms + i) * 1_000 for i in range(3)],
        quantities=["1"] * 3,
        sides=["buy"] * 3,
    )
    row = FeatureRow(
        **bar,
        feature_set=feature_set_id(),
        **{each.name: after if minute > 10 else None for each in feature_set("core")},
    )
    found: list[tuple[str, Message]] = [
        ("trades", frame),
        ("candles", Candle(**bar, quote_volume="300", taker_buy_volume="3")),
        ("technical_indicators", row),
        ("predictions", prediction),
        ("signals", signal),
    ]
    return found + (_traded(signal, after) if signal.decision == "buy" else [])


def _traded(signal: Signal, price: float) -> list[tuple[str, Message]]:
    name: dict[str, Any] = {"account": "demo", "exchange": "simulator", "pair": signal.pair}
    at_ms = signal.window_end_ms
    ids: dict[str, Any] = {"order_id": f"o-{signal.message_id}", "signal_id": signal.message_id}
    order = Order(
        **name,
        **ids,
        step=2,
        side="buy",
        order_type="market",
        quantity="1",
        filled_quantity="1",
        status="FILLED",
        reason=None,
        decided_at_ms=at_ms,
        updated_at_ms=at_ms,
    )
    fill = Fill(
        **name,
        **ids,
        fill_id=f"{order.order_id}:1",
        execution_id="1",
        side="buy",
        quantity="1",
        reference_price=text(price),
        price=text(price),
        fee_quote="0.4",
        realised_pnl_quote="0",
        candle_window_start_ms=at_ms,
        filled_at_ms=at_ms,
        model_name="direction",
        model_version=1,
    )
    position = Position(
        **name,
        fill_id=fill.fill_id,
        action="OPENED",
        quantity="1",
        average_price=text(price),
        cost_quote=text(price),
        realised_pnl_quote="0",
        fees_quote="0.4",
        updated_at_ms=at_ms,
    )
    return [("orders", order), ("fills", fill), ("positions", position)]


def _books(minute: int, equity: float) -> Pnl:
    return Pnl(
        account="demo",
        time_ms=START_MS + (minute + 1) * MS_PER_MINUTE,
        balance="9990",
        equity=text(equity),
        realised_quote="0",
        unrealised_quote="0",
        fees_quote="10",
        exposure_quote="0",
        drawdown_quote="0",
        daily_loss_quote="0",
        trading_state="ACTIVE",
    )
